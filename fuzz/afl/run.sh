#!/usr/bin/env bash
# Fuzzes targets with AFL++ for some seconds each, one after another, on stable Rust. It needs
# `cargo install cargo-afl`, and once `cargo afl config --build`.
#
#   fuzz/afl/run.sh [TARGET ...]      all targets if none is named
#   WANTWRITE_FUZZ_SECONDS=600        for each; 20 if unset
set -euo pipefail
cd "$(dirname "$0")/.."
command -v cargo-afl >/dev/null || { echo "cargo-afl is not installed"; exit 1; }
. ./targets.sh

# A directory of its own: cargo-afl's flags are for everything that is built.
cargo afl build --quiet --locked --profile fuzz --target-dir ../target/afl -p wantwrite-fuzz-afl

# Without a screen, and without changing the machine. Ten seconds for an input, as libFuzzer.
export AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_BENCH_UNTIL_CRASH=1
failed=0
for target in "${targets[@]}"; do
  out=found/afl/$target
  rm -rf "$out" && mkdir -p "$out"
  cargo afl fuzz -i "corpus/$target" -o "$out" -V "$seconds" -t 10000 -G 4096 \
    -- ../target/afl/fuzz/wantwrite-fuzz-afl "$target" >"$out.log" 2>&1 ||
    { tail -n 30 "$out.log"; failed=1; continue; }
  stat() { sed -n "s/^$1 *: //p" "$out/default/fuzzer_stats"; }
  printf '%-20s %9d runs %9s/s  %s edges, %s crashes\n' "$target" \
    "$(stat execs_done)" "$(stat execs_per_sec)" "$(stat edges_found)" "$(stat saved_crashes)"
  [ "$(stat saved_crashes)" = 0 ] || failed=1
done
exit $failed
