/* Actor references, as scripts hold them: a pid with rights, and perhaps options of `with`. They
 * cannot be made from numbers or names; they travel in messages with their rights.
 *
 * Thread: owner, inside the frame. */
#ifndef TRP_SCRIPTING_REF_H
#define TRP_SCRIPTING_REF_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include <troupe/actor.h>

enum {
  TRP_RIGHT_TELL = 1,
  TRP_RIGHT_ASK = 2,
  TRP_RIGHT_MONITOR = 4,
  TRP_RIGHT_STOP = 8, /* stop, kill */
  TRP_RIGHTS_COMMON = TRP_RIGHT_TELL | TRP_RIGHT_ASK | TRP_RIGHT_MONITOR,
  TRP_RIGHTS_ALL = 15
};

typedef struct trp_ref {
  troupe_pid pid;
  uint8_t rights;
  bool has_options;
  uint32_t timeout_ms; /* of asks; 0: the default */
  uint32_t wait_ms;    /* at a full mailbox */
  troupe_priority priority;
} trp_ref;

/* Creates the metatables; when the state is made. */
void trp_ref_open(lua_State *L);

/* Pushes the ref of pid with these rights: while one lives it is the same object, so that refs are
 * good keys of tables. pid 0: nil. */
void trp_ref_push(lua_State *L, troupe_pid pid, uint8_t rights);

/* The ref at idx, or NULL when it is something else. */
const trp_ref *trp_ref_test(lua_State *L, int idx);

/* Pushes what a send has come to: true, or false and the code. Returns how many values. */
int trp_ref_push_sent(lua_State *L, int err);
/* The same when a wait for room has ended: a continuation. */
int trp_ref_sent_parked(lua_State *L, int status, lua_KContext ctx);

/* Pushes the object of a monitor that watches the actor of the ref at idx. */
void trp_ref_push_monitor(lua_State *L, int idx, uint64_t monitor_id);

/* Ends the monitor whose object is at idx; nil is fine. Returns whether it was still active. */
bool trp_ref_forget_monitor(lua_State *L, int idx);

/* Writes "ref<slot.serial>" into a buffer of at least TRP_REF_TEXT bytes. */
enum { TRP_REF_TEXT = 32 };
void trp_ref_text(troupe_pid pid, char *out);

#endif
