#!/usr/bin/env bash
# Builds the interactive page as one file that opens from anywhere: target/play/index.html.
#
#   docs/play/build.sh
#
# `core` and `alloc` are compiled from source. Stable Rust does that only when told that it is
# bootstrapping itself. Needs Debian's rustc-web, cargo-web, rust-web-src, clang, lld and python3.
set -euo pipefail
cd "$(dirname "$0")"
export RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CC=clang AR=ar
# ring's C code, without libc headers.
export CFLAGS="-ffreestanding -nostdlibinc -DRING_CORE_NOSTDLIBINC=1"
root=$(realpath ../..)
target=wasm32-unknown-unknown
/usr/bin/cargo rustc --quiet --locked --release --manifest-path wasm/Cargo.toml \
  --target-dir "$root/target/play/build" --target "$target" --lib \
  -Zbuild-std=core,alloc -Zbuild-std-features=compiler-builtins-mem -- -C linker=wasm-ld
module=$root/target/play/build/$target/release/play_wasm.wasm
./assemble.py "$module" "$root/target/play/index.html"
