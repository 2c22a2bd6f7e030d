# What the scripts of all fuzzers share, to be sourced in this directory with their arguments: the
# targets, all if none is named, and the seconds for each.
seconds=${WANTWRITE_FUZZ_SECONDS:-20}
targets=("$@")
if [ $# -eq 0 ]; then
  targets=(fuzz_targets/*.rs)
  targets=("${targets[@]##*/}")
  targets=("${targets[@]%.rs}")
fi
