# Finds the library for the Makefiles of the examples and tests. By default, cargo builds the
# library of this tree and pkg-config finds it. With `make INSTALLED=1`, pkg-config finds the
# installed library.

capi := $(patsubst %/,%,$(dir $(realpath $(lastword $(MAKEFILE_LIST)))))
target := $(or $(CARGO_TARGET_DIR),$(abspath $(capi)/../target))
header := $(capi)/include/wantwrite.h
PKG_CONFIG ?= pkg-config
CC ?= cc
CFLAGS ?= -O1 -g
cflags = -std=c11 -Wall -Wextra -Wpedantic -Werror -pthread $(CFLAGS)
wantwrite = $$($(PKG_CONFIG) --cflags --libs wantwrite)

# Each trial has its own directory: `make TRIAL=asan`.
TRIAL ?= plain
programs_of = $(target)/capi/$(TRIAL)/$(1)
sanitizers_plain :=
sanitizers_valgrind :=
sanitizers_asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
sanitizers_tsan := -fsanitize=thread
sanitizers_tsan-library := -fsanitize=thread
cflags += $(sanitizers_$(TRIAL))

# After a report, the program exits with a status that nothing else uses.
export ASAN_OPTIONS := exitcode=99:detect_leaks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS := exitcode=99:print_stacktrace=1
export TSAN_OPTIONS := exitcode=99
ifeq ($(TRIAL),tsan)
export TSAN_OPTIONS := exitcode=99:suppressions=$(capi)/tests/c/tsan.supp
endif
ifeq ($(TRIAL),valgrind)
export WRAP := valgrind -q --error-exitcode=99 --leak-check=full --track-fds=no \
  --suppressions=$(capi)/tests/c/valgrind.supp
export LIMIT := 600
export SLOW_CLIENTS := 16
export RANDOM_BYTES := 60000
endif

# The library of this tree. For one trial it is instrumented with all its dependencies, by a
# compiler that has the sources of its standard library: Debian's rustc-web with rust-web-src.
lib := $(target)/capi/lib
built := $(target)/debug
build := cargo build -q -p wantwrite-capi --target-dir $(target)
ifeq ($(TRIAL),tsan-library)
lib := $(call programs_of,lib)
built := $(call programs_of,build)/x86_64-unknown-linux-gnu/debug
build := RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=thread \
  /usr/bin/cargo build -q -p wantwrite-capi --target-dir $(call programs_of,build) \
  --target x86_64-unknown-linux-gnu -Zbuild-std=std,panic_unwind
endif

.PHONY: library
ifdef INSTALLED
library:
	@$(PKG_CONFIG) --print-errors --exists wantwrite
else
# pkg-config prefers NAME-uninstalled.pc to NAME.pc.
export PKG_CONFIG_PATH := $(lib):$(PKG_CONFIG_PATH)
library:
	@cd $(capi) && $(build)
	@mkdir -p $(lib)
	@ln -sf $(built)/libwantwrite_capi.so $(lib)/libwantwrite.so
	@# Some versions of rustc use this name as the soname.
	@ln -sf $(built)/libwantwrite_capi.so $(lib)/libwantwrite_capi.so
	@ln -sf $(built)/libwantwrite_capi.a $(lib)/libwantwrite.a
	@printf '%s\n' 'includedir=$(capi)/include' 'libdir=$(lib)' 'Name: wantwrite' \
	  'Description: TLS without I/O, as buffer states' \
	  "Version: $$(sed -n 's/^version = "\(.*\)"/\1/p' $(capi)/Cargo.toml)" \
	  'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -Wl,-rpath,$${libdir} -lwantwrite' \
	  'Libs.private: -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc' \
	  >$(lib)/wantwrite-uninstalled.pc
endif
