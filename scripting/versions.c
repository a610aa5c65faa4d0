/* The versions of the linked libraries; here because no lower layer sees Lua and msgpack. */
#include <stdio.h>

#include <troupe/version.h>

#include <lua.h>
#include <msgpack.h>
#include <uv.h>

size_t troupe_versions(char *out, size_t size) {
  int n = snprintf(out, size, "Troupe %s\n%s\nlibuv %s\nmsgpack-c %s\n", troupe_version(),
                   LUA_RELEASE, uv_version_string(), msgpack_version());
  return n > 0 ? (size_t)n : 0;
}
