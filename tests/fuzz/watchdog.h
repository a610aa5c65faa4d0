/* Calls a function from a signal handler when an input has used so much processor time, and each
 * time it has used as much again: in a system without threads nothing else ends what has no end.
 * Thread: the one that armed it. */
#ifndef TRP_TESTS_FUZZ_WATCHDOG_H
#define TRP_TESTS_FUZZ_WATCHDOG_H

/* bark may leave the handler by a jump. */
void fuzz_watchdog_arm(unsigned ms, void (*bark)(void *ctx), void *ctx);
void fuzz_watchdog_disarm(void);

#endif
