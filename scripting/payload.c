#include "scripting/payload.h"

#include <lauxlib.h>

#include "actors/system.h"
#include "scripting/codec.h"

static int encoded(lua_State *L, int err, trp_payload *out) {
  const trp_scratch *s = trp_lua_of(L)->scratch;
  out->data = s->buf.data;
  out->len = s->buf.len;
  if (err == TROUPE_OK) return err;
  if (err == TROUPE_E_INVALID) luaL_error(L, "%s", lua_tostring(L, -1));
  if (err == TROUPE_E_TOO_BIG)
    trp_count_limit(troupe_actor_system(trp_lua_of(L)->actor), TROUPE_LIMIT_MESSAGE_BYTES);
  lua_pop(L, 1); /* a sentence that the code alone also says */
  return err;
}

int trp_payload_args(lua_State *L, int first, int count, trp_payload *out) {
  luaL_checkstack(L, 4, NULL);
  return encoded(L, trp_codec_encode(L, first, count, trp_lua_of(L)->scratch), out);
}

int trp_payload_value(lua_State *L, int idx, trp_payload *out) {
  luaL_checkstack(L, 4, NULL);
  idx = lua_absindex(L, idx);
  return encoded(L, trp_codec_encode_value(L, idx, trp_lua_of(L)->scratch), out);
}

void trp_payload_done(trp_lua *lua) {
  if (lua->scratch) trp_scratch_reset(lua->scratch, trp_actor_frame(lua->actor));
}

int trp_payload_push_args(lua_State *L, const void *data, size_t len, int *count) {
  *count = 0;
  if (len == 0) return TROUPE_OK;
  return trp_codec_decode(L, data, len, count);
}

int trp_payload_push_value(lua_State *L, const void *data, size_t len) {
  luaL_checkstack(L, 4, NULL);
  if (len == 0) {
    lua_pushnil(L);
    return TROUPE_OK;
  }
  return trp_codec_decode_value(L, data, len);
}
