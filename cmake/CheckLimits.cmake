# Checks that docs/reference/limits.md has a row for each limit in the tables of the headers, and that the tests it
# names exist. Called with cmake -P and ROOT, the root of the sources.

cmake_minimum_required(VERSION 3.25)

file(READ "${ROOT}/docs/reference/limits.md" page)
set(count 0)
set(errors 0)

macro(expect rows pattern from)
  foreach(row IN LISTS ${rows})
    string(REGEX REPLACE "${pattern}" "\\1" name "${row}")
    math(EXPR count "${count} + 1")
    if(NOT page MATCHES "\n\\| `${name}` \\|")
      message(NOTICE "docs/reference/limits.md: no row for ${name} of ${from}")
      math(EXPR errors "${errors} + 1")
    endif()
  endforeach()
endmacro()

# What is counted: X(NAME, "name", ...).
file(READ "${ROOT}/include/troupe/system.h" text)
string(REGEX MATCH "#define TROUPE_LIMIT_MAP.*typedef enum troupe_limit" text "${text}")
string(REGEX MATCHALL "X\\([A-Z_]+, \"[a-z_]+\"" rows "${text}")
expect(rows "^.*\"([a-z_]+)\"$" include/troupe/system.h)

# What `limits` holds, X(NAME, field, ...), and what stands beside it, X(field, "path", ...).
file(READ "${ROOT}/scripting/limits.h" text)
string(REGEX MATCHALL "  X\\([A-Z_]+, [a-z_]+," rows "${text}")
expect(rows "^.*, ([a-z_]+),$" scripting/limits.h)
string(REGEX MATCHALL "  X\\([a-z_]+, \"[a-z_.]+\"" rows "${text}")
expect(rows "^.*\"([a-z_.]+)\"$" scripting/limits.h)

string(REGEX MATCHALL "tests/[a-z_/]+\\.(lua|c|sh)" tests "${page}")
list(REMOVE_DUPLICATES tests)
foreach(test IN LISTS tests)
  if(NOT EXISTS "${ROOT}/${test}")
    message(NOTICE "docs/reference/limits.md: ${test} does not exist")
    math(EXPR errors "${errors} + 1")
  endif()
endforeach()

if(errors OR count LESS 25)
  message(FATAL_ERROR "docs/reference/limits.md: ${errors} of ${count} names are missing")
endif()
message(STATUS "docs/reference/limits.md: ${count} names found")
