# Targets of Troupe: layers, libraries, tests. All compile flags live in two interface targets, none is global.
#
#   troupe_layer(<name> SOURCES <file>... [DEPENDS <layer>...] [LIBS <target>...])
#       The static library trp_<name>. Without sources it is an interface target that only passes its dependencies on,
#       so a layer can be named before its first file exists.
#   troupe_library(<name> LAYERS <layer>...)
#       The static library lib<name>.a with the objects of these layers, as target lib<name>.
#   troupe_test(<name> SOURCES <file>... LAYERS <layer>... [LIBS <target>...] [LABELS <label>...] [TIMEOUT <seconds>])
#       One cmocka binary and one CTest entry. Labels default to `unit`, the timeout to 60.

# What every translation unit is compiled with.
add_library(troupe_build INTERFACE)
target_compile_features(troupe_build INTERFACE c_std_11)
target_compile_definitions(troupe_build INTERFACE _GNU_SOURCE $<$<BOOL:${TROUPE_ASSERTS}>:TROUPE_ASSERTS=1>)
target_include_directories(troupe_build INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/include")
target_compile_options(troupe_build INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla -Wcast-qual
  -Wformat=2 -Wswitch-enum -Wwrite-strings -Wpointer-arith -Wnull-dereference
  $<$<C_COMPILER_ID:GNU>:-Wlogical-op>
  $<$<C_COMPILER_ID:GNU>:-Wduplicated-cond>
  $<$<C_COMPILER_ID:GNU>:-Wduplicated-branches>
  $<$<C_COMPILER_ID:GNU>:-Wjump-misses-init>
  $<$<C_COMPILER_ID:Clang>:-Wthread-safety>
  $<$<BOOL:${TROUPE_WERROR}>:-Werror>)

if(TROUPE_LTO AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
  # Fat objects: the libraries also link where the linker does not optimise. -Wnull-dereference: as for sanitizers below.
  target_compile_options(troupe_build INTERFACE -flto=auto -ffat-lto-objects -Wno-null-dereference)
  target_link_options(troupe_build INTERFACE -flto=auto)
endif()

if(TROUPE_SANITIZE STREQUAL "address")
  # -Wnull-dereference follows the sanitizer's own checks and reports paths that do not exist in the source.
  target_compile_options(troupe_build INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined
    -fno-omit-frame-pointer -O1 -Wno-null-dereference)
  target_link_options(troupe_build INTERFACE -fsanitize=address,undefined)
  set(TROUPE_TEST_ENVIRONMENT
    "ASAN_OPTIONS=halt_on_error=1:detect_leaks=1:detect_stack_use_after_return=1:allocator_may_return_null=1"
    "UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1")
elseif(TROUPE_SANITIZE STREQUAL "thread")
  # The runtime of gcc 12 and clang 14 cannot start where the kernel randomises more than 28 bits of addresses. Tests
  # run without randomisation there, if the machine allows it.
  set(TROUPE_TEST_LAUNCHER)
  if(EXISTS /proc/sys/vm/mmap_rnd_bits)
    file(STRINGS /proc/sys/vm/mmap_rnd_bits random_bits)
    if(random_bits GREATER 28)
      execute_process(COMMAND setarch -R true RESULT_VARIABLE refused OUTPUT_QUIET ERROR_QUIET)
      if(refused EQUAL 0)
        set(TROUPE_TEST_LAUNCHER setarch -R)
      else()
        message(WARNING "The thread sanitizer cannot run here: vm.mmap_rnd_bits is ${random_bits}, at most 28 works")
      endif()
    endif()
  endif()
  target_compile_options(troupe_build INTERFACE -fsanitize=thread -fno-omit-frame-pointer -Wno-null-dereference)
  target_link_options(troupe_build INTERFACE -fsanitize=thread)
  set(TROUPE_TEST_ENVIRONMENT
    "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:suppressions=${PROJECT_SOURCE_DIR}/cmake/tsan.supp")
elseif(TROUPE_SANITIZE)
  message(FATAL_ERROR "TROUPE_SANITIZE must be empty, address or thread, not '${TROUPE_SANITIZE}'")
endif()

function(troupe_target_settings target)
  target_link_libraries(${target} PRIVATE troupe_build)
  set_target_properties(${target} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
    C_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON)
endfunction()

function(troupe_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS;LIBS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "troupe_layer(${name}): unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  list(TRANSFORM arg_DEPENDS PREPEND trp_)
  foreach(lower IN LISTS arg_DEPENDS)
    if(NOT TARGET ${lower})
      message(FATAL_ERROR "troupe_layer(${name}): ${lower} is not a lower layer")
    endif()
  endforeach()
  if(arg_SOURCES)
    add_library(trp_${name} STATIC ${arg_SOURCES})
    troupe_target_settings(trp_${name})
    target_link_libraries(trp_${name} PUBLIC ${arg_DEPENDS} ${arg_LIBS})
  else()
    add_library(trp_${name} INTERFACE)
    target_link_libraries(trp_${name} INTERFACE ${arg_DEPENDS} ${arg_LIBS})
  endif()
  set_property(TARGET trp_${name} PROPERTY TROUPE_LIBS "${arg_LIBS}")
endfunction()

function(troupe_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LAYERS")
  set(objects)
  set(libs)
  foreach(layer IN LISTS arg_LAYERS)
    get_target_property(type trp_${layer} TYPE)
    if(type STREQUAL "STATIC_LIBRARY")
      list(APPEND objects $<TARGET_OBJECTS:trp_${layer}>)
    endif()
    get_target_property(layer_libs trp_${layer} TROUPE_LIBS)
    list(APPEND libs ${layer_libs})
  endforeach()
  list(REMOVE_DUPLICATES libs)
  if(objects)
    add_library(lib${name} STATIC ${objects})
    set_target_properties(lib${name} PROPERTIES OUTPUT_NAME ${name} LINKER_LANGUAGE C
      ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
    target_include_directories(lib${name} PUBLIC "${PROJECT_SOURCE_DIR}/include")
    target_link_libraries(lib${name} PUBLIC ${libs})
  else()
    add_library(lib${name} INTERFACE)
    target_link_libraries(lib${name} INTERFACE ${libs})
  endif()
endfunction()

function(troupe_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LAYERS;LIBS;LABELS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "troupe_test(${name}): SOURCES is missing, or unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  list(TRANSFORM arg_LAYERS PREPEND trp_)
  add_executable(test.${name} ${arg_SOURCES})
  troupe_target_settings(test.${name})
  target_link_libraries(test.${name} PRIVATE ${arg_LAYERS} ${arg_LIBS} PkgConfig::CMOCKA Threads::Threads)
  add_test(NAME ${name} COMMAND ${TROUPE_TEST_LAUNCHER} $<TARGET_FILE:test.${name}>)
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
    ENVIRONMENT "${TROUPE_TEST_ENVIRONMENT}")
endfunction()
