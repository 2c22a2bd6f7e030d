#!/usr/bin/env bash
# Where there is no libc and no `std`: the record vectors run in WebAssembly, and the whole crate is
# checked for it and linked for bare AArch64.
#
# `core` and `alloc` are compiled from their source, which stable Rust does only when told that it
# is its own bootstrap. Needs Debian's rustc-web, cargo-web, rust-web-src, clang, lld, and Node.
set -euo pipefail
cd "$(dirname "$0")"
export RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CC=clang AR=ar
# ring's C: without the headers of a libc.
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
# The handshake too. (Not for wasm32-unknown-unknown: ring has no randomness there but a browser's.)
build check wasm32v1-none --features rustls

# Compiled is not linked: ring assembles its assembly for operating systems that it knows, and
# leaves it undefined elsewhere. It is in the package, ready to be assembled by the program.
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
