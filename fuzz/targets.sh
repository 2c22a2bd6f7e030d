# Shared by the scripts of all fuzzers, which source it in this directory with their arguments.
# Sets the targets (default: all) and the seconds for each.
seconds=${WANTWRITE_FUZZ_SECONDS:-20}
targets=("$@")
if [ $# -eq 0 ]; then
  targets=(fuzz_targets/*.rs)
  targets=("${targets[@]##*/}")
  targets=("${targets[@]%.rs}")
fi

# On a terminal, standard error has a line that says for how long the fuzzers have run.
watcher=
watch() { # SECONDS that all targets take
  [ -t 2 ] || return 0
  SECONDS=0
  while :; do
    printf '\r%d s of about %d s ' "$SECONDS" "$1" >&2
    sleep 1
  done &
  watcher=$!
  trap unwatch EXIT
}
unwatch() {
  [ -n "$watcher" ] || return 0
  kill "$watcher" 2>/dev/null || true
  erase
}
erase() { # the line, before other output
  [ ! -t 2 ] || printf '\r%30s\r' '' >&2
}
