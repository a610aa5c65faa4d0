/* libFuzzer target for the two readers of msgpack: tools/wire and scripting/decode.
 *
 *   tests/fuzz/fuzz.codec -max_len=4096 <a copy of tests/fuzz/corpus/codec>
 *
 * What is decoded must be valid to the cursor, be encoded again, and then be decoded again to the
 * same bytes. The heap is limited and no frame is entered, so running out of it ends the process:
 * no input may get that far. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#include <troupe/error.h>

#include "scripting/codec.h"
#include "scripting/state.h"
#include "tools/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct rig {
  trp_frame frame;
  trp_ledger ledger;
  troupe_actor actor;
  trp_lua lua;
} rig;

static bool to_ref(lua_State *L, int index, troupe_pid *pid, uint8_t *rights) {
  const uint64_t *u = lua_touserdata(L, index);
  pid->id = u[0];
  *rights = (uint8_t)u[1];
  return true;
}

static int push_ref(lua_State *L, troupe_pid pid, uint8_t rights) {
  uint64_t *u = lua_newuserdatauv(L, 2 * sizeof *u, 0);
  u[0] = pid.id;
  u[1] = rights;
  return TROUPE_OK;
}

static void require(bool holds) {
  if (!holds) abort();
}

static lua_State *open_state(rig *g) {
  static const trp_codec_hooks hooks = {to_ref, push_ref};
  g->actor.frame = &g->frame;
  g->lua.actor = &g->actor;
  require(trp_ledger_init(&g->ledger, NULL) == 0);
  require(trp_scratch_open(&g->lua.scratch, &g->ledger, &g->frame, NULL, 1 << 20) == 0);
  trp_arena_init(&g->lua.arena, NULL, 4 << 20, NULL, NULL);
  trp_arena_set_frame(&g->lua.arena, &g->frame);
  lua_State *L = lua_newstate(trp_arena_alloc, &g->lua.arena);
  require(L != NULL);
  *(trp_lua **)lua_getextraspace(L) = &g->lua;
  trp_codec_open(L, &hooks);
  return L;
}

static void close_state(rig *g) {
  trp_scratch_close(g->lua.scratch, &g->ledger, &g->frame);
  trp_ledger_fini(&g->ledger);
  trp_arena_drop(&g->lua.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rig g;
  memset(&g, 0, sizeof g);
  lua_State *L = open_state(&g);
  int count = 0;
  (void)trp_codec_decode(L, data, size, &count);
  require(lua_gettop(L) == count);
  lua_settop(L, 0);

  trp_wire_slice slice;
  (void)trp_wire_find(data, size, "key", &slice);

  if (trp_codec_decode_value(L, data, size) == TROUPE_OK) {
    require(trp_wire_valid(data, size, TRP_WIRE_DEPTH) == TROUPE_OK);
    trp_buf *b = &g.lua.scratch->buf;
    if (trp_codec_encode_value(L, 1, g.lua.scratch) == TROUPE_OK) {
      size_t len = b->len;
      uint8_t *bytes = malloc(len);
      require(bytes != NULL);
      memcpy(bytes, b->data, len);
      lua_settop(L, 0);
      require(trp_codec_decode_value(L, bytes, len) == TROUPE_OK);
      require(trp_codec_encode_value(L, 1, g.lua.scratch) == TROUPE_OK);
      require(b->len == len); /* the order of keys may differ */
      free(bytes);
    } else {
      require(lua_gettop(L) == 2);
    }
  } else {
    require(lua_gettop(L) == 0);
  }
  close_state(&g);
  return 0;
}
