/* Points at which a test can get between an actor's steps, in builds with TROUPE_ASSERTS only: both
 * ends of each outermost native half, where the actor can be left, and each operation on its
 * ledger. Other builds have none of this. */
#ifndef TRP_ACTORS_POINTS_H
#define TRP_ACTORS_POINTS_H

typedef enum trp_point {
  TRP_POINT_BEGIN,  /* before a native half: may leave the actor by trp_frame_leave */
  TRP_POINT_END,    /* before its end: may ask for that by trp_frame_leave_later */
  TRP_POINT_LEDGER, /* before an item goes on or off: inside a native half, or outside the frame */
} trp_point;

typedef struct trp_points {
  void (*at)(void *ctx, trp_point which);
  void *ctx;
} trp_points;

#if defined(TROUPE_ASSERTS)
#  define TRP_POINT(holder, which)                                                                 \
    do {                                                                                           \
      if ((holder)->points) (holder)->points->at((holder)->points->ctx, (which));                  \
    } while (0)
#else
#  define TRP_POINT(holder, which) ((void)0)
#endif

#endif
