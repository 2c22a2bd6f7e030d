#!/bin/bash -eu
# Builds every target with its corpus, as OSS-Fuzz wants it. `imitate.sh` beside this runs it in
# what stands for OSS-Fuzz's environment.
cd "$SRC/wantwrite"
cargo fuzz build -O --fuzz-dir fuzz --features libfuzzer

built=${CARGO_TARGET_DIR:-target}/$(rustc -vV | sed -n 's/^host: //p')/release
for target in fuzz/fuzz_targets/*.rs; do
  name=$(basename "$target" .rs)
  cp "$built/$name" "$OUT/"
  # What failed once is a seed too.
  seeds=("fuzz/corpus/$name")
  [ ! -d "fuzz/regressions/$name" ] || seeds+=("fuzz/regressions/$name")
  zip -jqr "$OUT/${name}_seed_corpus.zip" "${seeds[@]}"
  printf '[libfuzzer]\nmax_len = 4096\n' >"$OUT/$name.options"
done
