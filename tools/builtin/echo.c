/* The tool `echo`: gives its argument `value` back. For trying out policies and wiring. */
#include "tools/builtin/args.h"
#include "tools/builtin/builtin.h"

void trp_echo_run(troupe_call *call, void *user) {
  (void)user;
  trp_fields f;
  trp_fields_init(&f, call);
  if (f.bad) return;
  trp_wire_slice value;
  trp_answer a;
  trp_answer_init(&a, call);
  if (trp_field_value(&f, "value", &value))
    trp_wire_put_raw(&a.w, value.data, value.len);
  else
    trp_wire_put_nil(&a.w);
  trp_answer_send(&a);
}
