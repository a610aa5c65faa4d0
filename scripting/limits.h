/* The limits of a script, in one table: what app.lua, `spawn` and C may set, the defaults, and how
 * a child's are held against its parent's.
 *
 * A limit is inherited and only ever narrowed: a child that says nothing has the lesser of the
 * default and its parent's own; one that asks for more than its parent has is refused.
 *
 * Thread: any; pure. */
#ifndef TRP_SCRIPTING_LIMITS_H
#define TRP_SCRIPTING_LIMITS_H

#include <troupe/script.h>

#define TRP_SUBTREE_UNBOUND (UINT64_C(1) << 40) /* no account is kept for it */

/* X(field, default, least, most): the range is the operator's. Below 64 KiB of heap not even the
 * sandbox fits. The units are in the names. */
#define TRP_LIMIT_MAP(X)                                                                           \
  X(memory_bytes, UINT64_C(50) << 20, UINT64_C(64) << 10, UINT64_C(1) << 40)                       \
  X(subtree_memory_bytes, TRP_SUBTREE_UNBOUND, UINT64_C(64) << 10, TRP_SUBTREE_UNBOUND)            \
  X(message_bytes, UINT64_C(1) << 20, 1, INT32_MAX)                                                \
  X(cpu_ms_per_message, 5000, 1, INT32_MAX)                                                        \
  X(log_bytes_per_s, UINT64_C(64) << 10, 1, INT32_MAX)

/* Fills in the defaults: no zeros are left.
 *   parent   of the spawning actor, complete; or NULL at the top
 *   system_max_message_bytes   caps message_bytes, whoever asks */
void trp_limits_complete(troupe_script_limits *limits, const troupe_script_limits *parent,
                         uint64_t system_max_message_bytes);

/* The name of a limit that is wider than the parent's, or NULL. Zeros ask for nothing. */
const char *trp_limits_wider(const troupe_script_limits *limits,
                             const troupe_script_limits *parent);

#endif
