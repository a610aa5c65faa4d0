#!/bin/sh
# clang-format and clang-tidy over all C files of the repository; needs a configured build/dev for the compile commands.
set -eu
cd "$(dirname "$0")/.."
jobs="${JOBS:-$(nproc)}"

# Tracked files; without git (a release archive) all files of the source folders.
sources() {
  git ls-files -- '*.c' '*.h' 2>/dev/null ||
    find include actors supervision tools scripting cli tests examples -name '*.[ch]' 2>/dev/null
}

files=$(sources | while read -r file; do [ ! -f "$file" ] || echo "$file"; done)
status=0
echo "clang-format: $(echo "$files" | wc -l) files"
echo "$files" | xargs clang-format-14 --dry-run --Werror || status=1

# Only what the build compiles has its flags known. gcc's own warnings mean nothing to clang.
compiled=$(for file in $files; do
  case $file in
  *.c) grep -qF "\"file\": \"$PWD/$file\"" build/dev/compile_commands.json && echo "$file" ;;
  esac
done || true)
[ -n "$compiled" ] || {
  echo "lint: build/dev knows no file of this folder; configure it first" >&2
  exit 1
}
echo "clang-tidy: $(echo "$compiled" | wc -l) files"
echo "$compiled" | xargs -P "$jobs" -n 1 clang-tidy-14 -p build/dev --quiet \
  --extra-arg=-Wno-unknown-warning-option >build/dev/lint.txt 2>&1 || status=1
grep -Ev '^[0-9]+ warnings? (generated|treated)' build/dev/lint.txt || true
[ $status = 0 ] && echo "lint: clean"
exit $status
