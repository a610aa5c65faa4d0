#include "actors/port.h"

#include <stdio.h>
#include <string.h>

#include "actors/ask.h"
#include "actors/base/mem.h"
#include "actors/child.h"
#include "actors/info.h"
#include "actors/send.h"
#include "actors/system.h"

/* One ask of a host; freed when it has been answered. */
typedef struct request {
  trp_msg msg;   /* TRP_MSG_PORT, on its way to the port */
  trp_link link; /* among the port's open requests */
  trp_msg *ask;
  uint32_t timeout_ms;
  troupe_on_reply on_reply;
  void *ctx;
} request;

typedef struct port {
  trp_list open;
} port;

static void answer(troupe_system *sys, request *r, const troupe_event *e) {
  r->on_reply(r->ctx, e);
  trp_free(&sys->allocator, r, sizeof *r);
}

/* A request that found no port. */
static void request_dispose(troupe_system *sys, trp_msg *m) {
  request *r = TRP_CONTAINER(m, request, msg);
  if (r->ask) trp_msg_free(sys, r->ask);
  answer(sys, r, &(troupe_event){.code = TROUPE_E_SYSTEM_STOPPED});
}

void trp_port_receive(troupe_actor *a, trp_msg *m) {
  request *r = TRP_CONTAINER(m, request, msg);
  port *p = a->state;
  uint64_t id;
  if (!p) { /* stopping */
    trp_msg_free(a->sys, m);
    return;
  }
  trp_msg *ask = r->ask;
  r->ask = NULL;
  ask->from = a->pid;
  int err = ask->type == TRP_MSG_INFO ? trp_info_start(a, ask, r, &id)
                                      : trp_ask_start(a, ask, r->timeout_ms, 0, r, &id);
  if (err)
    answer(a->sys, r, &(troupe_event){.code = err});
  else
    trp_list_push_back(&p->open, &r->link);
}

static void port_resume(troupe_actor *a, const troupe_event *e) {
  request *r = e->user;
  trp_list_remove(&r->link);
  answer(a->sys, r, e);
}

static int port_init(troupe_actor *a, void *arg) {
  (void)arg;
  port *p = trp_zalloc(&a->sys->allocator, sizeof *p);
  if (!p) return TROUPE_E_NO_MEMORY;
  trp_list_init(&p->open);
  a->state = p;
  return TROUPE_OK;
}

static int port_receive(troupe_actor *a, const troupe_message *m) {
  (void)m;
  troupe_actor_refuse(a, 0); /* scripts see the port as `from` and may write to it */
  return TROUPE_OK;
}

static void port_fini(troupe_actor *a) {
  port *p = a->state;
  if (!p) return;
  for (trp_link *l; (l = trp_list_pop_front(&p->open));) {
    answer(a->sys, TRP_CONTAINER(l, request, link),
           &(troupe_event){.code = TROUPE_E_SYSTEM_STOPPED});
  }
  trp_free(&a->sys->allocator, p, sizeof *p);
}

static const troupe_behavior port_behavior = {.size = sizeof port_behavior,
                                              .name = "port",
                                              .init = port_init,
                                              .receive = port_receive,
                                              .resume = port_resume,
                                              .fini = port_fini};

int trp_port_spawn(troupe_system *sys) {
  troupe_spawn_opts o = {.size = sizeof o, .behavior = &port_behavior};
  return trp_spawn_root(sys, &o, &sys->port, true);
}

/* Takes the message, which the port will send. */
static int send_request(troupe_system *sys, trp_msg *ask, uint32_t timeout_ms,
                        troupe_on_reply on_reply, void *ctx) {
  request *r = trp_zalloc(&sys->allocator, sizeof *r);
  if (!r) {
    trp_msg_free(sys, ask);
    return TROUPE_E_NO_MEMORY;
  }
  r->msg = (trp_msg){
      .to = sys->port, .type = TRP_MSG_PORT, .lane = TRP_LANE_RESUME, .dispose = request_dispose};
  trp_link_init(&r->link);
  r->ask = ask;
  r->timeout_ms = timeout_ms;
  r->on_reply = on_reply;
  r->ctx = ctx;
  trp_send_signal(sys, &r->msg);
  return TROUPE_OK;
}

int troupe_ask(troupe_system *sys, troupe_pid to, const troupe_ask_opts *opts, const char *kind,
               const void *data, size_t len, troupe_on_reply on_reply, void *ctx) {
  if (!on_reply) return TROUPE_E_INVALID;
  if (trp_system_stopping(sys)) return TROUPE_E_SYSTEM_STOPPED;
  trp_msg *ask;
  int err = trp_msg_make(sys, TRP_MSG_ASK, to, sys->port, kind, 0, data, len, &ask);
  return err ? err : send_request(sys, ask, opts ? opts->timeout_ms : 0, on_reply, ctx);
}

/* ---- waiting for it ------------------------------------------------------------------------ */

typedef struct waiter {
  troupe_system *sys;
  pthread_mutex_t lock;
  pthread_cond_t done_cond;
  bool done;
  int code;
  void *reply;
  size_t len;
  char *msg;
  size_t msg_len;
} waiter;

static void waiter_init(waiter *w) {
  pthread_mutex_init(&w->lock, NULL);
  pthread_cond_init(&w->done_cond, NULL);
}

static void waiter_fini(waiter *w) {
  pthread_cond_destroy(&w->done_cond);
  pthread_mutex_destroy(&w->lock);
}

static void wake(void *ctx, const troupe_event *e) {
  waiter *w = ctx;
  pthread_mutex_lock(&w->lock);
  w->code = e->code;
  if (e->code == TROUPE_OK && e->len) {
    w->reply = trp_alloc(&w->sys->allocator, e->len);
    if (w->reply)
      memcpy(w->reply, e->data, w->len = e->len);
    else
      w->code = TROUPE_E_NO_MEMORY;
  } else if (e->code != TROUPE_OK && w->msg_len) {
    const char *text = e->detail                        ? e->detail
                       : e->reason && e->reason->reason ? e->reason->reason
                                                        : "";
    snprintf(w->msg, w->msg_len, "%s%s%s", troupe_strerror(e->code), *text ? ": " : "", text);
  }
  w->done = true;
  pthread_cond_signal(&w->done_cond);
  pthread_mutex_unlock(&w->lock);
}

static void wait_for(waiter *w) {
  pthread_mutex_lock(&w->lock);
  while (!w->done) {
    if (w->sys->sched.count) {
      pthread_cond_wait(&w->done_cond, &w->lock);
      continue;
    }
    pthread_mutex_unlock(&w->lock);
    if (troupe_system_step(w->sys, 1) == 0) trp_system_nap(w->sys);
    pthread_mutex_lock(&w->lock);
  }
  pthread_mutex_unlock(&w->lock);
}

int troupe_ask_wait(troupe_system *sys, troupe_pid to, const troupe_ask_opts *opts,
                    const char *kind, const void *data, size_t len, void **reply, size_t *reply_len,
                    char *msg, size_t msg_len) {
  waiter w = {.sys = sys, .msg = msg, .msg_len = msg ? msg_len : 0};
  if (reply) *reply = NULL;
  if (reply_len) *reply_len = 0;
  if (w.msg_len) msg[0] = 0;
  waiter_init(&w);
  int err = troupe_ask(sys, to, opts, kind, data, len, wake, &w);
  if (err == TROUPE_OK) {
    wait_for(&w);
    err = w.code;
    if (reply && reply_len) {
      *reply = w.reply;
      *reply_len = w.len;
    } else {
      troupe_reply_free(sys, w.reply, w.len);
    }
  }
  waiter_fini(&w);
  return err;
}

int troupe_info_wait(troupe_system *sys, troupe_pid of, troupe_info *out) {
  waiter w = {.sys = sys};
  *out = (troupe_info){0};
  if (trp_system_stopping(sys)) return TROUPE_E_SYSTEM_STOPPED;
  trp_msg *m = trp_info_new(sys, of, sys->port);
  if (!m) return TROUPE_E_NO_MEMORY;
  waiter_init(&w);
  int err = send_request(sys, m, 0, wake, &w);
  if (err == TROUPE_OK) {
    wait_for(&w);
    err = w.code;
    if (w.len == sizeof *out) memcpy(out, w.reply, sizeof *out);
    troupe_reply_free(sys, w.reply, w.len);
  }
  waiter_fini(&w);
  return err;
}

void troupe_reply_free(troupe_system *sys, void *reply, size_t reply_len) {
  trp_free(&sys->allocator, reply, reply_len);
}
