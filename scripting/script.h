/* What a script's actor is spawned with: source, arguments, limits, grants. It lives as long as its
 * actor, over all generations.
 *
 * Thread: any; immutable once made, but for counters. */
#ifndef TRP_SCRIPTING_SCRIPT_H
#define TRP_SCRIPTING_SCRIPT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <troupe/script.h>

#include "scripting/limits.h"
#include "scripting/quota.h"
#include "scripting/source.h"
#include "tools/grants.h"

typedef struct trp_script {
  _Atomic uint32_t refs;
  troupe_system *sys;
  trp_source *source;
  char *root; /* real path of the folder `require` and `spawn` look in, or NULL */
  size_t root_size;
  uint8_t *args; /* msgpack array of one value */
  size_t args_len;
  trp_limits limits;  /* complete */
  trp_grants *grants; /* or NULL: none */
  trp_quota *quota;   /* its own */
  bool trusted;       /* see scripting/trusted.h */
  bool counted;       /* has taken one spawn from quota->parent and those above */
} trp_script;

/* Makes one from what a host, or an actor's `spawn`, asks for.
 *   parent  the spawning actor's script, or NULL: paths are the host's. With a parent, paths are
 *           relative to its root; one of its spawns is taken until the script is freed. The caller
 * has narrowed the grants. Returns TROUPE_OK with a reference, or as troupe_spawn_script, also
 * TROUPE_E_LIMIT (spawns). */
int trp_script_new(troupe_system *sys, const troupe_script *want, const trp_script *parent,
                   trp_script **out, char *msg, size_t msg_len);
trp_script *trp_script_ref(trp_script *s);
void trp_script_unref(trp_script *s); /* NULL is fine */

/* Compiles it in a state of its own, for its errors only. Never from inside an actor. */
int trp_script_check(const trp_script *s, char *msg, size_t msg_len);

/* Fills in what spawning takes; the script is consumed: opts->arg. */
void trp_script_fill_opts(trp_script *s, const troupe_script *want, troupe_spawn_opts *out);

/* Reads, compiles and fills in what troupe_spawn, troupe_actor_spawn and supervisors take. out->arg
 * is the caller's to give to a spawn, or to out->arg_free. `out->name` is want's.
 * Returns as troupe_spawn_script. */
int trp_script_spawn_opts(troupe_system *sys, const troupe_script *want, troupe_spawn_opts *out,
                          char *msg, size_t msg_len);

/* Reads a file of the actor's own: beneath its root, for `require`. Returns as trp_source_file;
 * UV_ENOENT without a root. */
int trp_script_file(const trp_script *s, const char *path, trp_source **out, char *msg,
                    size_t msg_len);

#endif
