#!/usr/bin/env bash
# Fuzzes targets with AFL++ for some seconds each, one after another, on stable Rust. First run
# `cargo install cargo-afl` and `cargo afl config --build`.
#
#   fuzz/afl/run.sh [TARGET ...]      the targets; default: all
#   WANTWRITE_FUZZ_SECONDS=600        the time for each target; default: 20
set -euo pipefail
cd "$(dirname "$0")/.."
command -v cargo-afl >/dev/null || { echo "cargo-afl is not installed"; exit 1; }
. ./targets.sh

# A separate directory, because cargo-afl's flags apply to everything that it builds.
cargo afl build --quiet --locked --profile fuzz --target-dir ../target/afl -p wantwrite-fuzz-afl

# No user interface, and no changes to the machine. Each input has ten seconds, as with libFuzzer.
export AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_BENCH_UNTIL_CRASH=1
failed=0
watch $((${#targets[@]} * seconds))
for target in "${targets[@]}"; do
  out=found/afl/$target
  rm -rf "$out" && mkdir -p "$out"
  cargo afl fuzz -i "corpus/$target" -o "$out" -V "$seconds" -t 10000 -G 4096 \
    -- ../target/afl/fuzz/wantwrite-fuzz-afl "$target" >"$out.log" 2>&1 ||
    { erase; tail -n 30 "$out.log"; failed=1; continue; }
  stat() { sed -n "s/^$1 *: //p" "$out/default/fuzzer_stats"; }
  erase
  printf '%-20s %9d runs %9s/s  %s edges, %s crashes\n' "$target" \
    "$(stat execs_done)" "$(stat execs_per_sec)" "$(stat edges_found)" "$(stat saved_crashes)"
  [ "$(stat saved_crashes)" = 0 ] || failed=1
done
exit $failed
