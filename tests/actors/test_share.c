/* Payloads that many messages share. */
#include "tests/actors/world.h"

#include "actors/room.h"
#include "actors/share.h"
#include "actors/system.h"

enum { CROWD = 1000, BYTES = 65536 };

static const uint8_t *pattern(void) {
  static uint8_t bytes[BYTES];
  for (size_t i = 0; i < BYTES; i++)
    bytes[i] = (uint8_t)(i * 7 + i / 251);
  return bytes;
}

static int compare(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)a;
  bool same = m->len == BYTES && memcmp(m->data, pattern(), BYTES) == 0;
  if (same) (*(unsigned *)p->user)++;
  return TROUPE_OK;
}

static size_t bytes_now(const world *w) { return atomic_load(&w->memory.live_bytes); }

static void a_broadcast_copies_once_and_charges_each(void **state) {
  (void)state;
  static probe p[CROWD];
  static troupe_pid pids[CROWD];
  unsigned same = 0;
  world w;
  world_start(&w);
  for (int i = 0; i < CROWD; i++) {
    p[i] = (probe){.script = {.receive = compare}, .user = &same};
    pids[i] = probe_spawn(&w, &p[i]);
  }
  size_t before = bytes_now(&w);
  troupe_payload *payload;
  assert_int_equal(troupe_payload_new(w.sys, pattern(), BYTES, &payload), TROUPE_OK);
  for (int i = 0; i < CROWD; i++)
    assert_int_equal(troupe_tell_payload(w.sys, pids[i], "news", payload), TROUPE_OK);
  troupe_payload_unref(payload);
  assert_true(bytes_now(&w) - before < BYTES + CROWD * 1024);
  for (int i = 0; i < CROWD; i++)
    assert_true(trp_room_bytes(trp_slots_find(&w.sys->slots, pids[i])) > BYTES);
  world_settle(&w);
  assert_int_equal(same, CROWD);
  /* the payload is gone with the last message; blocks of messages may be kept for the next */
  assert_true(bytes_now(&w) < before + BYTES);
  world_stop(&w);
}

typedef struct job {
  troupe_pid to;
  troupe_payload *payload;
} job;

static int tell_thrice(troupe_actor *a, probe *p, const troupe_message *m) {
  const job *j = p->user;
  (void)m;
  troupe_send_opts o = {.size = sizeof o, .wait_ms = 1000};
  for (int i = 0; i < 3; i++)
    (void)troupe_actor_tell_payload(a, j->to, "m", j->payload, &o, &p->id);
  return TROUPE_OK;
}

/* However a message ends: refused, parked and taken along, dropped, dead with its receiver. */
static void every_end_of_a_message_lets_go_of_it(void **state) {
  (void)state;
  for (int i = TROUPE_OVERFLOW_WAIT; i <= TROUPE_OVERFLOW_STOP; i++) {
    world w;
    world_start(&w);
    troupe_payload *payload;
    assert_int_equal(troupe_payload_new(w.sys, "abc", 3, &payload), TROUPE_OK);
    job j = {.payload = payload};
    probe to = {0}, from = {.script = {.receive = tell_thrice}, .user = &j};
    troupe_spawn_opts o = probe_opts(&to);
    o.mailbox_messages = 1;
    o.overflow = (troupe_overflow)i;
    assert_int_equal(troupe_spawn(w.sys, &j.to, &o), TROUPE_OK);
    troupe_pid pfrom = probe_spawn(&w, &from);
    assert_int_equal(troupe_tell(w.sys, pfrom, "go", NULL, 0), TROUPE_OK);
    troupe_system_step(w.sys, 0);
    troupe_kill(w.sys, i % 2 ? pfrom : j.to);
    world_settle(&w);
    assert_int_equal(troupe_tell_payload(w.sys, (troupe_pid){7}, "m", payload), TROUPE_E_NOPROC);
    assert_int_equal(payload->refs, 1);
    troupe_payload_unref(payload);
    world_stop(&w);
  }
}

static void bounds_and_misuse_are_refused(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {0};
  troupe_spawn_opts o = probe_opts(&p);
  o.mailbox_bytes = 4096;
  troupe_pid pid;
  assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_OK);
  troupe_payload *payload, *none;
  assert_int_equal(troupe_payload_new(w.sys, pattern(), (1 << 20) + 1, &none), TROUPE_E_TOO_BIG);
  assert_null(none);
  assert_int_equal(troupe_payload_new(w.sys, NULL, 1, &none), TROUPE_E_INVALID);
  assert_int_equal(troupe_payload_new(w.sys, pattern(), 8192, &payload), TROUPE_OK);
  assert_int_equal(troupe_tell_payload(w.sys, pid, "m", payload), TROUPE_E_TOO_BIG);
  assert_int_equal(troupe_tell_payload(w.sys, pid, "", payload), TROUPE_E_INVALID);
  assert_int_equal(troupe_tell_payload(w.sys, pid, "m", NULL), TROUPE_E_INVALID);
  troupe_payload_unref(payload);
  troupe_payload_unref(NULL);
  assert_int_equal(troupe_payload_new(w.sys, NULL, 0, &payload), TROUPE_OK); /* an empty one */
  assert_int_equal(troupe_tell_payload(w.sys, pid, "empty", payload), TROUPE_OK);
  troupe_payload_unref(payload);
  world_settle(&w);
  assert_string_equal(p.kinds, "empty");
  world_stop(&w);
}

static void a_payload_is_of_one_system(void **state) {
  (void)state;
  world w, other;
  world_start(&w);
  world_start(&other);
  probe p = {0};
  troupe_pid pid = probe_spawn(&other, &p);
  troupe_payload *payload;
  assert_int_equal(troupe_payload_new(w.sys, "abc", 3, &payload), TROUPE_OK);
  assert_int_equal(troupe_tell_payload(other.sys, pid, "m", payload), TROUPE_E_INVALID);
  world_settle(&other);
  assert_string_equal(p.kinds, "");
  troupe_payload_unref(payload);
  world_stop(&other);
  world_stop(&w);
}

static void no_allocation_failure_leaks(void **state) {
  (void)state;
  for (long n = 1;; n++) {
    world w;
    if (world_try_start(&w, n) == TROUPE_OK) {
      probe p = {0};
      troupe_spawn_opts o = probe_opts(&p);
      troupe_pid pid;
      (void)troupe_spawn(w.sys, &pid, &o);
      troupe_payload *payload;
      if (troupe_payload_new(w.sys, pattern(), BYTES, &payload) == TROUPE_OK) {
        (void)troupe_tell_payload(w.sys, pid, "m", payload);
        (void)troupe_tell_payload(w.sys, pid, "m", payload);
      }
      troupe_payload_unref(payload);
      world_settle(&w);
      world_stop(&w);
    }
    if (w.memory.calls < n) break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_broadcast_copies_once_and_charges_each),
      cmocka_unit_test(every_end_of_a_message_lets_go_of_it),
      cmocka_unit_test(bounds_and_misuse_are_refused),
      cmocka_unit_test(a_payload_is_of_one_system),
      cmocka_unit_test(no_allocation_failure_leaks),
  };
  return run_tests(tests);
}
