/* How much memory this process may use, as the machine and its control groups say.
 *
 * Thread: any. Reads files. */
#ifndef TRP_BASE_MACHINE_H
#define TRP_BASE_MACHINE_H

#include <stdint.h>

/* The machine's memory, in bytes, cut down to the limit of the process's control group and of those
 * above it, version 1 or 2. 0: unknown. */
uint64_t trp_machine_memory(void);

/* The least limit of the control group that `root`/proc/self/cgroup names and of the groups above
 * it; UINT64_MAX: there is none. */
uint64_t trp_machine_cgroup_memory(const char *root);

#endif
