#!/bin/bash
# The benchmarks. Prints one line a row: bench, metric, program, min, median, max, unit, ratio of the medians to the
# yardstick's (the first program of the row); writes the same as JSON. docs/benchmarks.md explains the rows.
#
#   run.sh [overhead] [fair] [kernel]      all of them when none is named
#
# Environment: RUNS=5  THREADS=2 (of fair)  KERNEL="pingpong ring ..." (these rows only)  TROUPE=build/release/troupe
#              OUT=build/bench (programs built here, and results.json)
# Programs that are not installed (erl, go, CAF's headers, lua5.4) are left out. Wants a quiet machine: says how busy it
# was.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
RUNS=${RUNS:-5} THREADS=${THREADS:-2}
TROUPE=${TROUPE:-$here/../build/release/troupe} OUT=${OUT:-$here/../build/bench}
mkdir -p "$OUT"
results=$OUT/results.txt
: >"$results" # lines: bench metric program value unit

newer() { [[ ! -e $2 || $1 -nt $2 ]]; }
row() { echo "$*" >>"$results"; }

# ---- the price of isolation for Lua code: processor time of the same file as an actor and in a plain state --------------

seconds() { # of processor time, user and system
  local TIMEFORMAT='%U %S'
  { time "$@" >/dev/null 2>"$OUT/err" || { cat "$OUT/err" >&2 && exit 1; }; } 2>&1 | awk '{ printf "%.3f", $1 + $2 }'
}
overhead_once() { # PROGRAM FILE
  case $1 in
  plain) seconds "$OUT/plain" "$here/overhead/$2.lua" ;;
  lua5.4) seconds lua5.4 "$here/overhead/$2.lua" ;;
  troupe) seconds "$TROUPE" run --workers 1 "$here/overhead/app.lua" "$2.lua" ;;
  esac
}
overhead() {
  newer "$here/overhead/plain.c" "$OUT/plain" &&
    cc -O2 -o "$OUT/plain" "$here/overhead/plain.c" $(pkg-config --cflags --libs lua5.4)
  local programs=(plain troupe) name program i empty
  ! command -v lua5.4 >/dev/null || programs+=(lua5.4)
  declare -A empty
  for program in "${programs[@]}"; do empty[$program]=$(overhead_once "$program" empty); done
  for name in fib loop methods tables strings sort; do
    for ((i = 0; i < RUNS; i++)); do
      for program in "${programs[@]}"; do
        row overhead "$name" "$program" \
          "$(awk -v t="$(overhead_once "$program" "$name")" -v e="${empty[$program]}" 'BEGIN { print t - e }')" s
      done
    done
  done
}

# ---- a pinger beside four actors that never stop -------------------------------------------------------------------------

fair_once() { # PROGRAM: prints lines "program fair metric value unit"
  case $1 in
  troupe) "$TROUPE" run --workers "$THREADS" "$here/fair/app.lua" 4 3 2>&1 | sed -n 's/.*: \(troupe fair .*\)/\1/p' ;;
  erlang) SECS=3 erl +S "$THREADS:$THREADS" -noshell -noinput -pa "$OUT" -run bench main fair ;;
  go) SECS=3 GOMAXPROCS=$THREADS BENCH=fair timeout 20 "$OUT/go-bench" fair ;;
  caf) SECS=3 THREADS=$THREADS BENCH=fair timeout -k 2 11 "$OUT/caf-bench" fair || echo "caf fair pings 0 count" ;;
  esac
}
peers() { # builds the programs of the peers that are there, and prints their names
  if command -v erlc >/dev/null; then
    echo erlang
    newer "$here/peers/erlang/bench.erl" "$OUT/bench.beam" && erlc -o "$OUT" "$here/peers/erlang/bench.erl"
  fi
  if command -v go >/dev/null; then
    echo go
    newer "$here/peers/go/bench.go" "$OUT/go-bench" &&
      GO111MODULE=off GOCACHE=$OUT/go-cache go build -o "$OUT/go-bench" "$here/peers/go/bench.go"
  fi
  if [[ -e /usr/include/caf/all.hpp ]]; then
    echo caf
    newer "$here/peers/caf/bench.cpp" "$OUT/caf-bench" &&
      g++ -std=c++17 -O2 -o "$OUT/caf-bench" "$here/peers/caf/bench.cpp" -lcaf_core -lpthread
  fi
}
fair() {
  local programs=(troupe $(peers)) program i
  for ((i = 0; i < RUNS; i++)); do
    for program in "${programs[@]}"; do
      fair_once "$program" | while read -r p b metric value unit; do
        [[ $value == -* ]] || row "$b" "$metric" "$p" "$value" "$unit" # -1: not one ping came back
      done
    done
  done
}

# ---- the kernel: the same programs in C behaviours and in the peers' languages ---------------------------------------------

kernel_once() { # PROGRAM BENCH: prints lines "program bench metric value unit"
  local bench=$2
  [[ $1 == troupe ]] || bench=$(sed 's/^ask$/call/; s/^spawn$/spawn_seq/' <<<"$2")
  case $1 in
  troupe) timeout 120 "$OUT/kernel" "$bench" ;;
  erlang) timeout 120 erl +S "$THREADS:$THREADS" +P 2000000 -noshell -noinput -pa "$OUT" -run bench main "$bench" ;;
  go) GOMAXPROCS=$THREADS BENCH=$bench timeout 120 "$OUT/go-bench" "$bench" ;;
  caf) BENCH=$bench timeout 120 "$OUT/caf-bench" "$bench" ;;
  esac
}
kernel_rows() { # NAME METRIC PROGRAM...: RUNS runs of each, in turn
  local name=$1 metric=$2 program i
  for ((i = 0; i < RUNS; i++)); do
    for program in "${@:3}"; do
      kernel_once "$program" "$name" | while read -r p _ m value unit; do
        [[ $m != $metric ]] || row "kernel-$THREADS" "$name${WORK:+_work}${ACTORS:+_$ACTORS}:$m" "$p" "$value" "$unit"
      done
    done
  done
}
kernel() {
  local lib=$(dirname "$TROUPE")/libtroupe.a name
  newer "$here/kernel/kernel.c" "$OUT/kernel" || newer "$lib" "$OUT/kernel" &&
    cc -std=c11 -D_GNU_SOURCE -O2 -flto=auto -I"$here/../include" -o "$OUT/kernel" "$here/kernel/kernel.c" "$lib" \
      $(pkg-config --libs lua5.4 libuv msgpack) -lpthread -lm -ldl
  local others=($(peers)) first=()
  case " ${others[*]} " in *" erlang "*) first=(erlang) others=("${others[@]:1}") ;; esac # the yardstick
  export THREADS WORK ACTORS
  for THREADS in 1 2; do
    unset WORK ACTORS
    for name in ${KERNEL:-pingpong ring fanin ask broadcast spawn big}; do
      kernel_rows "$name" op_ns "${first[@]}" troupe "${others[@]}"
    done
    WORK=200 kernel_rows big op_ns troupe
  done
  THREADS=1 kernel_rows wake '*p50' troupe
  ACTORS=100000 kernel_rows mem bytes_per_actor "${first[@]}" troupe "${others[@]}"
  ACTORS=1000000 kernel_rows mem bytes_per_actor troupe
}

# ---- the table -----------------------------------------------------------------------------------------------------------

table() { # of results.txt, in its order; the first program of a row is the yardstick
  awk -v json="$OUT/results.json" '
    function sort(a, n,   i, j, t) {
      for (i = 2; i <= n; i++) { t = a[i]; for (j = i - 1; j > 0 && a[j] > t; j--) a[j + 1] = a[j]; a[j + 1] = t }
    }
    { key = $1 " " $2 " " $3; if (!(key in n)) order[++rows] = key
      v[key, ++n[key]] = $4 + 0; unit[key] = $5 }
    END {
      printf "%-10s %-26s %-8s %10s %10s %10s %-6s %s\n", "bench", "metric", "program", "min", "median", "max", "unit", "ratio"
      printf "[" > json
      for (r = 1; r <= rows; r++) {
        key = order[r]; split(key, k, " "); m = n[key]
        for (i = 1; i <= m; i++) a[i] = v[key, i]
        sort(a, m)
        median = m % 2 ? a[(m + 1) / 2] : (a[m / 2] + a[m / 2 + 1]) / 2
        if (!((k[1], k[2]) in base)) base[k[1], k[2]] = median
        b = base[k[1], k[2]]; ratio = b ? median / b : 0
        printf "%-10s %-26s %-8s %10.3f %10.3f %10.3f %-6s %.3f\n", k[1], k[2], k[3], a[1], median, a[m], unit[key], ratio
        printf "%s\n{\"bench\":\"%s\",\"metric\":\"%s\",\"program\":\"%s\",\"min\":%g,\"median\":%g,\"max\":%g,\"unit\":\"%s\",\"runs\":%d,\"ratio\":%.4g}", \
          (r > 1 ? "," : ""), k[1], k[2], k[3], a[1], median, a[m], unit[key], m, ratio > json
      }
      printf "\n]\n" > json
    }' "$results"
}

wanted=("$@")
[[ $# -gt 0 ]] || wanted=(overhead fair kernel)
load() { cut -d' ' -f1 /proc/loadavg; }
before=$(load)
for bench in "${wanted[@]}"; do
  case $bench in
  overhead | fair | kernel) "$bench" ;;
  *) echo "run.sh: no benchmark '$bench'" >&2 && exit 2 ;;
  esac
done
table
echo "machine: $(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1); load before $before; $RUNS runs each; $(date -u +%F)"
