/* Thread roles, checked by clang at compile time (-Wthread-safety); gcc ignores them.
 *
 *   loop    the libuv thread of a system
 *   owner   the worker that runs this actor now
 *   any     any thread
 *
 * Only the loop role is a capability. The others are named in comments. */
#ifndef TRP_BASE_THREAD_H
#define TRP_BASE_THREAD_H

#if defined(__clang__)
#  define TRP_TSA(x) __attribute__((x))
#else
#  define TRP_TSA(x)
#endif

typedef struct TRP_TSA(capability("thread")) trp_thread {
  int unused;
} trp_thread;

/* A name for the role, not a thread: each system has its own loop. Never defined, because never
 * used at run time. */
extern trp_thread trp_loop_thread;

/* Marks a function that only the loop thread may call. */
#define TRP_ON_LOOP TRP_TSA(requires_capability(trp_loop_thread))

/* Marks a function that checks at run time that it is called on the loop thread. */
#define TRP_ASSERTS_ON_LOOP TRP_TSA(assert_capability(trp_loop_thread))

/* 1 in builds with the thread sanitizer. */
#if defined(__SANITIZE_THREAD__)
#  define TRP_UNDER_TSAN 1
#elif defined(__has_feature)
#  if __has_feature(thread_sanitizer)
#    define TRP_UNDER_TSAN 1
#  endif
#endif
#ifndef TRP_UNDER_TSAN
#  define TRP_UNDER_TSAN 0
#endif

#endif
