#!/usr/bin/env bash
# Runs build.sh in an imitation of OSS-Fuzz's environment, and then fuzzes each target for some
# seconds, starting from its seeds. Neither script has run on OSS-Fuzz itself. Its base image has a
# nightly compiler and its own libFuzzer; `RUSTC_BOOTSTRAP` and clang's libFuzzer replace them here.
# This needs clang, zip, unzip and `cargo install cargo-fuzz`.
#
#   fuzz/oss-fuzz/imitate.sh [SECONDS]    the time for each target; default: 5
set -euo pipefail
seconds=${1:-5}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
for program in clang clang++ zip unzip cargo-fuzz; do
  command -v "$program" >/dev/null || { echo "$program is not installed"; exit 1; }
done

tree=$(mktemp -d)
trap 'rm -r "$tree"' EXIT
mkdir "$tree"/{src,out,work}
export SRC=$tree/src OUT=$tree/out WORK=$tree/work
# Only committed files, as in a clone.
git -C "$root" archive --prefix wantwrite/ HEAD | tar x -C "$SRC"
cp "$here/build.sh" "$SRC/"

export CC=clang CXX=clang++ LIB_FUZZING_ENGINE=-fsanitize=fuzzer
export SANITIZER=address FUZZING_ENGINE=libfuzzer ARCHITECTURE=x86_64 FUZZING_LANGUAGE=rust
export RUSTFLAGS="--cfg fuzzing -Cdebuginfo=1 -Cforce-frame-pointers"
export RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$root/target/oss-fuzz
"$SRC/build.sh"

for target in "$OUT"/*.options; do
  name=$(basename "$target" .options)
  mkdir -p "$WORK/$name"
  unzip -qo "$OUT/${name}_seed_corpus.zip" -d "$WORK/$name"
  # The working directory is $OUT, because OSS-Fuzz deletes the tree in which it built.
  (cd "$OUT" && "./$name" -max_total_time="$seconds" -max_len=4096 -print_final_stats=1 "$WORK/$name") \
    >"$WORK/$name.log" 2>&1 || { tail -n 40 "$WORK/$name.log"; exit 1; }
  printf '%-22s %8s runs %7s/s\n' "$name" \
    "$(sed -n 's/^stat::number_of_executed_units: //p' "$WORK/$name.log")" \
    "$(sed -n 's/^stat::average_exec_per_sec: *//p' "$WORK/$name.log")"
done
