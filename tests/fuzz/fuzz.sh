#!/bin/sh
# Runs libFuzzer targets one after the other, each on a copy of its corpus in the build folder.
#
#   fuzz.sh BUILD [TARGET...]      FUZZ_SECONDS=60 for each; without targets all that are built
#
# What a target finds is left as BUILD/fuzz/TARGET-crash-..., and is repeated with
# BUILD/tests/fuzz/test.fuzz.TARGET FILE. The exit code is 1 when anything was found.
set -eu
source=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
shift
seconds=${FUZZ_SECONDS:-60}
if [ $# = 0 ]; then
  set -- $(cd "$build/tests/fuzz" && ls | sed -n 's/^fuzz\.\(.*\)\.options$/\1/p')
fi

# Without much of a quarantine memory stays in the caches: a third more inputs each second.
export ASAN_OPTIONS="quarantine_size_mb=8:malloc_context_size=5${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
status=0
for target; do
  work=$build/fuzz/corpus/$target
  mkdir -p "$work"
  cp "$source/corpus/$target"/* "$work"
  echo "== $target: $seconds s"
  # Options are words.
  "$build/tests/fuzz/fuzz.$target" -max_total_time="$seconds" -timeout=10 -print_final_stats=1 \
    -artifact_prefix="$build/fuzz/$target-" $(cat "$build/tests/fuzz/fuzz.$target.options") "$work" \
    >"$build/fuzz/$target.log" 2>&1 || status=1
  grep -E 'DONE|does not hold|SUMMARY|Test unit|average_exec_per_sec' "$build/fuzz/$target.log" || true
done
exit $status
