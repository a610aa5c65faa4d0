/* Registers the ready-made tools. */
#include <troupe/batteries.h>

#include <unistd.h>

#include <troupe/tool.h>

#include "actors/actor.h"
#include "tools/builtin/builtin.h"

static const struct {
  const char *name;
  void (*run)(troupe_call *call, void *user);
  bool idempotent;
} pool_tools[] = {
    {"echo", trp_echo_run, true},       {"fs.list", trp_fs_list_run, true},
    {"fs.read", trp_fs_read_run, true}, {"fs.write", trp_fs_write_run, false},
    {"gunzip", trp_gunzip_run, true},
};

static troupe_tool_policy policy_of(bool idempotent) {
  return (troupe_tool_policy){
      .size = sizeof(troupe_tool_policy), .idempotent = idempotent, .checks_itself = true};
}

static int register_sqlite(troupe_system *sys) {
  trp_sqlite *pool = trp_sqlite_new(trp_system_allocator(sys));
  if (!pool) return TROUPE_E_NO_MEMORY;
  const troupe_tool_ops ops = {.size = sizeof ops, .run = trp_sqlite_run, .free = trp_sqlite_free};
  const troupe_tool_policy policy = policy_of(false);
  int err = troupe_tool_register(sys, "sqlite", &ops, pool, &policy, NULL, 0);
  if (err) trp_sqlite_free(pool);
  return err;
}

static int register_console(troupe_system *sys) {
  trp_console *c = trp_console_new(trp_system_allocator(sys), STDOUT_FILENO);
  if (!c) return TROUPE_E_NO_MEMORY;
  const troupe_tool_ops ops = {
      .size = sizeof ops, .run = trp_console_run, .free = trp_console_free};
  const troupe_tool_policy policy = {.size = sizeof policy, .preset_none = true};
  int err = troupe_tool_register(sys, "console", &ops, c, &policy, NULL, 0);
  if (err) trp_console_free(c);
  return err;
}

static int register_exec(troupe_system *sys) {
  const troupe_tool_ops ops = {
      .size = sizeof ops, .start = trp_exec_start, .cancel = trp_exec_cancel};
  const troupe_tool_policy policy = policy_of(false);
  return troupe_tool_register(sys, "exec", &ops, NULL, &policy, NULL, 0);
}

int troupe_batteries_register(troupe_system *sys) {
  for (size_t i = 0; i < sizeof pool_tools / sizeof *pool_tools; i++) {
    const troupe_tool_ops ops = {.size = sizeof ops, .run = pool_tools[i].run};
    const troupe_tool_policy policy = policy_of(pool_tools[i].idempotent);
    int err = troupe_tool_register(sys, pool_tools[i].name, &ops, NULL, &policy, NULL, 0);
    if (err) return err;
  }
  int err = register_sqlite(sys);
  if (!err) err = register_console(sys);
  return err ? err : register_exec(sys);
}
