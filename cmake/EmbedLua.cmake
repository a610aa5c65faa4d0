# Lua modules inside the library.
#
#   troupe_embed_lua(<out-var> OUTPUT <file.c> ROOT <dir> FILES <path.lua>...)
#       Sets <out-var> to a generated C file that defines the tables of scripting/lua_modules.h. Paths are relative to
#       ROOT and name the modules: troupe/async.lua is "troupe.async", troupe/init.lua is "troupe".
#
# Where luac5.4 is installed, a syntax error ends the build at the module and line where it is.

function(troupe_embed_lua out)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "OUTPUT;ROOT" "FILES")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_OUTPUT OR NOT arg_ROOT)
    message(FATAL_ERROR "troupe_embed_lua: OUTPUT and ROOT are needed; unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  find_program(TROUPE_LUAC NAMES luac5.4 luac54 DOC "Lua compiler that checks embedded modules; optional")
  set(paths ${arg_FILES})
  list(TRANSFORM paths PREPEND "${arg_ROOT}/")
  set(check)
  if(TROUPE_LUAC)
    foreach(path IN LISTS paths)
      list(APPEND check COMMAND "${TROUPE_LUAC}" -p "${path}")
    endforeach()
  endif()
  string(REPLACE ";" "," files "${arg_FILES}")
  add_custom_command(OUTPUT "${arg_OUTPUT}"
    ${check}
    COMMAND "${CMAKE_COMMAND}" "-DROOT=${arg_ROOT}" "-DFILES=${files}" "-DOUTPUT=${arg_OUTPUT}"
      -P "${PROJECT_SOURCE_DIR}/cmake/EmbedLuaScript.cmake"
    DEPENDS ${paths} "${PROJECT_SOURCE_DIR}/cmake/EmbedLuaScript.cmake"
    COMMENT "Embedding Lua modules" VERBATIM)
  set(${out} "${arg_OUTPUT}" PARENT_SCOPE)
endfunction()
