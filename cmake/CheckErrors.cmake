# Checks that docs/reference/errors.md has a row for each error code, dead letter reason and exit class of the headers.
# Called with cmake -P and ROOT, the root of the sources.

cmake_minimum_required(VERSION 3.25)

file(READ "${ROOT}/docs/reference/errors.md" page)
set(count 0)
set(errors 0)
foreach(header error system types)
  file(READ "${ROOT}/include/troupe/${header}.h" text)
  string(REGEX REPLACE "#define TROUPE_LIMIT_MAP.*typedef enum troupe_limit" "" text "${text}") # CheckLimits.cmake
  string(REGEX MATCHALL "\n  X\\([A-Z_]+, [^\"\n]*\"[a-z_]+\"" rows "${text}")
  foreach(row IN LISTS rows)
    string(REGEX REPLACE "^.*\"([a-z_]+)\"$" "\\1" name "${row}")
    math(EXPR count "${count} + 1")
    if(NOT page MATCHES "\n\\| `${name}` \\|")
      message(NOTICE "docs/reference/errors.md: no row for ${name} of troupe/${header}.h")
      math(EXPR errors "${errors} + 1")
    endif()
  endforeach()
endforeach()
if(errors OR count LESS 50)
  message(FATAL_ERROR "docs/reference/errors.md: ${errors} of ${count} names are missing")
endif()
message(STATUS "docs/reference/errors.md: ${count} names found")
