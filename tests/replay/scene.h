/* A scene: a few actors and a host that do random things to each other, drawn from one seed as
 * the schedule is, in a system without threads and with a virtual clock. What happens goes into a
 * record, which a model judges afterwards (tests/replay/model.h). */
#ifndef TRP_TESTS_REPLAY_SCENE_H
#define TRP_TESTS_REPLAY_SCENE_H

#include "tests/test.h"

#include <troupe/actor.h>
#include <troupe/system.h>

#include "actors/base/clock.h"
#include "actors/points.h"
#include "actors/replay.h"
#include "tests/replay/record.h"

#define PLAYERS 8
#define NAMES 3
#define HELD 8       /* of each kind of thing that a player remembers */
#define MESSAGES 512 /* in one scene */
#define OLD_PIDS 16

typedef enum fault_class {
  FAULT_NONE,
  FAULT_ALLOCATION, /* one allocation fails, or some in a row */
  FAULT_KILL,       /* an actor is killed at the k-th operation on a ledger, and at others */
  FAULT_CLASSES
} fault_class;

typedef struct scene scene;

typedef struct held { /* something a player can name later */
  uint64_t id;
  uint32_t msg;
} held;

typedef struct player { /* lives over all generations, and incarnations, of its actor */
  scene *s;
  uint64_t pid; /* of the present incarnation */
  bool alive;   /* between spawn and arg_free */
  bool blocked;
  uint64_t waits_for; /* what has to end before it handles anything else; 0: nothing */
  uint32_t in_hand;   /* the message that is being handled */
  uint64_t start_timer, stop_timer; /* that end a pending init and stop */
  held monitors[HELD], timers[HELD], kept[HELD];
  troupe_child *children[HELD]; /* present */
  troupe_child *exited[HELD];   /* those that wait for an answer */
  trp_points points;            /* of its ledger */
} player;

struct scene {
  troupe_system *sys;
  trp_virtual_clock now;
  faulty memory;
  long fail_more; /* FAULT_ALLOCATION: so many calls for more memory fail after the first */
  trp_replay replay;
  record *rec;
  player players[PLAYERS];
  uint64_t old[OLD_PIDS]; /* of actors that are gone */
  unsigned olds;
  uint32_t messages; /* numbers given out */
  int budget;        /* operations left */
  fault_class fault;
  long kill_at; /* FAULT_KILL: operations on ledgers to go */
};

typedef struct outcome {
  uint64_t hash;
  troupe_stats stats;
  bool failed_start; /* there was no memory for a system at all */
  bool stopped;
  bool clean; /* all memory was given back, with its right sizes */
} outcome;

/* Plays one scene. The record is cleared first. */
void scene_play(uint64_t seed, fault_class fault, record *rec, outcome *out);

/* For players. */
uint64_t scene_draw(scene *s, uint64_t n); /* below n */
bool scene_one_in(scene *s, uint64_t n);
void scene_note(scene *s, event e);
uint64_t scene_somebody(scene *s); /* a pid, perhaps of an actor that is gone */
void scene_pass(scene *s, uint64_t ns);
/* Spawns a player that is free, if there is one; parent NULL: at top level. */
void scene_spawn(scene *s, troupe_actor *parent);
void scene_look_up(scene *s, uint64_t who);
/* Stops or kills somebody. */
void scene_command(scene *s, uint64_t who, bool kill);

extern const troupe_behavior player_behavior;

#endif
