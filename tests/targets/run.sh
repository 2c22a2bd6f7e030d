#!/usr/bin/env bash
# Tests targets without libc and `std`: the record vectors run in WebAssembly, and the whole crate
# is checked for it and linked for bare AArch64.
#
# `core` and `alloc` are compiled from source. Stable Rust does this only if it is told to act as
# its own bootstrap. Needs Debian's rustc-web, cargo-web, rust-web-src, clang, lld, and Node.
set -euo pipefail
cd "$(dirname "$0")"
export RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CC=clang AR=ar
# ring's C code, without the headers of a libc.
export CFLAGS="-ffreestanding -nostdlibinc -DRING_CORE_NOSTDLIBINC=1"

build() { # COMMAND TARGET OPTION ...
  echo "$*"
  /usr/bin/cargo "$1" --quiet --locked --release --target "$2" --lib \
    -Zbuild-std=core,alloc -Zbuild-std-features=compiler-builtins-mem "${@:3}"
}

for target in wasm32v1-none wasm32-unknown-unknown; do
  build rustc "$target" --crate-type cdylib -- -C linker=wasm-ld
  node run.mjs "target/$target/release/targets.wasm"
done
# Including the handshake. (Not for wasm32-unknown-unknown, where ring only has a browser's
# randomness.)
build check wasm32v1-none --features rustls

# Compiling does not link. ring assembles its assembly only for operating systems that it knows, and
# leaves the symbols undefined elsewhere. The package contains the sources for the program to
# assemble.
target=aarch64-unknown-none
build rustc $target --features rustls --crate-type staticlib
ring=$(/usr/bin/cargo metadata --locked --format-version 1 | grep -o '[^"]*/ring-[^"/]*/Cargo.toml' | head -1)
ring=${ring%/Cargo.toml}
mkdir -p target/ring
for source in "$ring"/pregenerated/*-linux64.S; do
  $CC --target=aarch64-none-elf -c -I "$ring/include" -I "$ring/pregenerated" "$source" \
    -o "target/ring/$(basename "$source" .S).o"
done
ld.lld -e seal --whole-archive -o target/ring/linked target/$target/release/libtargets.a \
  target/ring/*.o
echo "linked for $target"
