#include "tests/replay/scene.h"

#include "actors/system.h"

#define MAX_ACTORS 64
#define IDLE_STEPS 100000 /* without time passing: more is for ever */

/* ---- drawing and noting -------------------------------------------------------------------- */

uint64_t scene_draw(scene *s, uint64_t n) { return trp_rand_below(&s->replay.rand, n); }
bool scene_one_in(scene *s, uint64_t n) { return scene_draw(s, n) == 0; }

static uint64_t scene_clock(void *ctx) { return atomic_load(&((scene *)ctx)->now.ns); }

void scene_note(scene *s, event e) {
  e.at_ns = scene_clock(s);
  record_add(s->rec, &e);
}

/* The kernel's own events. */
static void hear(void *ctx, const trp_event *e, const trp_msg *m) {
  scene *s = ctx;
  uint64_t number = 0;
  if (m && m->size >= sizeof number) memcpy(&number, trp_msg_payload(m), sizeof number);
  record_add(s->rec, &(event){.type = (int)e->type,
                              .msg = (uint32_t)number,
                              .at_ns = e->at_ns,
                              .who = e->who.id,
                              .with = e->with.id,
                              .id = e->id,
                              .code = e->code});
}

void scene_pass(scene *s, uint64_t ns) { trp_virtual_clock_advance(&s->now, ns); }

uint64_t scene_somebody(scene *s) {
  if (s->olds && scene_one_in(s, 16)) return s->old[scene_draw(s, s->olds)];
  size_t first = scene_draw(s, 2) ? 0 : scene_draw(s, PLAYERS); /* the first one is popular */
  for (size_t i = 0; i < PLAYERS; i++) {
    const player *p = &s->players[(first + i) % PLAYERS];
    if (p->alive && p->pid) return p->pid;
  }
  return 0;
}

/* FAULT_ALLOCATION: one failure is often the first of several. */
static void *scarce(void *ctx, void *p, size_t old_size, size_t new_size) {
  scene *s = ctx;
  bool fails = s->memory.calls + 1 == s->memory.fail_at;
  void *block = s->memory.allocator.realloc(&s->memory, p, old_size, new_size);
  if (fails && new_size > old_size && s->fail_more-- > 0) s->memory.fail_at++;
  return block;
}

/* ---- what the host does, and players too --------------------------------------------------- */

static const char *const names[NAMES] = {"ada", "bob", "cyd"};

static void player_freed(void *arg) {
  player *p = arg;
  p->alive = false;
  if (!p->pid) return; /* the spawn has failed */
  scene_note(p->s, (event){.type = SCENE_FREED, .who = p->pid});
  p->s->old[p->s->olds < OLD_PIDS ? p->s->olds++ : scene_draw(p->s, OLD_PIDS)] = p->pid;
}

void scene_spawn(scene *s, troupe_actor *parent) {
  player *p = NULL;
  for (size_t i = 0; i < PLAYERS && !p; i++)
    if (!s->players[i].alive) p = &s->players[i];
  if (!p) return;
  *p = (player){.s = s, .alive = true};
  uint64_t name = scene_draw(s, UINT64_C(2) * NAMES);
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  o.behavior = &player_behavior;
  o.arg = p;
  o.arg_free = player_freed;
  o.name = name < NAMES ? names[name] : NULL;
  o.mailbox_messages = scene_draw(s, 4) ? 1 + (uint32_t)scene_draw(s, 5) : 1000;
  o.overflow = scene_draw(s, 2) ? TROUPE_OVERFLOW_WAIT : (troupe_overflow)scene_draw(s, 5);
  o.init_timeout_ms = 1 + (uint32_t)scene_draw(s, 200);
  o.shutdown_ms = 1 + (uint32_t)scene_draw(s, 100);
  troupe_pid pid = {0};
  troupe_child *child = NULL;
  int rc = parent ? troupe_actor_spawn(parent, &o, &pid, &child) : troupe_spawn(s->sys, &pid, &o);
  p->pid = pid.id;
  player *by = parent ? troupe_actor_state(parent) : NULL;
  scene_note(s, (event){.type = SCENE_SPAWN,
                        .who = by ? by->pid : 0,
                        .with = pid.id,
                        .code = rc,
                        .id = (uint64_t)o.init_timeout_ms << 32 | o.shutdown_ms,
                        .a = o.mailbox_messages,
                        .b = o.name ? trp_replay_name(o.name) : 0,
                        .msg = (uint32_t)o.overflow});
  for (size_t i = 0; by && child && i < HELD; i++) {
    if (by->children[i]) continue;
    by->children[i] = child;
    return;
  }
}

void scene_look_up(scene *s, uint64_t who) {
  const char *name = names[scene_draw(s, NAMES)];
  scene_note(s, (event){.type = SCENE_WHEREIS,
                        .who = who,
                        .id = trp_replay_name(name),
                        .with = troupe_whereis(s->sys, name).id});
}

void scene_command(scene *s, uint64_t who, bool kill) {
  troupe_pid to = {scene_somebody(s)};
  int rc = kill ? troupe_kill(s->sys, to) : troupe_stop(s->sys, to);
  scene_note(
      s, (event){.type = kill ? SCENE_KILL : SCENE_STOP, .who = who, .with = to.id, .code = rc});
}

static void host_tell(scene *s) {
  uint64_t to = scene_somebody(s), number = ++s->messages;
  scene_note(s, (event){.type = SCENE_TELL, .with = to, .msg = (uint32_t)number});
  int rc = troupe_tell(s->sys, (troupe_pid){to}, "t", &number, sizeof number);
  scene_note(s, (event){.type = SCENE_TOLD, .with = to, .msg = (uint32_t)number, .code = rc});
}

static scene *the_scene; /* for answers, which know only their number */

static void answered(void *ctx, const troupe_event *e) {
  uint64_t reply = 0;
  if (e->len >= sizeof reply) memcpy(&reply, e->data, sizeof reply);
  scene_note(
      the_scene,
      (event){.type = SCENE_ANSWER, .msg = (uint32_t)(uintptr_t)ctx, .code = e->code, .a = reply});
}

static void host_ask(scene *s) {
  uint64_t to = scene_somebody(s), number = ++s->messages;
  troupe_ask_opts o = {.size = sizeof o, .timeout_ms = 1 + (uint32_t)scene_draw(s, 200)};
  the_scene = s;
  int rc = troupe_ask(s->sys, (troupe_pid){to}, &o, "a", &number, sizeof number, answered,
                      (void *)(uintptr_t)number); /* NOLINT(performance-no-int-to-ptr): a number */
  scene_note(s, (event){.type = SCENE_HOST_ASK,
                        .with = to,
                        .msg = (uint32_t)number,
                        .code = rc,
                        .b = o.timeout_ms});
}

static void host_acts(scene *s) {
  switch (scene_draw(s, 24)) {
  case 0:
    scene_command(s, 0, false);
    break;
  case 1:
    scene_command(s, 0, true);
    break;
  case 2:
    scene_look_up(s, 0);
    break;
  case 5:
  case 6:
  case 7:
    host_ask(s);
    break;
  case 3:
  case 4:
    scene_spawn(s, NULL);
    break;
  default:
    host_tell(s);
    break;
  }
}

/* ---- the play ------------------------------------------------------------------------------ */

/* Runs until nothing is runnable and no timer is due. */
static void settle(scene *s) {
  for (int n = 0; n < IDLE_STEPS; n++) {
    if (troupe_system_step(s->sys, 0) || troupe_system_next_ms(s->sys) == 0) continue;
    scene_note(s, (event){.type = SCENE_IDLE});
    return;
  }
  scene_note(s, (event){.type = SCENE_STUCK});
}

/* Time passes: to the next timer, just before it, or as it likes. */
static void pass_time(scene *s) {
  int64_t next_ms = troupe_system_next_ms(s->sys);
  uint64_t next_ns = next_ms < 0 ? 0 : (uint64_t)next_ms * TRP_NS_PER_MS;
  switch (scene_draw(s, 4)) {
  case 0:
    scene_pass(s, next_ns);
    break;
  case 1:
    scene_pass(s, next_ns ? next_ns - 1 : 0);
    break;
  case 2:
    scene_pass(s, scene_draw(s, 10 * TRP_NS_PER_MS));
    break;
  default:
    scene_pass(s, scene_draw(s, 300) * TRP_NS_PER_MS);
    break;
  }
}

static void play(scene *s) {
  for (uint64_t n = 3 + scene_draw(s, PLAYERS - 2); n > 0; n--)
    scene_spawn(s, NULL);
  while (s->budget > 0) {
    switch (scene_draw(s, 16)) {
    case 0:
      pass_time(s);
      break;
    case 1:
      settle(s);
      break;
    case 2:
    case 3:
      s->budget--;
      host_acts(s);
      break;
    default:
      troupe_system_step(s->sys, 0);
      break;
    }
  }
  settle(s);
  for (int n = 0; n < 4; n++) { /* asks end, timers come */
    scene_pass(s, 100 * TRP_NS_PER_MS);
    settle(s);
  }
}

/* The host's clock stands still while the system stops: what has not stopped then is killed. */
static void stop(scene *s, outcome *out) {
  scene_note(s, (event){.type = SCENE_SYSTEM_STOP});
  int rc = troupe_system_stop(s->sys, 0);
  out->stopped = rc == TROUPE_OK || rc == TROUPE_E_EXPIRED;
  troupe_system_stats(s->sys, &out->stats);
  if (out->stopped) troupe_system_free(s->sys);
}

static void no_log(void *ctx, troupe_log_level level, const char *line, size_t len) {
  (void)ctx, (void)level, (void)line, (void)len;
}

void scene_play(uint64_t seed, fault_class fault, record *rec, outcome *out) {
  static scene s; /* one at a time */
  memset(&s, 0, sizeof s);
  record_clear(rec);
  *out = (outcome){0};
  s.rec = rec;
  s.fault = fault;
  trp_replay_init(&s.replay, seed);
  s.replay.on_event = hear;
  s.replay.ctx = &s;
  s.budget = 10 + (int)scene_draw(&s, 51);
  atomic_store(&s.now.ns, TRP_NS_PER_S);
  long at = (long)scene_draw(&s, 400) + 1;
  faulty_init(&s.memory, fault == FAULT_ALLOCATION ? at : 0);
  s.fail_more = scene_draw(&s, 2) ? 0 : (long)scene_draw(&s, 20);
  s.kill_at = at;
  for (size_t i = 0; i < PLAYERS; i++)
    s.players[i].s = &s;
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = 0;
  cfg.seed = 1;
  const troupe_allocator memory = {.realloc = scarce, .ctx = &s};
  cfg.allocator = &memory;
  cfg.clock = scene_clock;
  cfg.clock_ctx = &s;
  cfg.log = no_log;
  cfg.max_actors = MAX_ACTORS;
  cfg.memory_bytes = UINT64_C(1) << 30;
  out->failed_start = troupe_system_start(&s.sys, &cfg) != TROUPE_OK;
  if (!out->failed_start) {
    trp_replay_attach(s.sys, &s.replay);
    play(&s);
    stop(&s, out);
  }
  out->hash = s.replay.hash;
  out->clean = s.memory.live_blocks == 0 && s.memory.live_bytes == 0 && s.memory.mismatches == 0;
}
