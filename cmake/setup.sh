#!/bin/sh
# Installs the Debian packages that are missing, after printing them.
#
#   setup.sh [--check] SET...      sets: build test lint clang fuzz
#
# With --check nothing is installed: missing packages are an error. TROUPE_SKIP_SETUP=1 skips everything, for systems
# whose libraries come from elsewhere. Needs nothing but a POSIX shell and, on Debian, dpkg and apt.
set -eu

build="gcc libc6-dev make cmake ninja-build pkg-config libuv1-dev liblua5.4-dev libmsgpack-dev zlib1g-dev libsqlite3-dev libjansson-dev"
test="libcmocka-dev spin"
lint="clang-format-14 clang-tidy-14"
clang="clang-14"
fuzz="libclang-rt-14-dev"

[ "${TROUPE_SKIP_SETUP:-}" != 1 ] || exit 0

check_only=no
wanted=""
for arg in "$@"; do
  case $arg in
  --check) check_only=yes ;;
  build) wanted="$wanted $build" ;;
  test) wanted="$wanted $test" ;;
  lint) wanted="$wanted $lint" ;;
  clang) wanted="$wanted $clang" ;;
  fuzz) wanted="$wanted $fuzz" ;;
  *)
    echo "setup.sh: unknown set '$arg' (build, test, lint, clang, fuzz)" >&2
    exit 2
    ;;
  esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "This is not a Debian system. Please install what these Debian packages hold:" >&2
  echo " $wanted" >&2
  echo "and run again with TROUPE_SKIP_SETUP=1." >&2
  exit 1
fi

installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]
}

missing=""
for package in $wanted; do
  installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "missing packages:$missing"
if [ "$check_only" = yes ]; then
  echo "'make setup' installs them" >&2
  exit 1
fi

as_root=""
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "Please install them as root: apt-get install --no-install-recommends$missing" >&2
    exit 1
  fi
  as_root="sudo"
fi

# $missing and $as_root are lists of words.
apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@"; }

# A fresh container has no package lists; an old one may name versions the mirrors no longer have.
known=yes
for package in $missing; do
  apt-cache show "$package" >/dev/null 2>&1 || known=no
done
if [ $known = yes ] && apt install -y --no-install-recommends $missing; then
  exit 0
fi
apt update
apt install -y --no-install-recommends $missing
