#!/usr/bin/env bash
# Replays the corpus of each target, and then fuzzes it for some seconds. It does not need
# cargo-fuzz: the flags below are those that cargo-fuzz passes to rustc for `--sanitizer none`, and
# they are stable.
#
#   fuzz/run.sh [TARGET ...]          the targets; default: all
#   WANTWRITE_FUZZ_SECONDS=600        the time for each target; default: 20
#   WANTWRITE_FUZZ_SEED=7             libFuzzer's seed; default: 1. The same seed and program give
#                                     the same inputs, except for `parallel`, which uses threads.
#                                     With 0, each run differs and keeps new inputs in found/
set -euo pipefail
cd "$(dirname "$0")"
. ./targets.sh
seed=${WANTWRITE_FUZZ_SEED:-1}

host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="-Cpasses=sancov-module -Ccodegen-units=1"
for option in level=4 inline-8bit-counters pc-table trace-compares; do
  RUSTFLAGS+=" -Cllvm-args=-sanitizer-coverage-$option"
done
# With an explicit target, the flags do not apply to build scripts.
cargo build --quiet --locked --profile fuzz --target "$host" -p wantwrite-fuzz --features libfuzzer,aws-lc-rs --bins

# libFuzzer also records comparisons of addresses, so disable their randomization if possible.
run=()
if setarch -R true 2>/dev/null; then run=(setarch -R); fi

fuzz() { # TARGET; new inputs go to found/, failing inputs to artifacts/
  local new=found/$1 seeds
  if [ "$seed" != 0 ]; then
    # Inputs that an earlier run found would change this run.
    new=found/seeded/$1
    rm -rf "$new"
  fi
  mkdir -p "$new" "artifacts/$1"
  # Sorted, because the order of a directory depends on the file system.
  seeds=found/$1.seeds
  find "corpus/$1" -type f | LC_ALL=C sort | paste -sd, | tr -d '\n' >"$seeds"
  # -reload=0: rereading $new every second would make the run depend on the clock.
  "${run[@]}" "../target/$host/fuzz/$1" -seed="$seed" -seed_inputs="@$seeds" -reload=0 \
    -max_total_time="$seconds" -max_len=4096 -timeout=10 \
    -print_final_stats=1 -artifact_prefix="artifacts/$1/" "$new" \
    >"found/$1.log" 2>&1 || { show "$1"; return 1; }
  erase
  printf '%-20s %9d runs %7d/s  %s\n' "$1" \
    "$(sed -n 's/^stat::number_of_executed_units: //p' "found/$1.log")" \
    "$(sed -n 's/^stat::average_exec_per_sec: *//p' "found/$1.log")" \
    "$(grep -o 'cov: [0-9]* ft: [0-9]*' "found/$1.log" | tail -n 1)"
}

show() { # TARGET; includes the input, which is lost with the CI machine otherwise
  local input
  erase
  tail -n 60 "found/$1.log"
  input=$(sed -n 's/.*Test unit written to //p' "found/$1.log" | tail -n 1)
  [ ! -f "$input" ] || { echo "$input, for base64 -d:"; base64 "$input"; }
}

# Run as many targets in parallel as there are processors.
failed=0
running=()
finish() {
  wait "${running[0]}" || failed=1
  running=("${running[@]:1}")
}
watch $(((${#targets[@]} + $(nproc) - 1) / $(nproc) * seconds))
for target in "${targets[@]}"; do
  [ "${#running[@]}" -lt "$(nproc)" ] || finish
  fuzz "$target" &
  running+=($!)
done
while [ "${#running[@]}" -gt 0 ]; do finish; done
exit $failed
