/* Names of exit classes, and the version. */
#include <troupe/types.h>

#include <troupe/version.h>

const char *troupe_exit_class_name(troupe_exit_class c) {
  switch (c) {
#define NAME(name, lua_name)                                                                       \
  case TROUPE_EXIT_##name:                                                                         \
    return lua_name;
    TROUPE_EXIT_MAP(NAME)
#undef NAME
  }
  return "unknown";
}

bool troupe_exit_is_clean(troupe_exit_class c) {
  return c == TROUPE_EXIT_NORMAL || c == TROUPE_EXIT_SHUTDOWN;
}

const char *troupe_version(void) { return TROUPE_VERSION_STRING; }
