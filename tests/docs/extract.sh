#!/bin/bash
# extract.sh <page> <folder>: writes the page's ```c blocks, in their order, to embedding.c, the ```lua block that begins
# with "-- greeter.lua" to greeter.lua, and the ```text block to expected.txt. What has not changed is not written again.
set -eu
awk -v page="$1" '
  /^```c$/ { inside = "c"; printf "#line %d \"%s\"\n", NR + 1, page; next }
  /^```/ { inside = ""; next }
  inside == "c" { print }' "$1" >"$2/embedding.c.new"
awk '/^-- greeter.lua/ { on = 1 } /^```/ { on = 0 } on { print }' "$1" >"$2/greeter.lua.new"
awk '/^```text/ { on = 1; next } /^```/ { on = 0 } on { print }' "$1" >"$2/expected.txt.new"
for name in embedding.c greeter.lua expected.txt; do
  cmp -s "$2/$name.new" "$2/$name" || cp "$2/$name.new" "$2/$name"
  rm "$2/$name.new"
done
