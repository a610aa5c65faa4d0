/* Errors as scripts see them, tables {code=, message=, ...} with __tostring, and as they leave the
 * script: text that no user code is needed to read.
 *
 * Thread: owner, inside the frame. */
#ifndef TRP_SCRIPTING_FAULT_H
#define TRP_SCRIPTING_FAULT_H

#include <stdbool.h>

#include <lua.h>

#include <troupe/system.h>
#include <troupe/types.h>

#include "scripting/task.h"

/* Creates the errors' metatable; when the state is made. */
void trp_fault_open(lua_State *L);

/* Pushes {code=, message=}: the names of a TROUPE_E_ code, or of the system's; message NULL: its
 * sentence. TROUPE_E_ERROR with "code: sentence" gets that code: so scripts' own codes travel. */
void trp_fault_push(lua_State *L, int code, const char *message);

/* The same with the field `reason`: how the other actor ended. reason may be NULL. */
void trp_fault_push_event(lua_State *L, const troupe_event *event);

/* Pushes {class=, code=, reason=, traceback=}. NULL: nil. */
void trp_fault_push_exit(lua_State *L, const troupe_exit *why);

/* Ends a verb with an error: raises it, or with `quiet` (the try_ forms) returns nil, error. The
 * first expects the error on top of the stack. */
int trp_fault_throw(lua_State *L, bool quiet);
int trp_fault_throw_code(lua_State *L, bool quiet, int code, const char *message);

/* The same; TROUPE_E_LIMIT and _TOO_BIG say which limit it was, and how much it allows. */
int trp_fault_throw_limit(lua_State *L, bool quiet, int code, troupe_limit which);

/* A message handler that keeps the traceback for trp_fault_make and leaves the error as it is, for
 * the script's __close metamethods; runs no user code. */
int trp_fault_handler(lua_State *L);

/* Turns the error on top of the stack, which has ended the current task, into a failure. Runs no
 * user code. */
void trp_fault_make(lua_State *L);

/* Reads a failure, or any value, at idx. Runs no user code. */
trp_failure trp_fault_read(lua_State *L, int idx);

/* The code of this name, or TROUPE_E_ERROR. */
int trp_fault_code(const char *name);

#endif
