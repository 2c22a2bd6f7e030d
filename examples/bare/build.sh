#!/usr/bin/env bash
# Builds the program for AArch64 without an operating system.
#
#   examples/bare/build.sh [CARGO COMMAND, build by default]
#
# `core` and `alloc` are compiled from source. Stable Rust does that only when told that it is
# bootstrapping itself. Needs Debian's rustc-web, cargo-web, rust-web-src, clang, lld and binutils.
set -euo pipefail
cd "$(dirname "$0")"
target=aarch64-unknown-none
program=target/$target/release/bare
export RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO=/usr/bin/cargo CC=clang AR=ar
# ring's C code, without libc headers.
export CFLAGS="-ffreestanding -nostdlibinc -DRING_CORE_NOSTDLIBINC=1"

# ring's build script assembles only for operating systems that it knows. So this script assembles
# the pregenerated assembly in ring's package.
metadata=$($CARGO metadata --locked --format-version 1)
ring=$(grep -om1 '[^"]*/ring-[^"/]*/Cargo.toml' <<<"$metadata" | head -1)
ring=${ring%/Cargo.toml}
mkdir -p target/ring
for source in "$ring"/pregenerated/*-linux64.S; do
  $CC --target=aarch64-none-elf -c -I "$ring/include" -I "$ring/pregenerated" "$source" \
    -o "target/ring/$(basename "$source" .S).o"
done
rm -f target/ring/libassembly.a
$AR cr target/ring/libassembly.a target/ring/*.o

# ring detects processor features only under an operating system. Everywhere else it uses the
# features that it is compiled for.
export RUSTFLAGS="-C target-feature=+aes,+sha2 -C linker=ld.lld -C link-arg=-T$PWD/link.ld
  -C link-arg=$PWD/target/ring/libassembly.a"
options=(--quiet --locked --release --target "$target"
  -Zbuild-std=core,alloc -Zbuild-std-features=compiler-builtins-mem)
if [ "${1:-build}" = clippy ]; then
  # By its full path: the first one in PATH can belong to another toolchain.
  exec /usr/bin/cargo-clippy clippy "${options[@]}" -- -D warnings
fi
$CARGO build "${options[@]}"

undefined=$(nm --undefined-only "$program")
[ -z "$undefined" ] || { echo "$program has undefined symbols: $undefined"; exit 1; }
size -G "$program"
