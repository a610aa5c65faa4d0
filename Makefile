# A thin front door to CMake; everything real is in CMakeLists.txt and CMakePresets.json.
#
#   make           release build in build/release
#   make run       release build, then the example (ARGS="..." is passed on)
#   make test      dev build and all tests
#   make asan      the tests under the address and undefined behaviour sanitizers
#   make tsan      the tests under the thread sanitizer
#   make clang     the tests built by clang, with thread roles checked
#   make lint      clang-format and clang-tidy
#   make soak      the long tests (label soak)
#   make fuzz      libFuzzer on every target, FUZZ_SECONDS=60 each (FUZZ="wire api": these only)
#   make bench     the benchmarks
#   make setup     only installs the packages that `make test` needs
#   make clean     removes build/
#
# `run`, `test` and the other checks install missing Debian packages; the list is printed first.

JOBS ?= $(shell nproc)
ARGS ?=
CTEST_ARGS ?=
FUZZ ?=
FUZZ_SECONDS ?= 60

# The presets name Ninja; without it (TROUPE_SKIP_SETUP=1) Makefiles do. Decided by the shell, because make expands the
# whole recipe before setup.sh has installed anything.
configure = if command -v ninja >/dev/null; then cmake --preset $(1); else cmake --preset $(1) -G "Unix Makefiles"; fi

define build
@$(call configure,$(1))
cmake --build --preset $(1) --parallel $(JOBS)
endef

define build_and_test
$(call build,$(1))
ctest --preset $(1) --parallel $(JOBS) $(CTEST_ARGS)
endef

.PHONY: all run test asan tsan clang lint soak fuzz bench setup clean

all:
	@./cmake/setup.sh --check build
	$(call build,release)

run:
	@./cmake/setup.sh build
	$(call build,release)
	@if [ -x examples/patch_auditor/run.sh ]; then \
	  TROUPE="$(CURDIR)/build/release/troupe" examples/patch_auditor/run.sh $(ARGS); \
	else \
	  build/release/troupe $(ARGS); \
	fi

test:
	@./cmake/setup.sh build test
	$(call build_and_test,dev)

asan tsan:
	@./cmake/setup.sh build test
	$(call build_and_test,$@)

clang:
	@./cmake/setup.sh build test clang
	$(call build_and_test,clang)

lint:
	@./cmake/setup.sh build test lint
	@$(call configure,dev)
	./cmake/lint.sh

soak:
	@./cmake/setup.sh build test
	$(call build,dev)
	TROUPE_SOAK=1 ctest --preset dev -L soak --no-tests=ignore $(CTEST_ARGS)

fuzz:
	@./cmake/setup.sh build test clang fuzz
	$(call build,fuzz)
	FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/fuzz.sh build/fuzz $(FUZZ)

bench:
	@./cmake/setup.sh build
	$(call build,release)
	bench/run.sh $(ARGS)

setup:
	@./cmake/setup.sh build test

clean:
	rm -rf build
