#!/bin/bash -eu
# Builds every target with its corpus for OSS-Fuzz. `imitate.sh` in this directory runs it in an
# imitation of OSS-Fuzz's environment.
cd "$SRC/wantwrite"
cargo fuzz build -O --fuzz-dir fuzz --features libfuzzer

built=${CARGO_TARGET_DIR:-target}/$(rustc -vV | sed -n 's/^host: //p')/release
for target in fuzz/fuzz_targets/*.rs; do
  name=$(basename "$target" .rs)
  cp "$built/$name" "$OUT/"
  # Inputs that failed once are also seeds.
  seeds=("fuzz/corpus/$name")
  [ ! -d "fuzz/regressions/$name" ] || seeds+=("fuzz/regressions/$name")
  zip -jqr "$OUT/${name}_seed_corpus.zip" "${seeds[@]}"
  printf '[libfuzzer]\nmax_len = 4096\n' >"$OUT/$name.options"
done
