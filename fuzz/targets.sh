# Shared by the scripts of all fuzzers, which source it in this directory with their arguments.
# Sets the targets (default: all) and the seconds for each.
seconds=${WANTWRITE_FUZZ_SECONDS:-20}
targets=("$@")
if [ $# -eq 0 ]; then
  targets=(fuzz_targets/*.rs)
  targets=("${targets[@]##*/}")
  targets=("${targets[@]%.rs}")
fi
