/* Is it text? Thread: any. */
#ifndef TRP_TOOLS_BUILTIN_UTF8_H
#define TRP_TOOLS_BUILTIN_UTF8_H

#include <stddef.h>

/* The place of the first byte that does not belong to valid UTF-8 (no overlong forms, no
 * surrogates, nothing over U+10FFFF; an incomplete end counts); len when there is none. */
size_t trp_utf8_valid(const void *data, size_t len);

#endif
