#!/bin/bash
# Tests of examples/patch_auditor, which is run as its users run it.
#   test_patch_auditor.sh TROUPE EXAMPLE CHECKS GROUP
set -uo pipefail
TROUPE=$1 example=$2 checks=$3 group=$4
export TROUPE
unset LANG LC_ALL

work=$(mktemp -d)
trap 'umount "$work/small" 2>/dev/null; chmod -R u+rwx "$work"; rm -rf "$work"' EXIT
failures=0

fail() {
  echo "FAILED: $1"
  failures=$((failures + 1))
}

# audit OUT ARGS...: its output is in $work/log, its exit status in $status, its report and so on in $work/OUT.
audit() {
  local out=$1
  shift
  "$example/run.sh" --out "$work/$out" "$@" >"$work/log" 2>&1
  status=$?
}

value() { sed -n "s/^$1: //p" "$work/log"; }

# expect NAME WANTED: the line of the summary.
expect() {
  [[ $(value "$1") == "$2" ]] || { fail "$1 is '$(value "$1")', not '$2'"; cat "$work/log"; }
}

expect_line() { grep -qxF -- "$1" "$work/log" || { fail "no line '$1'"; cat "$work/log"; }; }
expect_lines_with() { # COUNT TEXT
  local n
  n=$(grep -cF -- "$2" "$work/log")
  [[ $n == "$1" ]] || { fail "$n lines with '$2', not $1"; cat "$work/log"; }
}
expect_status() { [[ $status == "$1" ]] || { fail "exit status $status, not $1"; cat "$work/log"; }; }

SAMPLE_SHA256=d78502a0f36755009e91534ef8e31b5ac9dd18426ef64b015e30dcbfb13df9df

expect_sample() {
  expect_status 0
  expect packages 7
  expect changelogs 6
  expect entries 9
  expect distinct_cves 8
  expect sha256 "$SAMPLE_SHA256"
}

pure() { # the modules without actors
  mkdir "$work/app"
  cp "$example"/*.lua "$work/app"
  cp "$checks"/*.lua "$work/app"
  "$TROUPE" run "$work/app/app.lua" || fail "the checks of the pure modules"
  "$TROUPE" check "$example/app.lua" sample=1 out="$work" readers=1 root="$work" status="$work/status" crash= \
    sample_dir="$example/sample" >/dev/null || fail "the app does not load"
}

sample() {
  local readers name
  for readers in 1 2 8; do
    audit "out$readers" --sample --readers "$readers"
    expect_sample
    expect restarts 0
    expect_line 'note: these are the figures of the synthetic sample, not of this machine'
  done
  cmp "$work/out1/dump.tsv" "$work/out8/dump.tsv" || fail "the dump depends on the readers"
  [[ $(sha256sum <"$work/out1/dump.tsv") == "$SAMPLE_SHA256  -" ]] || fail "sha256 is not that of dump.tsv"
  grep -q 'synthetic sample' "$work/out1/report.html" || fail "the report does not say that it is the sample"
  audit out1 --sample # over an old database
  expect_sample
  # the summary ends with these names, in this order
  name=$(tail -n 10 "$work/log" | sed 's/:.*//' | tr '\n' ' ')
  local wanted="packages changelogs entries distinct_cves restarts retries breaker_trips dead_letters seconds sha256 "
  [[ $name == "$wanted" ]] || fail "the summary ends with $name"
  # as make_sample.sh makes it
  cp -r "$example/sample" "$work/sample" && bash "$work/sample/make_sample.sh" || fail "make_sample.sh"
  diff -r "$example/sample" "$work/sample" || fail "the sample is not what make_sample.sh makes"
  mkdir "$work/none"
  audit out1 --root "$work/none"
  expect_sample
  expect_line "note: no changelog*.gz under $work/none; auditing the synthetic sample instead"
}

crash() { # readers that crash and are started again
  audit out --sample --crash sample-tls/ --readers 3
  expect_sample
  expect restarts 1
  audit out --sample --crash changelog:2 --readers 2
  expect_sample
  expect restarts 12
  audit out --sample --crash sample-tls/:3
  expect_status 0
  expect changelogs 5
  expect entries 6
  expect restarts 3
  expect_lines_with 1 "failed: $example/sample/doc/sample-tls/changelog.Debian.gz: its reader crashed 3 times"
}

bad_input() {
  local root=$work/doc sample=$example/sample/doc/sample-tls/changelog.Debian.gz
  mkdir -p "$root"/{good,copy,truncated,latin,empty,nothing,dangling,bomb,plain,pipe,odd,locked,secret}
  cp "$sample" "$root/good/changelog.Debian.gz"
  ln -s ../good/changelog.Debian.gz "$root/copy/changelog.gz" # the same path again
  head -c 200 "$sample" >"$root/truncated/changelog.gz"
  printf 'latin (1) unstable; urgency=low\n\n  * Andr\351: CVE-1999-9100.\n\n -- Andr\351 <a@example.org>  %s\n' \
    'Mon, 01 Jan 2024 00:00:00 +0000' | gzip -n >"$root/latin/changelog.gz"
  : >"$root/empty/changelog.gz"
  : | gzip -n >"$root/nothing/changelog.gz"
  ln -s nowhere "$root/dangling/changelog.gz"
  ln -s /etc/passwd "$root/dangling/changelog.out.gz"
  head -c 60000000 /dev/zero | gzip -n >"$root/bomb/changelog.gz"
  echo "no gzip" >"$root/plain/changelog.gz"
  mkfifo "$root/pipe/changelog.gz"
  cp "$sample" "$root/odd/changelog.$(printf 'a\nb\tc\\<b>\377').gz"
  cp "$sample" "$root/secret/changelog.gz"
  chmod 0 "$root/secret/changelog.gz" "$root/locked"
  local read=4 failed=9 entries=7
  [[ -r $root/locked ]] && read=5 failed=7 entries=10 # root may read everything
  audit out --root "$root" --status "$example/sample/status" --readers 3
  expect_status 0
  expect_line "failed: $root/truncated/changelog.gz: the data is truncated, at compressed byte 200"
  expect_line "failed: $root/empty/changelog.gz: the data is truncated, at compressed byte 0"
  expect_line "failed: $root/bomb/changelog.gz: the data inflates to more than 50331648 bytes"
  expect_lines_with 1 "failed: $root/plain/changelog.gz: "
  expect_line "failed: $root/dangling/changelog.gz: the link leads nowhere, or to where the audit may not read"
  expect_line "failed: $root/dangling/changelog.out.gz: the link leads nowhere, or to where the audit may not read"
  expect_line "failed: $root/pipe/changelog.gz: is not a file"
  expect_line "note: latin/changelog.gz: the text is not UTF-8 from byte 42 on; read as bytes"
  expect_line "note: $failed could not be read; the totals are without them"
  expect_lines_with "$failed" "failed: "
  expect changelogs "$read"
  expect entries "$entries"
  expect distinct_cves 5
  [[ $(grep -c ^failures "$work/out/dump.tsv") == "$failed" ]] || fail "the table failures"
  grep -q 'a&lt;b' "$work/out/report.html" && fail "the report shows a name wrongly"
  grep -q '<b>\xef\xbf\xbd.gz\|\\<b>' "$work/out/report.html" && fail "the report holds markup from a file name"
}

bad_output() {
  local full=$work/small
  audit out --nonsense
  expect_status 2
  expect_lines_with 1 "patch_auditor: unknown option --nonsense; usage: run.sh "
  for option in --out --readers --root --status; do
    "$example/run.sh" $option >"$work/log" 2>&1
    status=$?
    expect_status 2
    expect_lines_with 1 "patch_auditor: $option needs a value; usage: run.sh "
  done
  audit out --readers many
  expect_status 2
  audit out --root "$work/nowhere"
  expect_status 2
  expect_line "patch_auditor: --root: $work/nowhere is no directory"
  : >"$work/file"
  audit file
  expect_status 1
  audit file/below
  expect_status 1
  : >"$work/status"
  audit out --root "$example/sample/doc" --status "$work/status"
  expect_status 70
  expect_lines_with 1 "$work/status: names no installed package"
  expect_lines_with 0 'sha256: '
  mkdir -p "$work/out4"
  echo "no database" >"$work/out4/audit.db"
  audit out4 --sample
  expect_status 70
  expect_lines_with 1 "$work/out4/audit.db cannot be written: "
  expect_lines_with 0 'sha256: '

  mkdir "$full"
  if mount -t tmpfs -o size=16k none "$full" 2>/dev/null; then
    audit small --sample
    expect_status 70
    expect_lines_with 1 "$full/audit.db cannot be written: "
    expect_lines_with 0 'sha256: '
    umount "$full"
    mount -t tmpfs -o size=36k none "$full" && audit small --sample # room for the database alone
    expect_status 70
    expect_lines_with 1 "cannot be written: "
    expect_lines_with 0 'sha256: '
    umount "$full"
  fi
  chmod a-w "$full"
  if [[ ! -w $full ]]; then
    audit small --sample
    expect_status 70
    expect_lines_with 1 "$full/audit.db cannot be written: "
  fi
}

machine() { # everything that is installed here, against an independent count
  local root=/usr/share/doc files
  files=$(find $root -name 'changelog*.gz' 2>/dev/null | wc -l)
  ((files > 0)) || { echo "there are no changelogs on this machine"; exit 77; }
  audit out
  expect_status 0
  expect changelogs "$(find $root -name 'changelog*.gz' -exec realpath {} + | sort -u | wc -l)"
  expect distinct_cves "$(find $root -name 'changelog*.gz' -exec zcat {} + | grep -aoE 'CVE-[0-9]{4}-[0-9]{4,}' |
    sort -u | wc -l)"
  expect packages "$(grep -c '^Status: .* installed$' /var/lib/dpkg/status)"
  local first
  first=$(value sha256)
  audit out --readers 1
  expect sha256 "$first"
  audit out --readers 3 --crash libssl
  expect sha256 "$first"
}

"$group"
((failures == 0))
