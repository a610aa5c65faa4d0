/* The actors of a scene: in each callback they do a few random things, and note all they do. */
#include "tests/replay/scene.h"

#include "actors/actor.h"

#define NOTE(p, ...) scene_note((p)->s, (event){.who = (p)->pid, __VA_ARGS__})

/* ---- what a player remembers --------------------------------------------------------------- */

static void remember(held *list, uint64_t id, uint32_t msg) {
  for (int i = 0; i < HELD; i++) {
    if (list[i].id) continue;
    list[i] = (held){id, msg};
    return;
  }
}

static void forget(held *list, uint64_t id) {
  if (!id) return;
  for (int i = 0; i < HELD; i++)
    if (list[i].id == id) list[i] = (held){0};
}

/* One of those remembered, or one of nothing. */
static held any(player *p, const held *list) {
  size_t first = scene_draw(p->s, HELD);
  for (size_t i = 0; i < HELD; i++)
    if (list[(first + i) % HELD].id) return list[(first + i) % HELD];
  return (held){0};
}

static bool remember_child(troupe_child **list, troupe_child *c) {
  for (int i = 0; i < HELD; i++) {
    if (list[i]) continue;
    list[i] = c;
    return true;
  }
  return false;
}

static bool forget_child(troupe_child **list, const troupe_child *c) {
  for (int i = 0; i < HELD; i++) {
    if (list[i] != c) continue;
    list[i] = NULL;
    return true;
  }
  return false;
}

static troupe_child *any_child(player *p, troupe_child **list) {
  size_t first = scene_draw(p->s, HELD);
  for (size_t i = 0; i < HELD; i++)
    if (list[(first + i) % HELD]) return list[(first + i) % HELD];
  return NULL;
}

/* ---- operations ---------------------------------------------------------------------------- */

static uint32_t number_of(const void *data, size_t len) {
  uint64_t number = 0;
  if (len >= sizeof number) memcpy(&number, data, sizeof number);
  return (uint32_t)number;
}

static void block(player *p, troupe_actor *a, bool blocked) {
  p->blocked = blocked;
  NOTE(p, .type = SCENE_BLOCK, .code = blocked);
  troupe_actor_block(a, blocked);
}

/* How a message goes: for how long it may wait, and who waits with it. */
static troupe_send_opts send_opts(player *p) {
  troupe_send_opts o = {.size = sizeof o, .timeout_ms = 1 + (uint32_t)scene_draw(p->s, 200)};
  if (scene_one_in(p->s, 8)) o.timeout_ms = TROUPE_INFINITY;
  if (scene_draw(p->s, 2)) o.wait_ms = 1 + (uint32_t)scene_draw(p->s, 100);
  if (scene_one_in(p->s, 6)) o.priority = TROUPE_PRIORITY_HIGH;
  return o;
}

/* Sometimes it handles no message before the next one has ended. */
static bool begin_wait(player *p, troupe_actor *a) {
  if (p->blocked || scene_draw(p->s, 3)) return false;
  block(p, a, true);
  return true;
}

static void end_wait(player *p, troupe_actor *a, bool goes_on, uint64_t id) {
  if (goes_on)
    p->waits_for = id;
  else
    block(p, a, false);
}

static void tell_one(player *p, troupe_actor *a, uint64_t to) {
  uint64_t number = ++p->s->messages, id = 0;
  troupe_send_opts o = send_opts(p);
  bool waits = begin_wait(p, a);
  NOTE(p, .type = SCENE_TELL, .with = to, .msg = (uint32_t)number, .id = o.priority,
       .a = o.wait_ms);
  int rc = troupe_actor_tell(a, (troupe_pid){to}, "t", &number, sizeof number, &o, &id);
  NOTE(p, .type = SCENE_TOLD, .with = to, .msg = (uint32_t)number, .id = id, .code = rc);
  if (waits) end_wait(p, a, rc == TROUPE_PENDING, id);
}

static void tell(player *p, troupe_actor *a) {
  uint64_t to = scene_somebody(p->s);
  for (uint64_t n = 1 + scene_draw(p->s, 4); n > 0; n--)
    tell_one(p, a, to);
}

static void ask(player *p, troupe_actor *a) {
  uint64_t to = scene_somebody(p->s), number = ++p->s->messages, id = 0;
  troupe_send_opts o = send_opts(p);
  bool waits = begin_wait(p, a);
  NOTE(p, .type = SCENE_ASK, .with = to, .msg = (uint32_t)number, .id = o.priority, .a = o.wait_ms,
       .b = o.timeout_ms);
  int rc = troupe_actor_ask(a, (troupe_pid){to}, "a", &number, sizeof number, &o, &id);
  NOTE(p, .type = SCENE_ASKED, .with = to, .msg = (uint32_t)number, .id = id, .code = rc);
  if (waits) end_wait(p, a, rc == TROUPE_OK, id);
}

static void reply(player *p, troupe_actor *a) {
  if (!p->in_hand) return;
  uint64_t number = ++p->s->messages;
  bool well = scene_draw(p->s, 3) != 0;
  int code = well ? TROUPE_OK : TROUPE_E_TOOL;
  int rc = well ? troupe_actor_reply(a, &number, sizeof number)
                : troupe_actor_reply_error(a, code, scene_draw(p->s, 2) ? "a sentence" : NULL);
  NOTE(p, .type = SCENE_REPLY, .msg = p->in_hand, .code = code, .a = well ? number : 0,
       .b = rc == TROUPE_OK);
}

static void keep(player *p, troupe_actor *a) {
  uint64_t id;
  if (!p->in_hand) return;
  NOTE(p, .type = SCENE_KEEP, .msg = p->in_hand);
  int rc = troupe_actor_keep_ask(a, &id);
  NOTE(p, .type = SCENE_KEPT, .msg = p->in_hand, .id = id, .code = rc);
  if (rc == TROUPE_OK) remember(p->kept, id, p->in_hand);
}

static void reply_later(player *p, troupe_actor *a) {
  held h = any(p, p->kept);
  if (!h.id) return;
  uint64_t number = ++p->s->messages;
  bool well = scene_draw(p->s, 3) != 0;
  int code = well ? TROUPE_OK : TROUPE_E_BROKEN_PROMISE;
  forget(p->kept, h.id);
  NOTE(p, .type = SCENE_REPLY_TO, .msg = h.msg, .id = h.id, .code = code, .a = well ? number : 0);
  troupe_actor_reply_to(a, h.id, code, well ? &number : NULL, well ? sizeof number : 0, NULL);
}

static void forward(player *p, troupe_actor *a) {
  held h = scene_draw(p->s, 2) ? any(p, p->kept) : (held){.msg = p->in_hand};
  uint64_t to = scene_somebody(p->s), park = 0;
  troupe_send_opts o = {.size = sizeof o};
  if (!h.msg) return;
  if (scene_draw(p->s, 2)) o.wait_ms = 1 + (uint32_t)scene_draw(p->s, 100);
  forget(p->kept, h.id);
  NOTE(p, .type = SCENE_FORWARD, .with = to, .msg = h.msg, .id = h.id, .a = o.wait_ms);
  int rc = troupe_actor_forward(a, h.id, (troupe_pid){to}, &o, &park);
  NOTE(p, .type = SCENE_FORWARDED, .with = to, .msg = h.msg, .id = park, .code = rc);
}

static void refuse(player *p, troupe_actor *a) {
  held h = scene_draw(p->s, 2) ? any(p, p->kept) : (held){.msg = p->in_hand};
  if (!h.msg) return;
  forget(p->kept, h.id);
  NOTE(p, .type = SCENE_REFUSE, .msg = h.msg, .id = h.id);
  troupe_actor_refuse(a, h.id);
}

static void monitor(player *p, troupe_actor *a) {
  uint64_t to = scene_somebody(p->s), id;
  bool direct = scene_draw(p->s, 2);
  int rc = direct ? troupe_actor_monitor_direct(a, (troupe_pid){to}, NULL, &id)
                  : troupe_actor_monitor(a, (troupe_pid){to}, &id);
  NOTE(p, .type = SCENE_MONITOR, .with = to, .id = id, .code = rc, .a = direct);
  if (rc == TROUPE_OK) remember(p->monitors, id, 0);
}

static void demonitor(player *p, troupe_actor *a) {
  held h = any(p, p->monitors);
  if (!h.id) return;
  forget(p->monitors, h.id);
  NOTE(p, .type = SCENE_DEMONITOR, .id = h.id);
  troupe_actor_demonitor(a, h.id);
}

static uint64_t set_timer(player *p, troupe_actor *a, const troupe_timer_opts *o) {
  uint64_t id;
  int rc = troupe_actor_start_timer(a, o, &id);
  NOTE(p, .type = SCENE_SET_TIMER, .with = o->replaces, .id = id, .code = rc, .a = o->delay_ms,
       .b = o->period_ms,
       .msg = o->direct ? 1
              : o->idle ? 2
                        : 0);
  return id;
}

/* For those that wait: it arrives whatever else happens. */
static uint64_t set_direct(player *p, troupe_actor *a) {
  return set_timer(p, a,
                   &(troupe_timer_opts){.size = sizeof(troupe_timer_opts),
                                        .delay_ms = scene_draw(p->s, 60),
                                        .direct = true});
}

static void timer(player *p, troupe_actor *a) {
  troupe_timer_opts o = {.size = sizeof o, .delay_ms = scene_draw(p->s, 60)};
  if (scene_one_in(p->s, 4))
    o.idle = true;
  else if (scene_draw(p->s, 2))
    o.direct = true;
  if (!o.idle && scene_one_in(p->s, 3)) o.period_ms = 5 + scene_draw(p->s, 100);
  if (scene_one_in(p->s, 4)) o.replaces = any(p, p->timers).id;
  uint64_t id = set_timer(p, a, &o);
  if (!id) return;
  forget(p->timers, o.replaces);
  remember(p->timers, id, 0);
}

static void cancel(player *p, troupe_actor *a) {
  held h = any(p, p->timers);
  if (!h.id) return;
  forget(p->timers, h.id);
  NOTE(p, .type = SCENE_CANCEL, .id = h.id, .code = troupe_actor_cancel_timer(a, h.id));
}

static void stop_somebody(player *p, troupe_actor *a) {
  (void)a;
  scene_command(p->s, p->pid, false);
}

static void kill_somebody(player *p, troupe_actor *a) {
  (void)a;
  scene_command(p->s, p->pid, true);
}

static void leave(player *p, troupe_actor *a) {
  static const troupe_exit_class classes[] = {TROUPE_EXIT_NORMAL, TROUPE_EXIT_SHUTDOWN,
                                              TROUPE_EXIT_ERROR, TROUPE_EXIT_MEMORY_LIMIT};
  troupe_exit_class why = classes[scene_draw(p->s, 4)];
  NOTE(p, .type = SCENE_EXIT, .code = (int64_t)why);
  troupe_actor_exit(a, why, 0, scene_draw(p->s, 2) ? "because" : NULL, NULL);
}

static void spawn(player *p, troupe_actor *a) { scene_spawn(p->s, a); }

static void block_or_not(player *p, troupe_actor *a) {
  if (!p->waits_for) block(p, a, !p->blocked);
}

static void rescan(player *p, troupe_actor *a) {
  NOTE(p, .type = SCENE_RESCAN);
  troupe_actor_rescan(a);
}

static void look_up(player *p, troupe_actor *a) {
  (void)a;
  scene_look_up(p->s, p->pid);
}

static void take_time(player *p, troupe_actor *a) {
  (void)a;
  scene_pass(p->s, scene_draw(p->s, 20 * TRP_NS_PER_MS));
}

static void answer(player *p, troupe_actor *a, troupe_child *c) {
  bool again = p->s->budget > 0 && scene_draw(p->s, 3);
  NOTE(p, .type = again ? SCENE_RESTART : SCENE_RELEASE, .with = troupe_child_pid(c).id);
  if (again)
    troupe_child_restart(a, c);
  else
    troupe_child_release(a, c);
}

static void answer_late(player *p, troupe_actor *a) {
  troupe_child *c = any_child(p, p->exited);
  if (!c) return;
  forget_child(p->exited, c);
  answer(p, a, c);
}

static void end_child(player *p, troupe_actor *a) {
  troupe_child *c = any_child(p, p->children);
  if (!c) return;
  uint32_t ms = scene_draw(p->s, 3) ? 1 + (uint32_t)scene_draw(p->s, 50) : 0;
  NOTE(p, .type = SCENE_CHILD_STOP, .with = troupe_child_pid(c).id, .a = ms);
  troupe_child_stop(a, c, ms);
}

typedef void (*operation)(player *p, troupe_actor *a);

static const struct {
  operation run;
  unsigned weight;
} operations[] = {{tell, 12},        {ask, 10},      {reply, 6},         {keep, 3},
                  {reply_later, 4},  {refuse, 2},    {forward, 4},       {monitor, 4},
                  {demonitor, 2},    {timer, 4},     {cancel, 2},        {spawn, 6},
                  {answer_late, 4},  {end_child, 1}, {stop_somebody, 1}, {leave, 1},
                  {block_or_not, 2}, {rescan, 3},    {look_up, 1},       {take_time, 1},
                  {kill_somebody, 1}};
#define OPERATIONS (sizeof operations / sizeof *operations)

static void act(player *p, troupe_actor *a) {
  unsigned all = 0, i = 0;
  for (size_t n = 0; n < OPERATIONS; n++)
    all += operations[n].weight;
  uint64_t at = scene_draw(p->s, all);
  for (; at >= operations[i].weight; i++)
    at -= operations[i].weight;
  operations[i].run(p, a);
}

static void act_a_little(player *p, troupe_actor *a) {
  for (uint64_t n = scene_draw(p->s, 4); n > 0 && p->s->budget > 0; n--) {
    p->s->budget--;
    act(p, a);
  }
}

/* ---- callbacks ----------------------------------------------------------------------------- */

#if defined(TROUPE_ASSERTS)
/* FAULT_KILL: an operation on the ledger of this player; it is killed, or somebody else. */
static void at_point(void *ctx, trp_point which) {
  player *p = ctx;
  scene *s = p->s;
  if (which != TRP_POINT_LEDGER || s->fault != FAULT_KILL || --s->kill_at != 0) return;
  s->kill_at = 1 + (long)scene_draw(s, 200);
  uint64_t pid = scene_draw(s, 4) ? p->pid : scene_somebody(s);
  int rc = troupe_kill(s->sys, (troupe_pid){pid});
  NOTE(p, .type = SCENE_KILL, .with = pid, .code = rc, .a = 1);
}
#endif

static void watch_ledger(player *p, troupe_actor *a) {
#if defined(TROUPE_ASSERTS)
  p->points = (trp_points){.at = at_point, .ctx = p};
  trp_actor_ledger(a)->points = &p->points;
#else
  (void)p, (void)a;
#endif
}

static int player_init(troupe_actor *a, void *arg) {
  player *p = arg;
  scene *s = p->s;
  int rc = TROUPE_OK;
  troupe_actor_set_state(a, p);
  watch_ledger(p, a);
  p->start_timer = 0;
  if (scene_one_in(s, 12)) {
    rc = TROUPE_E_TOOL;
  } else if (scene_one_in(s, 6)) {
    rc = TROUPE_PENDING;
    if (scene_draw(s, 4)) p->start_timer = set_direct(p, a);
  }
  NOTE(p, .type = SCENE_INIT, .id = troupe_actor_generation(a), .code = rc);
  if (rc == TROUPE_OK) act_a_little(p, a);
  return rc;
}

static int player_receive(troupe_actor *a, const troupe_message *m) {
  player *p = troupe_actor_state(a);
  uint32_t number = number_of(m->data, m->len);
  int rc = TROUPE_OK;
  NOTE(p, .type = SCENE_RECEIVE, .with = m->from.id, .msg = number, .id = m->id);
  if (m->type != TROUPE_MESSAGE_TIMER && p->s->budget > 0 && scene_one_in(p->s, 12)) {
    rc = TROUPE_SKIP;
  } else {
    p->in_hand = number;
    act_a_little(p, a);
    p->in_hand = 0;
    if (p->s->budget > 0 && scene_one_in(p->s, 20)) rc = TROUPE_E_ERROR;
  }
  NOTE(p, .type = SCENE_RETURN, .msg = number, .code = rc);
  return rc;
}

static void player_resume(troupe_actor *a, const troupe_event *e) {
  player *p = troupe_actor_state(a);
  NOTE(p, .type = SCENE_RESUME, .id = e->id, .code = e->code, .msg = number_of(e->data, e->len));
  if (e->id == p->start_timer) {
    p->start_timer = 0;
    NOTE(p, .type = SCENE_READY);
    troupe_actor_started(a);
  }
  if (e->id == p->stop_timer) {
    p->stop_timer = 0;
    NOTE(p, .type = SCENE_DONE);
    troupe_actor_stopped(a);
  }
  if (e->id == p->waits_for) p->waits_for = 0;
  if (p->blocked && !p->waits_for && scene_draw(p->s, 2)) block(p, a, false);
  act_a_little(p, a);
}

static void player_child(troupe_actor *a, troupe_child *c, troupe_child_event news) {
  player *p = troupe_actor_state(a);
  uint64_t why = news == TROUPE_CHILD_EXITED ? (uint64_t)troupe_child_reason(c)->class_ : 0;
  NOTE(p, .type = SCENE_CHILD, .with = troupe_child_pid(c).id, .code = (int64_t)news, .a = why);
  if (news == TROUPE_CHILD_GONE) {
    forget_child(p->children, c);
  } else if (news == TROUPE_CHILD_EXITED) {
    bool later = p->s->budget > 0 && scene_one_in(p->s, 4) && remember_child(p->exited, c);
    if (!later) answer(p, a, c);
  }
  act_a_little(p, a);
}

static int player_stop(troupe_actor *a, const troupe_exit *why) {
  player *p = troupe_actor_state(a);
  NOTE(p, .type = SCENE_ON_STOP, .code = (int64_t)why->class_);
  p->stop_timer = 0;
  act_a_little(p, a);
  if (scene_draw(p->s, 5)) return TROUPE_OK;
  if (scene_draw(p->s, 3)) p->stop_timer = set_direct(p, a);
  return TROUPE_PENDING;
}

static void player_fini(troupe_actor *a) {
  player *p = troupe_actor_state(a);
  if (!p) return; /* its init never ran */
  NOTE(p, .type = SCENE_FINI, .id = troupe_actor_generation(a));
  memset(p->monitors, 0, sizeof p->monitors);
  memset(p->timers, 0, sizeof p->timers);
  memset(p->kept, 0, sizeof p->kept);
  memset(p->children, 0, sizeof p->children);
  memset(p->exited, 0, sizeof p->exited);
  p->start_timer = p->stop_timer = p->waits_for = 0;
  p->blocked = false;
}

const troupe_behavior player_behavior = {.size = sizeof player_behavior,
                                         .name = "player",
                                         .init = player_init,
                                         .receive = player_receive,
                                         .resume = player_resume,
                                         .child = player_child,
                                         .stop = player_stop,
                                         .fini = player_fini};
