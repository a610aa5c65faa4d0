#!/bin/bash
# Audits this machine. `make run ARGS="..."` and `examples/patch_auditor/run.sh ...` are the same.
set -euo pipefail

usage='usage: run.sh [--sample] [--floor] [--out DIR] [--readers N] [--root DIR] [--status FILE]'
usage+=' [--crash TEXT[:N]] [--verbose]'
here=$(cd "$(dirname "$0")" && pwd)
troupe=${TROUPE:-$here/../../build/release/troupe}

refuse() {
  echo "patch_auditor: $1" >&2
  exit 2
}

sample=0 floor=0 out=out/patch_audit readers=$(($(nproc) * 2)) root='' status=/var/lib/dpkg/status crash='' log=error
while (($#)); do
  case $1 in
    --sample) sample=1 ;;
    --floor) floor=1 ;;
    --verbose) log=info ;;
    --help) echo "$usage"; exit 0 ;;
    --out | --readers | --root | --status | --crash)
      [[ ${2-} ]] || refuse "$1 needs a value; $usage"
      declare "${1#--}=$2"
      shift
      ;;
    *) refuse "unknown option $1; $usage" ;;
  esac
  shift
done
[[ $readers =~ ^[1-9][0-9]?$ ]] || refuse "--readers must be a number from 1 to 99, not $readers"
[[ -x $troupe ]] || refuse "there is no program $troupe; run make first"
if [[ ! $root ]]; then
  root=/usr/share/doc
  if ((!sample)) && [[ ! -d $root ]]; then
    echo "note: there is no $root; auditing the synthetic sample instead"
    sample=1
  fi
fi
((sample)) && root=$here/sample/doc status=$here/sample/status
[[ -d $root ]] || refuse "--root: $root is no directory"
[[ -e $status ]] || refuse "--status: there is no file $status"
root=$(realpath -- "$root") status=$(realpath -- "$status")
mkdir -p -- "$out"

changelogs() { find "$root" -name 'changelog*.gz' -print0; }
now() { date +%s.%N; }

((floor)) && changelogs | xargs -0 -r cat >/dev/null # so that both find the files in memory
begin=$(now)
"$troupe" run --log "$log" "$here/app.lua" "sample=$sample" "out=$out" "readers=$readers" "root=$root" \
  "status=$status" "crash=$crash" "sample_dir=$here/sample"
end=$(now)
((floor)) || exit 0

floor_begin=$(now)
# zcat fails for a damaged file and goes on with the next.
cves=$( (changelogs | xargs -0 -r zcat 2>/dev/null || true) | grep -aoE 'CVE-[0-9]{4}-[0-9]{4,}' | sort -u | wc -l)
floor_end=$(now)
echo
echo "the floor, find | zcat | grep -o | sort -u over the same files, and the whole audit, both from start to end:"
awk -v a="$begin" -v b="$end" -v c="$floor_begin" -v d="$floor_end" -v n="$cves" 'BEGIN {
  printf "floor_cves: %d\nfloor_seconds: %.2f\naudit_seconds: %.2f\nratio: %.2f\n", n, d - c, b - a, (b - a) / (d - c)
}'
