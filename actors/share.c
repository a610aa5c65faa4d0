#include "actors/share.h"

#include <string.h>

#include "actors/base/mem.h"
#include "actors/send.h"
#include "actors/system.h"

const uint8_t *trp_msg_shared_payload(const trp_msg *m) { return trp_share_data(m->ptr); }

int troupe_payload_new(troupe_system *sys, const void *data, size_t len, troupe_payload **out) {
  *out = NULL;
  if (len && !data) return TROUPE_E_INVALID;
  if (len > sys->config.max_message_bytes) return TROUPE_E_TOO_BIG;
  if (!trp_memory_has_room(&sys->memory, TRP_MEMORY_NEW, len)) {
    trp_memory_count_refusal(&sys->memory);
    return TROUPE_E_NO_MEMORY;
  }
  troupe_payload *p = trp_alloc(&sys->allocator, sizeof *p + len);
  if (!p) return TROUPE_E_NO_MEMORY;
  p->sys = sys;
  atomic_init(&p->refs, 1);
  p->len = (uint32_t)len;
  if (len) memcpy(p + 1, data, len);
  *out = p;
  return TROUPE_OK;
}

static void ref(troupe_payload *p) {
  /* relaxed: whoever adds one has one */
  atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
}

void troupe_payload_unref(troupe_payload *p) {
  /* acq_rel: the last one frees after everybody else has read */
  if (p && atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) == 1)
    trp_free(&p->sys->allocator, p, sizeof *p + p->len);
}

static size_t own_bytes(const trp_msg *m) { return sizeof *m + m->kind_len + 1; }

static void dispose(troupe_system *sys, trp_msg *m) {
  troupe_payload_unref(m->ptr);
  trp_free(&sys->allocator, m, own_bytes(m));
}

trp_msg *trp_share_msg(troupe_payload *p, trp_msg_type type, troupe_pid to, troupe_pid from,
                       const char *kind, size_t kind_len) {
  trp_msg *m = trp_msg_new(p->sys, type, to, from, kind, kind_len, NULL, 0);
  if (!m) return NULL;
  ref(p);
  m->ptr = p;
  m->size = p->len;
  m->dispose = dispose;
  return m;
}

int troupe_tell_payload(troupe_system *sys, troupe_pid to, const char *kind,
                        troupe_payload *payload) {
  if (trp_system_stopping(sys)) return TROUPE_E_SYSTEM_STOPPED;
  trp_msg *m;
  int err = trp_msg_make_shared(sys, TRP_MSG_TELL, to, (troupe_pid){0}, kind, 0, payload, &m);
  return err ? err : trp_send(sys, NULL, m, &(trp_send_wait){0});
}

int troupe_actor_tell_payload(troupe_actor *self, troupe_pid to, const char *kind,
                              troupe_payload *payload, const troupe_send_opts *opts, uint64_t *id) {
  static const troupe_send_opts none = {.size = sizeof none};
  if (!opts) opts = &none;
  trp_msg *m;
  int err = trp_msg_make_shared(self->sys, TRP_MSG_TELL, to, self->pid, kind, opts->kind_len,
                                payload, &m);
  return err ? err : trp_send_told(self, m, opts, id);
}
