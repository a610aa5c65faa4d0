# Refuses includes that go up in the layers. Called with cmake -P and ROOT, the root of the sources.
#
#   actors/base < actors < supervision, tools < scripting < cli; tools/builtin stands above tools, beside the rest.
#
# A quoted include is a path from the root, into the file's own layer or a lower one. The program (cli) sees public
# headers and its own files only. Public headers see each other and the standard library only. No layer below
# scripting sees Lua or msgpack. Tests may include everything.

cmake_minimum_required(VERSION 3.25)

set(base_sees base)
set(actors_sees base actors)
set(supervision_sees base actors supervision)
set(tools_sees base actors tools)
set(builtin_sees base actors tools builtin)
set(scripting_sees base actors supervision tools scripting)
set(cli_sees cli)
set(include_sees)

set(std_headers assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg
  stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype)

# The layer a path from the root belongs to; empty for anything else.
function(layer_of path out)
  set(layer "")
  if(path MATCHES "^actors/base/")
    set(layer base)
  elseif(path MATCHES "^tools/builtin/")
    set(layer builtin)
  elseif(path MATCHES "^(actors|supervision|tools|scripting|cli|include)/")
    set(layer "${CMAKE_MATCH_1}")
  endif()
  set(${out} "${layer}" PARENT_SCOPE)
endfunction()

# Why `layer` may not have this line; empty when it may.
function(reason_against layer line out)
  set(reason "")
  if(line MATCHES "#[ \t]*include[ \t]*\"([^\"]+)\"")
    set(path "${CMAKE_MATCH_1}")
    layer_of("${path}" target)
    if(target STREQUAL "" OR target STREQUAL "include")
      set(reason "a quoted include is a path from the root into a layer")
    elseif(NOT target IN_LIST ${layer}_sees)
      set(reason "${layer} may not include ${target}")
    endif()
  elseif(line MATCHES "#[ \t]*include[ \t]*<([^>]+)>")
    set(path "${CMAKE_MATCH_1}")
    if(layer STREQUAL "include" AND NOT path MATCHES "^troupe/")
      string(REGEX REPLACE "\\.h$" "" stem "${path}")
      if(NOT stem IN_LIST std_headers)
        set(reason "public headers include <troupe/...> and the standard library only")
      endif()
    elseif(path MATCHES "^(lua|lauxlib|lualib|msgpack|lua5)" AND NOT layer STREQUAL "scripting")
      set(reason "only scripting sees Lua and msgpack")
    elseif(path STREQUAL "uv.h" AND layer STREQUAL "base")
      set(reason "base stands below libuv")
    endif()
  endif()
  set(${out} "${reason}" PARENT_SCOPE)
endfunction()

set(errors 0)
set(files_checked 0)
foreach(folder include actors supervision tools scripting cli)
  file(GLOB_RECURSE files RELATIVE "${ROOT}" "${ROOT}/${folder}/*.c" "${ROOT}/${folder}/*.h")
  foreach(file IN LISTS files)
    layer_of("${file}" layer)
    file(STRINGS "${ROOT}/${file}" lines REGEX "^[ \t]*#[ \t]*include")
    math(EXPR files_checked "${files_checked} + 1")
    foreach(line IN LISTS lines)
      reason_against(${layer} "${line}" reason)
      if(reason)
        message(NOTICE "${file}: ${line}: ${reason}")
        math(EXPR errors "${errors} + 1")
      endif()
    endforeach()
  endforeach()
endforeach()

if(errors)
  message(FATAL_ERROR "${errors} includes break the order of the layers")
endif()
message(STATUS "${files_checked} files keep the order of the layers")
