# Each target is about one line over a CMake preset; CONTRIBUTING.md says what they are for.
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 20
TORTURE_SECONDS ?= 300

debug:
	cmake --preset debug && cmake --build --preset debug -j $(JOBS)

build:
	tools/setup build
	cmake --preset release && cmake --build --preset release -j $(JOBS)

test:
	tools/setup build test
	cmake --preset asan && cmake --build --preset asan -j $(JOBS)
	ctest --preset asan -j $(JOBS)

check:
	tools/setup build test check
	tools/check

demo: build
	tools/demo

bench:
	tools/setup build bench
	cmake --preset bench && cmake --build --preset bench -j $(JOBS)
	tools/bench

docs: build
	build/release/engine docs docs/reference

install: build
	cmake --install build/release --prefix $(PREFIX) --strip

fuzz:
	tools/setup build fuzz
	cmake --preset fuzz && cmake --build --preset fuzz -j $(JOBS)
	tools/fuzz $(FUZZ_SECONDS)

tsan:
	tools/setup build test
	cmake --preset tsan && cmake --build --preset tsan -j $(JOBS)
	ctest --preset tsan -j $(JOBS) -L unit

torture:
	tools/setup build test
	cmake --preset asan && cmake --build --preset asan -j $(JOBS) --target engine docker e2e_tests
	TORTURE_SECONDS=$(TORTURE_SECONDS) build/asan/tests/e2e_tests "[torture]"

coverage:
	tools/setup build test coverage
	cmake --preset coverage && cmake --build --preset coverage -j $(JOBS)
	ctest --test-dir build/coverage -j $(JOBS) --output-on-failure
	gcovr -j $(JOBS) --gcov-ignore-parse-errors --root . --filter engine/ --filter plugins/ --exclude-throw-branches --print-summary build/coverage

clean:
	rm -rf build

.PHONY: debug build test check demo bench docs install fuzz tsan torture coverage clean
