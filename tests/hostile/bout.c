/* One attack in the ring: its parent, and what is made of its end. */
#include "tests/hostile/ring.h"

#include <troupe/grants.h>
#include <troupe/script.h>

#include "scripting/script.h"

/* ---- the parent ---------------------------------------------------------------------------- */

static void end(bout *b, troupe_exit_class class_, const char *reason) {
  b->ended_us = ring_now_us();
  b->ended_cpu_us = ring_cpu_us();
  b->class_ = class_;
  snprintf(b->reason, sizeof b->reason, "%s", reason ? reason : "");
}

static int parent_init(troupe_actor *self, void *arg) {
  bout *b = arg;
  troupe_pid pid;
  troupe_actor_set_state(self, b);
  int err = troupe_actor_spawn(self, &b->opts, &pid, NULL);
  if (err) {
    end(b, TROUPE_EXIT_NOPROC, troupe_strerror(err));
    atomic_store(&b->gone, true);
    return err;
  }
  atomic_store(&b->pid, pid.id);
  return TROUPE_OK;
}

static int parent_receive(troupe_actor *self, const troupe_message *m) {
  (void)self, (void)m;
  return TROUPE_OK;
}

static void parent_child(troupe_actor *self, troupe_child *child, troupe_child_event event) {
  bout *b = troupe_actor_state(self);
  if (event == TROUPE_CHILD_EXITED) {
    const troupe_exit *why = troupe_child_reason(child);
    end(b, why->class_, why->reason);
    troupe_child_release(self, child);
  } else if (event == TROUPE_CHILD_GONE) {
    troupe_actor_exit(self, TROUPE_EXIT_NORMAL, 0, NULL, NULL);
    atomic_store(&b->gone, true);
  }
}

static const troupe_behavior parent = {.size = sizeof parent,
                                       .name = "parent",
                                       .init = parent_init,
                                       .receive = parent_receive,
                                       .child = parent_child};

/* ---- starting and ending ------------------------------------------------------------------- */

static troupe_grants *grants_of(const ring *r, const attack *a) {
  troupe_grants *g;
  assert_int_equal(troupe_grants_new(&g, NULL), TROUPE_OK);
  if (a->spawn) assert_int_equal(troupe_grants_set_spawn(g, a->spawn), TROUPE_OK);
  if (strcmp(a->names, "*") == 0)
    assert_int_equal(troupe_grants_add_all_names(g), TROUPE_OK);
  else if (a->names[0])
    assert_int_equal(troupe_grants_add_name(g, a->names), TROUPE_OK);
  if (a->tools[0]) assert_int_equal(troupe_grants_add_tool(g, a->tools), TROUPE_OK);
  if (a->fs_read) assert_int_equal(troupe_grants_add_fs(g, r->folder, a->fs_write), TROUPE_OK);
  troupe_grants_seal(g);
  return g;
}

/* The argument of every attack: { dir = the folder }, as msgpack. */
static size_t arguments(const ring *r, unsigned char *out) {
  static const unsigned char head[] = {0x81, 0xa3, 'd', 'i', 'r', 0xd9};
  size_t len = strlen(r->folder);
  memcpy(out, head, sizeof head);
  out[sizeof head] = (unsigned char)len;
  memcpy(out + sizeof head + 1, r->folder, len);
  return sizeof head + 1 + len;
}

void bout_start(ring *r, bout *b, const attack *a) {
  unsigned char args[96];
  char msg[256] = "";
  troupe_script script = TROUPE_SCRIPT_INIT;
  *b = (bout){.attack = a};
  script.source = a->source;
  script.source_len = a->source_len;
  script.chunk_name = a->name;
  script.args = args;
  script.args_len = arguments(r, args);
  script.limits = a->limits;
  script.shutdown_ms = a->shutdown_ms;
  script.init_timeout_ms = a->init_timeout_ms;
  script.mailbox_messages = a->mailbox_messages;
  script.grants = grants_of(r, a);
  script.root = r->folder;
  int err = trp_script_spawn_opts(r->sys, &script, &b->opts, msg, sizeof msg);
  troupe_grants_unref(script.grants);
  if (err) print_error("%s: %s\n", a->name, msg);
  assert_int_equal(err, TROUPE_OK);

  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  troupe_pid pid;
  o.behavior = &parent;
  o.arg = b;
  b->began_us = ring_now_us();
  b->began_cpu_us = ring_cpu_us();
  assert_int_equal(troupe_spawn(r->sys, &pid, &o), TROUPE_OK);
}

bool bout_wait(const bout *b, uint64_t ms) {
  uint64_t end_us = ring_now_us() + ms * 1000;
  while (!atomic_load(&b->gone) && ring_now_us() < end_us)
    ring_nap();
  return atomic_load(&b->gone);
}

/* The attack's pid, once its parent has started it. */
static troupe_pid pid_of(const bout *b) {
  for (int i = 0; i < 20000 && !atomic_load(&b->pid) && !atomic_load(&b->gone); i++)
    ring_nap();
  return (troupe_pid){atomic_load(&b->pid)};
}

void bout_stop(ring *r, bout *b) {
  b->stopped = true;
  (void)troupe_stop(r->sys, pid_of(b)); /* it may have ended just now */
}

void bout_kill(ring *r, bout *b) {
  b->killed = true;
  (void)troupe_kill(r->sys, pid_of(b)); /* likewise */
}

/* ---- judging ------------------------------------------------------------------------------- */

bool bout_judge(const bout *b, char *why, size_t why_len) {
  const attack *a = b->attack;
  uint32_t allowed = a->allowed;
  *why = 0;
  if (!atomic_load(&b->gone)) {
    snprintf(why, why_len, "it has not ended");
    return false;
  }
  if (b->killed) allowed |= 1u << TROUPE_EXIT_KILLED;
  if (b->stopped) allowed |= 1u << TROUPE_EXIT_SHUTDOWN;
  if (!(allowed & 1u << b->class_)) {
    snprintf(why, why_len, "ended as %s: %s", troupe_exit_class_name(b->class_), b->reason);
    return false;
  }
  if (b->stopped && !a->survives) {
    snprintf(why, why_len, "it went on until it was stopped");
    return false;
  }
  if (strstr(b->reason, RING_SECRET)) {
    snprintf(why, why_len, "it knows the secret: %s", b->reason);
    return false;
  }
  if (!b->killed && !b->stopped && !strstr(b->reason, a->expect)) {
    snprintf(why, why_len, "the reason does not say '%s': %s", a->expect, b->reason);
    return false;
  }
  return true;
}
