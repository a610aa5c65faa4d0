/* JSON for scripts: the module "troupe.json", in the library libtroupe_batteries.
 *
 *   troupe.json.decode(text) -> value   raises; nil, error with try_decode
 *   troupe.json.encode(value) -> text   raises; nil, error with try_encode
 *
 * Objects become tables by name, arrays lists (an empty one keeps its mark, see troupe.array), null
 * troupe.json.null. Integers and floats stay distinct. Nesting is at most 32 levels, a text at most
 * the actor's limits.message_bytes. What has no place in JSON is misuse and raises, also from
 * try_encode: functions, refs, numbers that are not finite, strings that are not UTF-8, tables with
 * mixed keys, keys with a NUL byte. Keys are encoded in order: equal values have equal texts. */
#ifndef TROUPE_JSON_H
#define TROUPE_JSON_H

#include <troupe/error.h>
#include <troupe/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Gives the module to every script of the system.
 * Thread   any, before scripts start.
 * Returns  TROUPE_OK, TROUPE_E_ALREADY_REGISTERED, UV_ENOMEM */
TROUPE_API int troupe_json_register(troupe_system *sys);

#ifdef __cplusplus
}
#endif
#endif
