/* How asks end, of actors and of the host. */
#include "tests/replay/model_state.h"

#define THE_PORT UINT64_MAX /* as the sender of what hosts ask */

message *model_find_ask(model *m, uint64_t who, uint64_t id) {
  for (uint32_t n = 1; n <= m->newest; n++)
    if (m->messages[n].from == who && m->messages[n].ask_id == id && id) return &m->messages[n];
  return NULL;
}

/* The port sends it later, on the host's behalf; its time begins then. */
static void on_host_ask(model *m, const event *e) {
  if (e->code != TROUPE_OK) {
    model_must(m, (m->fault == FAULT_ALLOCATION && e->code == TROUPE_E_NO_MEMORY), "an ask fails");
    return;
  }
  if (m->messages[e->msg].fate == DEAD) return; /* answered at once: there is no port */
  if (!model_must(m, m->messages[e->msg].fate == UNSENT, "a number twice")) return;
  if (e->msg > m->newest) m->newest = e->msg;
  m->messages[e->msg] = (message){.number = e->msg,
                                  .from = THE_PORT,
                                  .to = e->with,
                                  .is_ask = true,
                                  .by_host = true,
                                  .fate = CALLED,
                                  .ask = OPEN,
                                  .until_ns = e->b * TRP_NS_PER_MS};
}

/* The port has sent it. */
void model_begin_host_ask(model *m, message *g) {
  if (!g->by_host || g->fate != CALLED || g->forwarded) return;
  g->until_ns += m->now_ns;
  m->calls++;
}

static bool answer_fits(const model *m, const message *g, int64_t code) {
  bool no_memory = m->fault == FAULT_ALLOCATION && code == TROUPE_E_NO_MEMORY;
  if (g->fate == DEAD && (g->by_host || g->forwarded) && model_refusal_fits(g->dead, code))
    return true;
  if (code == TROUPE_E_TIMEOUT) return g->until_ns && m->now_ns >= g->until_ns;
  if (g->replied && g->fate != DEAD) return code == g->reply_code || no_memory;
  if (g->fate != DEAD) return false;
  switch (g->dead) {
  case TROUPE_DEAD_STOPPED:
    return code == TROUPE_E_STOPPED;
  case TROUPE_DEAD_CRASHED:
    return code == TROUPE_E_CRASHED;
  case TROUPE_DEAD_EXPIRED:
    return code == TROUPE_E_EXPIRED;
  case TROUPE_DEAD_NO_HANDLER:
    return code == TROUPE_E_NO_HANDLER;
  case TROUPE_DEAD_MAILBOX_FULL:
    return code == TROUPE_E_MAILBOX_FULL;
  case TROUPE_DEAD_OVERFLOW_OLD:
    return code == TROUPE_E_DROPPED;
  case TROUPE_DEAD_SENDER_GONE:
    return code == TROUPE_E_STOPPED;
  default:
    return false;
  }
}

/* A host is answered. */
static void on_answer(model *m, const event *e) {
  message *g = &m->messages[e->msg];
  if (g->fate == UNSENT) { /* within the call: there is no port any more */
    model_must(m, m->root_down && e->code == TROUPE_E_SYSTEM_STOPPED, "an answer to nothing");
    *g = (message){.number = e->msg, .fate = DEAD, .ask = OVER, .dead = TROUPE_DEAD_NOPROC};
    if (e->msg > m->newest) m->newest = e->msg;
    return;
  }
  model_must(m, g->by_host && g->ask == OPEN, "a host is answered twice, or never asked");
  g->ask = OVER;
  bool stopped = (m->stopping || m->root_down) && e->code == TROUPE_E_SYSTEM_STOPPED;
  bool no_memory = m->fault == FAULT_ALLOCATION && e->code == TROUPE_E_NO_MEMORY;
  if (g->fate == CALLED && (stopped || no_memory)) { /* the port has not sent it */
    g->fate = DEAD;
    return;
  }
  model_must(m, stopped || answer_fits(m, g, e->code), "a host is told a wrong code");
  if (e->code == TROUPE_OK) model_must(m, e->a == g->reply, "a host is given another answer");
}

static void on_ask_ended(model *m, const event *e) {
  message *g = model_find_ask(m, e->who, e->id);
  actor *a = model_actor(m, e->who);
  if (a && a->root) return; /* the port's: the host is told */
  if (!model_must(m, g && g->ask == OPEN && a, "an ask ends twice, or never began")) return;
  model_must(m, model_lives(a), "an ask ends for an asker that has ended");
  model_must(m, answer_fits(m, g, e->code), "an ask ends with a wrong code");
  g->ask = OVER;
  model_wait_over(m, g);
  model_expect_resume(a, e, e->code == TROUPE_OK ? g->reply : 0);
}

static void on_ask_left(model *m, const event *e) {
  message *g = model_find_ask(m, e->who, e->id);
  const actor *a = model_actor(m, e->who);
  if (a && a->root) return;
  if (!model_must(m, g && g->ask == OPEN, "an ask is left twice, or never began")) return;
  model_must(m, a && a->phase == ENDED, "an ask is left by an actor that goes on");
  g->ask = OVER;
}

bool model_asks(model *m, const event *e) {
  switch (e->type) {
  case SCENE_HOST_ASK:
    on_host_ask(m, e);
    return true;
  case SCENE_ANSWER:
    on_answer(m, e);
    return true;
  case TRP_EVENT_ASK_ENDED:
    on_ask_ended(m, e);
    return true;
  case TRP_EVENT_ASK_LEFT:
    on_ask_left(m, e);
    return true;
  default:
    return false;
  }
}
