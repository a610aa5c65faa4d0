#!/bin/sh
# Checks a model with spin: all interleavings, under sequential consistency.
#
#   check.sh MODEL.pml          it must hold
#   check.sh MODEL.pml N        mutant N of it must not: a model that cannot fail shows nothing
#
# Exit 77, which CTest takes for skipped, where spin is not installed.
set -eu
command -v spin >/dev/null || exit 77
model=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
mutant=${2:-0}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
spin -DMUTANT="$mutant" -a "$model" >spin.out || { cat spin.out && exit 1; }
"${CC:-cc}" -O2 -w -DSAFETY -DMEMLIM=2048 -o pan pan.c
./pan -m1000000 >pan.out
grep -E "State-vector|errors:|states, stored" pan.out
! grep -q "max search depth too small\|out of memory" pan.out || { cat pan.out && exit 1; }
if [ "$mutant" = 0 ]; then
  grep -q "errors: 0" pan.out || { cat pan.out && spin -DMUTANT=0 -t -p "$model" && exit 1; }
else
  ! grep -q "errors: 0" pan.out || { echo "mutant $mutant of $model holds" && exit 1; }
fi
