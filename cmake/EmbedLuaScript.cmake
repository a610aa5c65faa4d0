# Writes the C file of troupe_embed_lua. Called with cmake -P and ROOT, FILES (separated by commas), OUTPUT.
# Sources become byte arrays, not string literals: C11 compilers need to accept only 4,095 characters in a literal.

cmake_minimum_required(VERSION 3.25)

string(REPLACE "," ";" FILES "${FILES}")
set(arrays "")
set(rows "")
set(count 0)
foreach(file IN LISTS FILES)
  string(REGEX REPLACE "\\.lua$" "" module "${file}")
  string(REGEX REPLACE "/init$" "" module "${module}")
  string(REPLACE "/" "." module "${module}")
  file(READ "${ROOT}/${file}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  # A final NUL keeps an empty file a valid array; it is not part of the length.
  string(APPEND arrays "static const unsigned char source_${count}[] = {${bytes}0x00};\n")
  string(APPEND rows "    {\"${module}\", (const char *)source_${count}, sizeof source_${count} - 1},\n")
  math(EXPR count "${count} + 1")
endforeach()

file(WRITE "${OUTPUT}" "/* Generated from scripting/lua; do not edit. */
#include \"scripting/lua_modules.h\"

${arrays}
const trp_lua_module trp_lua_modules[] = {
${rows}    {NULL, NULL, 0},
};
const size_t trp_lua_module_count = ${count};
")
