#!/bin/bash
# Tries the Lua in the documentation: snippets.sh <path of troupe> <root of the sources> <page>...
#
#   ```lua                 a block: it must compile
#   ```lua continues x.lua appended to the file x.lua, between `do` and `end`
#   -- name.lua            as a block's first line: the block is that file of the page's example
#   -- app.lua             the example's app, also *_app.lua: it is run when a ```text block, another app or the page's end
#                          comes, and must end with status 0
#   ```text                after an app: what it prints, log lines without their date. "…" stands for any text. An exit
#                          status other than 0 is a last line "exit status 70".
#
# A file of the same name further down replaces the first. The exit status is 0 when all is well.
set -u
troupe=$(realpath "$1") root=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0 blocks=0 runs=0

fail() {
  echo "FAILED: $1"
  failures=$((failures + 1))
}

cat >"$work/check_app.lua" <<'EOF'
local children = {}
for i, name in ipairs { ... } do children[i] = { id = name, script = name } end
return require "troupe".app { children = children }
EOF

# run_app [expected text]: runs the app that waits for it, if any.
run_app() {
  [ -n "$app" ] || return
  local got status pattern
  got=$(cd "$dir" && timeout 50 "$troupe" run "$app" 2>&1 </dev/null)
  status=$?
  got=$(sed -E 's/^[0-9]{4}-[0-9-]+T[0-9:.]+Z //' <<<"$got")
  [ $status = 0 ] || got+=${got:+$'\n'}"exit status $status"
  runs=$((runs + 1))
  if [ $# = 0 ]; then
    [ $status = 0 ] || fail "$page:$app_line: $app"$'\n'"$got"
  else
    pattern=$(sed 's/[][\\*?()|&!+@]/\\&/g; s/…/*/g' <<<"$1")
    # shellcheck disable=SC2053 # the right side is a pattern
    [[ $got == $pattern ]] || fail "$page:$app_line: $app printed"$'\n'"$got"$'\n'"--- and not"$'\n'"$1"
  fi
  app=
}

# end_block <info string> <number of the first line> <text>
end_block() {
  local name=
  case $1 in
  text) [ -z "$app" ] || run_app "$3" ;;
  lua | lua\ *)
    blocks=$((blocks + 1))
    { printf "%$(($2 - 1))s" '' | tr ' ' '\n' && printf '%s\n' "$3"; } >"$dir/line_$2.lua" # errors name the page's line
    [[ $1 == "lua continues "* ]] && printf 'do\n%s\nend\n' "$3" >>"$dir/${1#lua continues }"
    [[ $3 =~ ^--\ ([a-z_]+\.lua) ]] && name=${BASH_REMATCH[1]}
    [ -n "$name" ] || return
    if [[ $name == app.lua || $name == *_app.lua ]]; then
      run_app
      app=$name app_line=$2
    fi
    printf '%s\n' "$3" >"$dir/$name"
    ;;
  esac
}

try_page() {
  local line number=0 begin='' info='' text=''
  app=
  while IFS= read -r line; do
    number=$((number + 1))
    if [[ -z $begin && $line == '```'* ]]; then
      begin=$((number + 1)) info=${line#'```'} text=
    elif [[ -n $begin && $line == '```' ]]; then
      end_block "$info" "$begin" "${text%$'\n'}"
      begin=
    elif [[ -n $begin ]]; then
      text+=$line$'\n'
    fi
  done <"$root/$page"
  [ -z "$begin" ] || fail "$page:$begin: this block has no end"
  run_app
  local files said
  files=$(cd "$dir" && ls line_*.lua 2>/dev/null)
  [ -n "$files" ] || return
  cp "$work/check_app.lua" "$dir/check_app.lua"
  # shellcheck disable=SC2086 # the names have no spaces
  said=$(cd "$dir" && timeout 50 "$troupe" check check_app.lua $files 2>&1) || fail "$page: $said"
}

for page; do
  dir=$work/${page//\//_}
  mkdir -p "$dir/desk" # an example of permissions.md writes into it
  try_page
done
echo "$blocks blocks of Lua compiled, $runs apps run, $failures failures"
[ $failures = 0 ]
