/* Messages that are handed on: whoever answers, the first sender gets it. */
#include "tests/actors/world.h"

typedef struct desk { /* who hands on, and how that went */
  troupe_pid clerk;
  uint32_t wait_ms;
  int rc, again;
  uint64_t park;
} desk;

typedef struct asker {
  troupe_pid to;
  uint32_t timeout_ms;
  int rc;
} asker;

typedef struct office {
  world w;
  probe asker, desk, clerk;
  asker a;
  desk d;
  troupe_pid pasker, pdesk, pclerk;
  troupe_pid seen_from;
} office;

static int ask_desk(troupe_actor *a, probe *p, const troupe_message *m) {
  asker *s = p->user;
  troupe_send_opts o = {.size = sizeof o, .timeout_ms = s->timeout_ms};
  if (strcmp(m->kind, "tell") == 0)
    s->rc = troupe_actor_tell(a, s->to, "tell", "arg", 3, NULL, NULL);
  else
    s->rc = troupe_actor_ask(a, s->to, m->kind, "arg", 3, &o, &p->id);
  return TROUPE_OK;
}

static int hand_on(troupe_actor *a, probe *p, const troupe_message *m) {
  desk *d = p->user;
  troupe_send_opts o = {.size = sizeof o, .wait_ms = d->wait_ms};
  uint64_t kept = 0;
  if (strcmp(m->kind, "later") == 0) assert_int_equal(troupe_actor_keep_ask(a, &kept), TROUPE_OK);
  d->rc = troupe_actor_forward(a, kept, d->clerk, &o, &d->park);
  d->again = troupe_actor_forward(a, kept, d->clerk, NULL, NULL);
  if (kept == 0) assert_int_equal(troupe_actor_reply(a, "desk", 4), TROUPE_E_INVALID);
  p->tells++;
  return TROUPE_SKIP; /* its kind is gone with it, and so is what could be skipped */
}

static int serve(troupe_actor *a, probe *p, const troupe_message *m) {
  office *o = p->user;
  o->seen_from = m->from;
  if (strcmp(m->kind, "busy") == 0) {
    uint64_t id;
    troupe_actor_block(a, true);
    return troupe_actor_timer(a, 1000, 0, true, NULL, &id);
  }
  if (strcmp(m->kind, "crash") == 0) return TROUPE_E_ERROR;
  if (m->type == TROUPE_MESSAGE_ASK) troupe_actor_reply(a, m->data, m->len);
  return TROUPE_OK;
}
static void unblock(troupe_actor *a, probe *p, const troupe_event *e) {
  (void)p, (void)e;
  troupe_actor_block(a, false);
}

static void open_office(office *o) {
  memset(o, 0, sizeof *o);
  world_start(&o->w);
  o->clerk = (probe){.script = {.receive = serve, .resume = unblock}, .user = o};
  o->desk = (probe){.script = {.receive = hand_on}, .user = &o->d};
  o->asker = (probe){.script = {.receive = ask_desk}, .user = &o->a};
  troupe_spawn_opts opts = probe_opts(&o->clerk);
  opts.mailbox_messages = 2;
  assert_int_equal(troupe_spawn(o->w.sys, &o->pclerk, &opts), TROUPE_OK);
  world_settle(&o->w);
  o->d.clerk = o->pclerk;
  o->a.to = o->pdesk = probe_spawn(&o->w, &o->desk);
  o->pasker = probe_spawn(&o->w, &o->asker);
}

static void go(office *o, const char *kind) {
  assert_int_equal(troupe_tell(o->w.sys, o->pasker, kind, NULL, 0), TROUPE_OK);
  world_settle(&o->w);
}

/* Makes the clerk busy for a second and fills its mailbox. */
static void fill(office *o) {
  assert_int_equal(troupe_tell(o->w.sys, o->pclerk, "busy", NULL, 0), TROUPE_OK);
  world_settle(&o->w);
  for (int i = 0; i < 2; i++)
    assert_int_equal(troupe_tell(o->w.sys, o->pclerk, "m", NULL, 0), TROUPE_OK);
}

static void the_asker_gets_the_answer_of_the_last_one(void **state) {
  (void)state;
  for (int later = 0; later < 2; later++) {
    office o;
    open_office(&o);
    go(&o, later ? "later" : "ask");
    assert_int_equal(o.d.rc, TROUPE_OK);
    assert_int_equal(o.d.again, TROUPE_E_INVALID);
    assert_int_equal(o.seen_from.id, o.pasker.id);
    assert_int_equal(o.asker.events, 1);
    assert_int_equal(o.asker.last.code, TROUPE_OK);
    assert_string_equal(o.asker.data, "arg");
    assert_int_equal(o.asker.last.id, o.asker.id);
    world_stop(&o.w);
  }
}

static void a_tell_keeps_its_sender(void **state) {
  (void)state;
  office o;
  open_office(&o);
  go(&o, "tell");
  assert_int_equal(o.d.rc, TROUPE_OK);
  assert_int_equal(o.seen_from.id, o.pasker.id);
  assert_string_equal(o.clerk.kinds, "tell");
  assert_int_equal(o.w.dead_seen, 0);
  world_stop(&o.w);
}

static void a_host_can_be_the_asker(void **state) {
  (void)state;
  office o;
  open_office(&o);
  void *reply;
  size_t len;
  assert_int_equal(troupe_ask_wait(o.w.sys, o.pdesk, NULL, "ask", "host", 4, &reply, &len, NULL, 0),
                   TROUPE_OK);
  assert_int_equal(len, 4);
  assert_memory_equal(reply, "host", 4);
  assert_int_equal(o.seen_from.id, 0);
  troupe_reply_free(o.w.sys, reply, len);
  world_stop(&o.w);
}

static void the_asker_is_told_when_it_cannot_go_there(void **state) {
  (void)state;
  office o;
  open_office(&o);
  troupe_kill(o.w.sys, o.pclerk);
  world_settle(&o.w);
  go(&o, "ask");
  assert_int_equal(o.d.rc, TROUPE_E_NOPROC);
  assert_int_equal(o.asker.events, 1);
  assert_int_equal(o.asker.last.code, TROUPE_E_NOPROC);
  world_stop(&o.w);

  open_office(&o);
  fill(&o);
  go(&o, "ask"); /* the desk does not wait */
  assert_int_equal(o.d.rc, TROUPE_E_MAILBOX_FULL);
  assert_int_equal(o.asker.events, 1);
  assert_int_equal(o.asker.last.code, TROUPE_E_MAILBOX_FULL);
  world_stop(&o.w);
}

static void a_crash_of_the_last_one_reaches_the_asker(void **state) {
  (void)state;
  office o;
  open_office(&o);
  go(&o, "crash");
  assert_int_equal(o.asker.events, 1);
  assert_int_equal(o.asker.last.code, TROUPE_E_CRASHED);
  assert_int_equal(o.desk.gone, 0);
  world_stop(&o.w);
}

static void it_waits_for_room_on_behalf_of_the_asker(void **state) {
  (void)state;
  office o;
  open_office(&o);
  o.d.wait_ms = 5000;
  fill(&o);
  go(&o, "ask");
  assert_int_equal(o.d.rc, TROUPE_PENDING);
  assert_int_equal(o.asker.events, 0);
  world_pass(&o.w, 1000);
  assert_int_equal(o.desk.events, 1); /* who waited */
  assert_int_equal(o.desk.last.code, TROUPE_OK);
  assert_int_equal(o.desk.last.id, o.d.park);
  assert_int_equal(o.asker.events, 1);
  assert_int_equal(o.asker.last.code, TROUPE_OK);
  world_stop(&o.w);
}

/* Three ends of such a wait: in vain, with the desk, with the clerk. */
static void both_are_told_how_the_wait_ends(void **state) {
  (void)state;
  static const int told[] = {TROUPE_E_MAILBOX_FULL, TROUPE_E_STOPPED, TROUPE_E_STOPPED};
  for (int i = 0; i < 3; i++) {
    office o;
    open_office(&o);
    o.d.wait_ms = 100;
    fill(&o);
    go(&o, "ask");
    assert_int_equal(o.d.rc, TROUPE_PENDING);
    if (i) troupe_kill(o.w.sys, i == 1 ? o.pdesk : o.pclerk);
    world_pass(&o.w, 100);
    assert_int_equal(o.asker.events, 1);
    assert_int_equal(o.asker.last.code, told[i]);
    assert_int_equal(o.desk.events, i == 1 ? 0 : 1);
    if (i != 1) assert_int_equal(o.desk.last.code, told[i]);
    world_stop(&o.w);
  }
}

static void the_askers_deadline_goes_along(void **state) {
  (void)state;
  office o;
  open_office(&o);
  o.a.timeout_ms = 100;
  assert_int_equal(troupe_tell(o.w.sys, o.pclerk, "busy", NULL, 0), TROUPE_OK);
  world_settle(&o.w);
  go(&o, "ask");
  world_pass(&o.w, 1000);
  assert_int_equal(o.asker.last.code, TROUPE_E_TIMEOUT);
  assert_string_equal(o.clerk.kinds, "busy"); /* it was never seen */
  assert_int_equal(o.w.last_dead, TROUPE_DEAD_EXPIRED);
  world_stop(&o.w);
}

static int ask_oneself(troupe_actor *a, probe *p, const troupe_message *m) {
  troupe_send_opts o = {.size = sizeof o, .timeout_ms = TROUPE_INFINITY};
  if (m->type == TROUPE_MESSAGE_ASK)
    p->id = (uint64_t)(troupe_actor_forward(a, 0, (troupe_pid){0}, NULL, NULL) == TROUPE_E_NOPROC);
  else
    return troupe_actor_ask(a, p->self, "own", NULL, 0, &o, &p->id);
  return TROUPE_OK;
}

static void an_ask_of_ones_own_that_goes_nowhere_ends_too(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {.script = {.receive = ask_oneself}};
  troupe_pid pid = probe_spawn(&w, &p);
  assert_int_equal(troupe_tell(w.sys, pid, "go", NULL, 0), TROUPE_OK);
  world_settle(&w);
  assert_int_equal(p.id, 1);
  assert_int_equal(p.events, 1);
  assert_int_equal(p.last.code, TROUPE_E_NOPROC);
  world_stop(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_asker_gets_the_answer_of_the_last_one),
      cmocka_unit_test(a_tell_keeps_its_sender),
      cmocka_unit_test(a_host_can_be_the_asker),
      cmocka_unit_test(the_asker_is_told_when_it_cannot_go_there),
      cmocka_unit_test(a_crash_of_the_last_one_reaches_the_asker),
      cmocka_unit_test(it_waits_for_room_on_behalf_of_the_asker),
      cmocka_unit_test(both_are_told_how_the_wait_ends),
      cmocka_unit_test(the_askers_deadline_goes_along),
      cmocka_unit_test(an_ask_of_ones_own_that_goes_nowhere_ends_too),
  };
  return run_tests(tests);
}
