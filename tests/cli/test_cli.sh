#!/bin/bash
# Runs the program as a user would: test_cli.sh <path of troupe> <folder of the apps>
# Each check prints what it wanted when it fails; the exit status is the number of failures.
set -u
troupe=$1
cd "$2" || exit 1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
out=$scratch/out err=$scratch/err
failures=0

fail() {
  echo "FAILED: $1"
  sed 's/^/  out: /' "$out"
  sed 's/^/  err: /' "$err"
  failures=$((failures + 1))
}

# check <exit code> <text in stdout, or ""> <text in stderr, or ""> <arguments of troupe...>
check() {
  local code=$1 in_out=$2 in_err=$3
  shift 3
  timeout 60 "$troupe" "$@" >"$out" 2>"$err"
  local got=$?
  [ $got = "$code" ] || fail "troupe $*: exit code $got, not $code"
  [ -z "$in_out" ] || grep -qF -- "$in_out" "$out" || fail "troupe $*: no '$in_out' in its output"
  [ -z "$in_err" ] || grep -qF -- "$in_err" "$err" || fail "troupe $*: no '$in_err' in its errors"
}

# begin <arguments of troupe...>: starts it and waits until the app says "ready".
begin() {
  : >"$out" # or the last one's "ready" is still there
  "$troupe" "$@" >"$out" 2>"$err" &
  pid=$!
  local i
  for i in $(seq 600); do
    grep -q ready "$out" && return
    sleep 0.05
  done
  fail "troupe $*: never ready"
}

# ends <exit code> <what>: waits for what begin started.
ends() {
  wait $pid
  local got=$?
  [ $got = "$1" ] || fail "$2: exit code $got, not $1"
}

# ---- usage ----
check 2 "" "usage: troupe run"
check 2 "" "there is no command 'frob'" frob
check 2 "" "there is no command 'frob'" help frob
check 2 "" "one command" help run check
check 2 "" "takes no arguments" version now
check 2 "" "which app?" run
check 2 "" "which app?" check --
check 2 "" "there is no option '--nope'" run --nope hello.lua
check 2 "" "--log expects debug, info, warn or error" run --log loud hello.lua
check 2 "" "--log expects" run --log
check 2 "" "--workers expects" run --workers 0 hello.lua
check 2 "" "--workers expects" run hello.lua --workers=many
check 2 "" "--workers expects" run --workers= hello.lua
check 2 "" "--seed expects" run --seed -1 hello.lua
check 2 "" "--stop-ms expects" run --stop-ms soon hello.lua
check 2 "" "--memory-bytes expects" run --memory-bytes 16777215 hello.lua
check 2 "" "--memory-bytes expects" run --memory-bytes 64M hello.lua
check 0 "usage: troupe run" "" help
check 0 "--stop-ms" "" help run
check 0 "compiles every script" "" help check
check 0 "libuv " "" version
check 0 "Lua 5." "" --version
check 0 " known defects; none lets a script out of its actor" "" version
[ "$(sed -n 's/^This Lua has \([0-9]*\) of .*/\1/p' "$out")" = "$(grep -c '(fixed in 5' "$out")" ] ||
  fail "version names each defect that this Lua has"

# ---- files ----
check 66 "" "none.lua: " run none.lua
check 66 "" "not_there.lua: " run no_child.lua
check 65 "" "syntax.lua:5: " run syntax.lua
check 65 "" "bad_syntax.lua:2: " check bad_child.lua
check 65 "" 'app.children[1].restart: must be "permanent"' check bad_field.lua
check 65 "" "crash.lua:3: on purpose" run crash.lua
check 65 "" 'forged.lua:1: two\x0alines \x1b[31min red' run forged.lua

# ---- arguments ----
check 0 "2=b c" "" run hello.lua a "b c"
check 0 "1=--log" "" run hello.lua --log x
check 0 "1=x" "" run --workers 1 --seed=7 -- hello.lua x
check 0 "2=--seed" "" run --workers=2 hello.lua x --workers 1 -- --seed 5
grep -qF "3=5" "$out" || fail "what follows -- belongs to the app"
check 0 "hello.lua: 1 actor under 1 supervisor" "" check hello.lua x
check 0 "" "" run hello.lua
[ "$(cat "$out")" = bye ] || fail "without arguments only 'bye' is printed"
[ -s "$err" ] && fail "an app that works writes nothing to standard error"

# ---- ends ----
check 70 "" "the app ended: max_restarts: gave up on crash" run --log error gives_up.lua
check 70 "" "the system's memory, 67,108,864 bytes, is used up" run --memory-bytes 67108864 hog.lua
check 0 "2=x" "" run --memory-bytes 16777216 hello.lua a x
check 70 "" "init_error.lua:3: cannot start" run init_fails.lua
check 0 "" "" check init_fails.lua
"$troupe" run hello.lua x 2>"$err" >/dev/full
[ $? = 0 ] || [ $? = 70 ] || fail "a full disk behind standard output"

# ---- signals ----
for signal in INT TERM HUP; do
  begin run waits.lua
  kill -$signal $pid
  ends 0 "SIG$signal"
  grep -qF "stopped: shutdown" "$out" || fail "SIG$signal: the actor was not asked to stop"
done
begin run --stop-ms 100 lingers.lua
kill -TERM $pid
ends 70 "what does not stop in time"
grep -qF "had not stopped within 100 ms was killed" "$err" || fail "the message about the kill"
begin run loops.lua
kill -INT $pid
sleep 0.3
kill -TERM $pid
ends 143 "a second signal"
begin run --stop-ms 100 loops.lua
kill -TERM $pid
ends 70 "a script that never ends"
grep -qF "not stopped within 100 ms" "$err" || fail "the message about the stop"

[ $failures = 0 ] && echo "all passed"
exit $failures
