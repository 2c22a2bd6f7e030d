#!/usr/bin/env bash
# Replays every target's corpus and fuzzes it for some seconds, without cargo-fuzz: the flags
# below are what it gives rustc for `--sanitizer none`, and they are stable.
#
#   fuzz/run.sh [TARGET ...]          all targets if none is named
#   WANTWRITE_FUZZ_SECONDS=600        for each; 20 if unset
#   WANTWRITE_FUZZ_SEED=7             libFuzzer's seed; 1 if unset. The same seed makes the same inputs
#                                     of the same program, but for `parallel`, which has threads. With
#                                     0 each run makes others, and keeps in found/ what is new
set -euo pipefail
cd "$(dirname "$0")"
. ./targets.sh
seed=${WANTWRITE_FUZZ_SEED:-1}

host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="-Cpasses=sancov-module -Ccodegen-units=1"
for option in level=4 inline-8bit-counters pc-table trace-compares; do
  RUSTFLAGS+=" -Cllvm-args=-sanitizer-coverage-$option"
done
# Named, so that the flags are not for build scripts too.
cargo build --quiet --locked --profile fuzz --target "$host" -p wantwrite-fuzz --features libfuzzer,aws-lc-rs --bins

# libFuzzer compares addresses too, and the system puts them elsewhere each time, where it may.
run=()
if setarch -R true 2>/dev/null; then run=(setarch -R); fi

fuzz() { # TARGET; what is new goes to found/, what is wrong to artifacts/
  local new=found/$1 seeds
  if [ "$seed" != 0 ]; then
    # What an earlier run has found would change this one.
    new=found/seeded/$1
    rm -rf "$new"
  fi
  mkdir -p "$new" "artifacts/$1"
  # In one order: a directory has its own on each file system.
  seeds=found/$1.seeds
  find "corpus/$1" -type f | LC_ALL=C sort | paste -sd, | tr -d '\n' >"$seeds"
  # Without reading $new again every second, which would make the clock decide.
  "${run[@]}" "../target/$host/fuzz/$1" -seed="$seed" -seed_inputs="@$seeds" -reload=0 \
    -max_total_time="$seconds" -max_len=4096 -timeout=10 \
    -print_final_stats=1 -artifact_prefix="artifacts/$1/" "$new" \
    >"found/$1.log" 2>&1 || { show "$1"; return 1; }
  printf '%-20s %9d runs %7d/s  %s\n' "$1" \
    "$(sed -n 's/^stat::number_of_executed_units: //p' "found/$1.log")" \
    "$(sed -n 's/^stat::average_exec_per_sec: *//p' "found/$1.log")" \
    "$(grep -o 'cov: [0-9]* ft: [0-9]*' "found/$1.log" | tail -n 1)"
}

show() { # TARGET; with the input, which is nowhere else when CI's machine is gone
  local input
  tail -n 60 "found/$1.log"
  input=$(sed -n 's/.*Test unit written to //p' "found/$1.log" | tail -n 1)
  [ ! -f "$input" ] || { echo "$input, for base64 -d:"; base64 "$input"; }
}

# As many at once as there are processors.
failed=0
running=()
finish() {
  wait "${running[0]}" || failed=1
  running=("${running[@]:1}")
}
for target in "${targets[@]}"; do
  [ "${#running[@]}" -lt "$(nproc)" ] || finish
  fuzz "$target" &
  running+=($!)
done
while [ "${#running[@]}" -gt 0 ]; do finish; done
exit $failed
