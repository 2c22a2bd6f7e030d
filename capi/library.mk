# Where a program finds the library, for the Makefiles beside this file: cargo builds the one of
# this tree, and pkg-config finds it. With `make INSTALLED=1`, pkg-config finds the installed one.

capi := $(patsubst %/,%,$(dir $(realpath $(lastword $(MAKEFILE_LIST)))))
target := $(or $(CARGO_TARGET_DIR),$(abspath $(capi)/../target))
header := $(capi)/include/wantwrite.h
PKG_CONFIG ?= pkg-config
CC ?= cc
CFLAGS ?= -O1 -g
cflags = -std=c11 -Wall -Wextra -Wpedantic -Werror -pthread $(CFLAGS)
wantwrite = $$($(PKG_CONFIG) --cflags --libs wantwrite)

.PHONY: library
ifdef INSTALLED
library:
	@$(PKG_CONFIG) --print-errors --exists wantwrite
else
# pkg-config prefers NAME-uninstalled.pc to NAME.pc.
export PKG_CONFIG_PATH := $(target)/capi/lib:$(PKG_CONFIG_PATH)
library:
	@cd $(capi) && cargo build -q -p wantwrite-capi --target-dir $(target)
	@mkdir -p $(target)/capi/lib
	@ln -sf ../../debug/libwantwrite_capi.so $(target)/capi/lib/libwantwrite.so
	@# The name that some versions of rustc give the library inside.
	@ln -sf ../../debug/libwantwrite_capi.so $(target)/capi/lib/libwantwrite_capi.so
	@ln -sf ../../debug/libwantwrite_capi.a $(target)/capi/lib/libwantwrite.a
	@printf '%s\n' 'includedir=$(capi)/include' 'libdir=$(target)/capi/lib' 'Name: wantwrite' \
	  'Description: TLS without I/O, as buffer states' \
	  "Version: $$(sed -n 's/^version = "\(.*\)"/\1/p' $(capi)/Cargo.toml)" \
	  'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -Wl,-rpath,$${libdir} -lwantwrite' \
	  'Libs.private: -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc' \
	  >$(target)/capi/lib/wantwrite-uninstalled.pc
endif

# Trials, each in a directory of its own: `make TRIAL=asan`.
TRIAL ?= plain
programs_of = $(target)/capi/$(TRIAL)/$(1)
sanitizers_plain :=
sanitizers_valgrind :=
sanitizers_asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
sanitizers_tsan := -fsanitize=thread
cflags += $(sanitizers_$(TRIAL))

# A report ends the program with a status that nothing else gives.
export ASAN_OPTIONS := exitcode=99:detect_leaks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS := exitcode=99:print_stacktrace=1
export TSAN_OPTIONS := exitcode=99:suppressions=$(capi)/tests/c/tsan.supp
ifeq ($(TRIAL),valgrind)
export WRAP := valgrind -q --error-exitcode=99 --leak-check=full --track-fds=no \
  --suppressions=$(capi)/tests/c/valgrind.supp
export LIMIT := 600
export SLOW_CLIENTS := 16
export RANDOM_BYTES := 60000
endif
