#!/usr/bin/env bash
# Replays every target's corpus and fuzzes it for some seconds, without cargo-fuzz: the flags
# below are what it gives rustc for `--sanitizer none`, and they are stable.
#
#   fuzz/run.sh [TARGET ...]          all targets if none is named
#   WANTWRITE_FUZZ_SECONDS=600        for each; 20 if unset
set -euo pipefail
cd "$(dirname "$0")"
. ./targets.sh

host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="-Cpasses=sancov-module -Ccodegen-units=1"
for option in level=4 inline-8bit-counters pc-table trace-compares; do
  RUSTFLAGS+=" -Cllvm-args=-sanitizer-coverage-$option"
done
# Named, so that the flags are not for build scripts too.
cargo build --quiet --locked --profile fuzz --target "$host" -p wantwrite-fuzz --features libfuzzer --bins

fuzz() { # TARGET; what is new goes to found/, what is wrong to artifacts/
  mkdir -p "found/$1" "artifacts/$1" "corpus/$1"
  "../target/$host/fuzz/$1" -max_total_time="$seconds" -max_len=4096 -timeout=10 \
    -print_final_stats=1 -artifact_prefix="artifacts/$1/" "found/$1" "corpus/$1" \
    >"found/$1.log" 2>&1 || { tail -n 60 "found/$1.log"; return 1; }
  printf '%-20s %9d runs %7d/s  %s\n' "$1" \
    "$(sed -n 's/^stat::number_of_executed_units: //p' "found/$1.log")" \
    "$(sed -n 's/^stat::average_exec_per_sec: *//p' "found/$1.log")" \
    "$(grep -o 'cov: [0-9]* ft: [0-9]*' "found/$1.log" | tail -n 1)"
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
