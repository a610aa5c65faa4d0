/* Texts of error codes. */
#include <troupe/error.h>

#include <string.h>

/* libuv's codes that are no errno values of Unix: address lookup at -3000 to -3014, and a few just
 * above -4096. */
enum {
  UV_CODES_EAI_FIRST = -3000,
  UV_CODES_EAI_LAST = -3014,
  UV_CODE_EOF = -4095,
  UV_CODE_UNKNOWN = -4094
};

/* NULL when the number is no code of the operating system or of libuv. strerrordesc_np, not
 * strerror_r: it gives constants, and the same text under every locale. */
static const char *system_text(int err) {
  if (err == UV_CODE_EOF) return "end of file";
  if (err == UV_CODE_UNKNOWN) return "unknown system error";
  if (err <= UV_CODES_EAI_FIRST && err >= UV_CODES_EAI_LAST)
    return "the host name could not be resolved";
  if (err < 0 && err > -4096) return strerrordesc_np(-err);
  return NULL;
}

const char *troupe_strerror(int err) {
  switch (err) {
  case TROUPE_OK:
    return "success";
  case TROUPE_PENDING:
    return "the result comes later";
#define TEXT(name, value, lua_name, sentence)                                                      \
  case value:                                                                                      \
    return sentence;
    TROUPE_ERROR_MAP(TEXT)
#undef TEXT
  default: {
    const char *text = system_text(err);
    return text ? text : "unknown error";
  }
  }
}

const char *troupe_err_name(int err) {
  switch (err) {
  case TROUPE_OK:
    return "ok";
  case TROUPE_PENDING:
    return "pending";
#define NAME(name, value, lua_name, sentence)                                                      \
  case value:                                                                                      \
    return lua_name;
    TROUPE_ERROR_MAP(NAME)
#undef NAME
  default:
    return system_text(err) ? "system" : "unknown";
  }
}
