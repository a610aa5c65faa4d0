/* Who waits for whom. What the model knows for sure, and what it only cannot rule out, are kept
 * apart: a wait must be refused in a circle of the former, and may be in one of the latter. */
#include "tests/replay/model_state.h"

/* Whether its sender still has to hear of the message. */
static bool is_open(const message *g) {
  if (!g->is_ask) return g->fate == PARKED || (g->fate == CALLED && g->wait_ms);
  bool done = g->fate == HANDLED || g->fate == DEAD || g->answered;
  return g->fate != UNSENT && g->ask != OVER && !done;
}

static uint64_t waiter_of(const message *g) { return g->is_ask ? g->from : g->sender; }

static bool search(model *m, uint64_t to, uint64_t who, bool *seen) {
  const actor *a = model_actor(m, to);
  if (to == who) return true;
  if (!a || !a->blocked || seen[a - m->actors]) return false;
  seen[a - m->actors] = true;
  for (uint32_t n = 1; n <= m->newest; n++) {
    const message *g = &m->messages[n];
    if (waiter_of(g) == to && is_open(g) && search(m, g->to, who, seen)) return true;
  }
  return false;
}

bool model_may_wait_for(model *m, uint64_t to, uint64_t who) {
  bool seen[ACTORS] = {false};
  return to && search(m, to, who, seen);
}

bool model_must_wait_for(model *m, uint64_t to, uint64_t who) {
  for (int hops = 0; hops < ACTORS && to; hops++) {
    const actor *a = model_actor(m, to);
    if (to == who) return true;
    const message *g = a && a->waits_for ? &m->messages[a->waits_for] : NULL;
    to = g && is_open(g) && !g->replied ? g->to : 0;
  }
  return false;
}

/* Whether anything but a message of the actor's can continue it. */
static bool has_other_wakers(const model *m, uint64_t who, const message *but) {
  for (uint32_t n = 1; n <= m->newest; n++) {
    const message *g = &m->messages[n];
    if (g != but && g->is_ask && g->from == who && g->ask == OPEN) return true;
  }
  for (unsigned i = 0; i < m->nparks; i++)
    if (m->parks[i].who == who && m->parks[i].state == OPEN) return true;
  for (unsigned i = 0; i < m->ntimers; i++)
    if (m->timers[i].who == who && m->timers[i].direct && m->timers[i].state == OPEN) return true;
  for (unsigned i = 0; i < m->nmonitors; i++)
    if (m->monitors[i].who == who && m->monitors[i].direct) return true;
  return false;
}

void model_begin_wait(model *m, const message *g) {
  actor *a = model_actor(m, waiter_of(g));
  if (!a) return;
  a->waits_for = a->blocked && !has_other_wakers(m, a->pid, g) ? g->number : 0;
}

void model_check_wait(model *m, const message *g) {
  const actor *a = model_actor(m, waiter_of(g));
  bool sure = a && a->waits_for == g->number;
  model_must(m, !sure || !model_must_wait_for(m, g->to, a->pid),
             "a circle of waits is not refused");
}

void model_wait_over(model *m, const message *g) {
  for (unsigned i = 0; i < m->nactors; i++)
    if (m->actors[i].waits_for == g->number) m->actors[i].waits_for = 0;
}

void model_wait_unsure(actor *a) {
  if (a) a->waits_for = 0;
}
