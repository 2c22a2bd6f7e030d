#!/usr/bin/env bash
# Builds the program with the stable toolchain and checks that it contains nothing of libc.
#
#   examples/freestanding/build.sh [CARGO OPTION ...]
set -euo pipefail
cd "$(dirname "$0")"
target=x86_64-unknown-linux-gnu
program=target/$target/release/freestanding

# With `--target`, these do not apply to build scripts, which do link libc.
export RUSTFLAGS="-C relocation-model=static -C link-arg=-static -C link-arg=-nostartfiles
  -C link-arg=-nostdlib -C link-arg=-no-pie -C link-arg=-Wl,-Map=$PWD/target/freestanding.map"
# For ring's C code: a stack protector would call libc, and read its canary from thread-local memory
# that was never set up.
export CFLAGS_x86_64_unknown_linux_gnu="-ffreestanding -fno-stack-protector -U_FORTIFY_SOURCE"
cargo build --release --locked --target "$target" "$@"

fail() {
  echo "$program $1"
  exit 1
}
grep -q 'Type: *EXEC' <<<"$(readelf --file-header "$program")" || fail "is not a plain executable"
dynamic=$(readelf --dynamic --program-headers "$program")
! grep -E 'INTERP|NEEDED|DYNAMIC' <<<"$dynamic" || fail "is linked dynamically"
undefined=$(nm --undefined-only "$program")
[ -z "$undefined" ] || fail "has undefined symbols: $undefined"
# Every input that the linker used, according to lld's map. Only the program and ring's C may be
# there.
inputs=$(grep -oE '[^ /]+:\(' target/freestanding.map | sort -u)
grep -q '^freestanding-' <<<"$inputs" || fail "has a link map that cannot be read"
foreign=$(grep -vE '^(freestanding-|libring-|libcompiler_builtins-|<internal>)' <<<"$inputs" || true)
[ -z "$foreign" ] || fail "has foreign objects in it: $foreign"
size -G "$program"
