# The Lua that scripts run on, as target PkgConfig::LUA: TROUPE_LUA is the name of a pkg-config module, or the folder one
# was installed under, with include/lua.h and lib/liblua*. scripting/lua_compat.h refuses what is older than 5.4.

if(IS_DIRECTORY "${TROUPE_LUA}")
  set(versions 5.5 5.4)
  list(TRANSFORM versions PREPEND include/lua OUTPUT_VARIABLE folders)
  list(TRANSFORM versions PREPEND lua OUTPUT_VARIABLE names)
  find_path(include lua.h PATHS "${TROUPE_LUA}" PATH_SUFFIXES include ${folders} NO_CACHE NO_DEFAULT_PATH)
  find_library(library NAMES lua ${names} PATHS "${TROUPE_LUA}/lib" NO_CACHE NO_DEFAULT_PATH)
  if(NOT include OR NOT library)
    message(FATAL_ERROR "TROUPE_LUA: there is no lua.h or no liblua under ${TROUPE_LUA}")
  endif()
  add_library(PkgConfig::LUA INTERFACE IMPORTED)
  target_include_directories(PkgConfig::LUA INTERFACE "${include}")
  target_link_libraries(PkgConfig::LUA INTERFACE "${library}" m ${CMAKE_DL_LIBS})
else()
  pkg_check_modules(LUA REQUIRED IMPORTED_TARGET "${TROUPE_LUA}")
endif()
