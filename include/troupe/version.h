/* The version of the headers, and of the library that was linked. */
#ifndef TROUPE_VERSION_H
#define TROUPE_VERSION_H

#include <stddef.h>

#include <troupe/types.h>

#define TROUPE_VERSION_MAJOR 0
#define TROUPE_VERSION_MINOR 1
#define TROUPE_VERSION_PATCH 0
#define TROUPE_VERSION_STRING "0.1.0"

/* The version of the linked library, "major.minor.patch". A constant. Thread: any. */
TROUPE_API const char *troupe_version(void);

/* Writes one line "name version\n" each for Troupe, Lua, libuv and msgpack-c, NUL-terminated and
 * cut to size. Returns the length it has uncut, as snprintf. Thread: any. */
TROUPE_API size_t troupe_versions(char *out, size_t size);

#endif
