#!/usr/bin/env bash
# Fuzzes targets with honggfuzz for some seconds each, one after another, on stable Rust. First run
# `cargo install honggfuzz`, which needs binutils-dev and libunwind-dev.
#
#   fuzz/honggfuzz/run.sh [TARGET ...]    the targets; default: all
#   WANTWRITE_FUZZ_SECONDS=600            the time for each target; default: 20
set -euo pipefail
cd "$(dirname "$0")/.."
command -v cargo-hfuzz >/dev/null || { echo "honggfuzz is not installed"; exit 1; }
. ./targets.sh

# A path without `..`, in which honggfuzz's makefile would not find its own targets.
export CARGO_TARGET_DIR=$(cd .. && pwd)/target/honggfuzz
host=$(rustc -vV | sed -n 's/^host: //p')
(cd honggfuzz && cargo hfuzz build >/dev/null 2>&1) || (cd honggfuzz && cargo hfuzz build)
program=$(find "$CARGO_TARGET_DIR/$host" -maxdepth 2 -name wantwrite-fuzz-honggfuzz -type f | head -n 1)
honggfuzz=$(find "$CARGO_TARGET_DIR" -name honggfuzz -type f -perm -u+x | head -n 1)

failed=0
watch $((${#targets[@]} * seconds))
for target in "${targets[@]}"; do
  out=found/honggfuzz/$target
  rm -rf "$out" && mkdir -p "$out/new" "$out/crashes"
  "$honggfuzz" --persistent --verbose --threads 1 --run_time "$seconds" --timeout 10 --max_file_size 4096 \
    --input "corpus/$target" --output "$out/new" --crashdir "$out/crashes" --workspace "$out" \
    -- "$program" "$target" >"$out.log" 2>&1 || { erase; tail -n 30 "$out.log"; failed=1; continue; }
  erase
  tr '\r' '\n' <"$out.log" | sed -n "s/^Summary /$(printf %-20s "$target") /p"
  [ -z "$(ls -A "$out/crashes")" ] || failed=1
done
exit $failed
