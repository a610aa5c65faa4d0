#!/bin/bash
# Makes the synthetic sample beside it: changelogs and a dpkg status file of an invented machine. The packages and people
# do not exist, and CVE ids of the year 1999 with numbers from 9000 on were never given to anything. The output is the
# same on every machine.
set -euo pipefail
cd "$(dirname "$0")"
rm -rf doc status
note='This changelog is synthetic: a sample for the patch auditor.'

# pack FILE: standard input, compressed without name and time.
pack() {
  mkdir -p "doc/$(dirname "$1")"
  gzip -9n >"doc/$1"
}

# entry SOURCE VERSION DISTRIBUTION URGENCY DATE LINE...
entry() {
  printf '%s (%s) %s; urgency=%s\n\n' "$1" "$2" "$3" "$4"
  printf '  * %s\n' "${@:6}"
  printf '\n -- Sam Ple <sample@example.org>  %s\n\n' "$5"
}

for package in libsample-tls3 sample-tls; do # two packages of one source
  {
    entry sample-tls 3.0.2-1+deb12u2 sample-security high 'Tue, 09 Jan 2024 10:00:00 +0100' "$note" \
      'CVE-1999-9007: the session cache kept what it should have dropped.' 'CVE-1999-9008: see there.'
    entry sample-tls 3.0.2-1+deb12u1 sample-security high 'Sat, 01 Jul 2023 23:30:00 -0700' \
      'CVE-1999-9005, CVE-1999-9006: reads behind the end of a record.' 'Closes the rest of CVE-1999-9005.'
    entry sample-tls 3.0.2-1 unstable medium 'Mon,  6 Mar 2023 08:15:00 +0000' 'New upstream release.'
  } | pack "$package/changelog.Debian.gz"
done
{
  entry libsample-zip 1.3-2 unstable 'low (high for users of the old format)' 'Thu, 30 Nov 2023 12:00:00 +0000' "$note" \
    'CVE-1999-9009: a zip file of 42 bytes grew without end.'
  entry libsample-zip 1.3-1 unstable low 'Fri, 13 Oct 2023 12:00:00 +0000' 'First packaging.'
} | pack libsample-zip1/changelog.Debian.gz
{
  entry sample-editor 0.9-4 unstable medium 'Wed, 05 Feb 2025 16:20:00 +0000' "$note" 'Patches from upstream:' \
    '  CVE-1999-9010 (a file could choose its own macros)'
  printf 'Old changelog, from before the package was packaged:\n\n  It once had CVE-1999-9011.\n'
} | pack sample-editor/changelog.Debian.gz
printf '%s\n\n2022-11-02  Sam Ple\n\n\t* undo.c: CVE-1999-9010 and CVE-1999-9012 are fixed.\n' "$note" |
  pack sample-editor/changelog.gz
printf '%s\n\n2021-05-01  Sam Ple\n\n\t* Initial release.\n' "$note" | pack sample-base/changelog.gz
ln -s ../sample-base/changelog.gz doc/libsample-zip1/changelog.gz # the same file: counted once
ln -s sample-tls doc/sample-tls-doc                               # the same directory: not entered

# package SOURCE_OR_NOTHING NAME VERSION FIELD...
package() {
  printf 'Package: %s\nStatus: install ok installed\nSection: sample\nArchitecture: all\nVersion: %s\n' "$2" "$3"
  [[ $1 ]] && printf 'Source: %s\n' "$1"
  printf '%s\n' "${@:4}" 'Description: synthetic sample package' ''
}

{
  package '' sample-base 1 'Essential: yes'
  package sample-tls libsample-tls3 3.0.2-1+deb12u2 'Depends: sample-base'
  package '' sample-tls 3.0.2-1+deb12u2 'Provides: sample-crypto (= 3)' 'Depends: libsample-tls3 (>= 3.0.2)'
  package sample-tls sample-tls-doc 3.0.2-1+deb12u2
  package 'libsample-zip (1.3-2)' libsample-zip1 1.3-2+b1 'Pre-Depends: sample-base (>= 1)'
  package '' sample-editor 0.9-4 'Depends: libsample-zip1 (>= 1.3), sample-crypto | gone-crypto, sample-base'
  package '' sample-desktop 7 'Depends: sample-editor, sample-viewer | sample-editor:any'
  printf 'Package: removed\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 1\n\n'
} >status
