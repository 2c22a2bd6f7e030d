#!/usr/bin/env bash
# Runs the programs of a directory against real programs on loopback: a line, or a few, for each.
#
#   run.sh DIRECTORY       WRAP: a program to run them under, such as valgrind
set -euo pipefail
bin=$1
limit=${LIMIT:-120}
work=$(mktemp -d)
missing=0 failed=0 pids=()

cleanup() {
  [ "${#pids[@]}" -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
  wait
  rm -r "$work"
}
trap cleanup EXIT

# A certificate for "localhost", and who vouches for it.
identity() {
  local new=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
  openssl req -x509 "${new[@]}" -keyout "$work/ca.key" -out "$work/ca.pem" -days 7 -subj '/CN=A test CA'
  openssl req "${new[@]}" -keyout "$work/key.pem" -out "$work/request.pem" -subj /CN=localhost
  printf '%s\n' subjectAltName=DNS:localhost basicConstraints=CA:FALSE >"$work/extensions"
  openssl x509 -req -in "$work/request.pem" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial \
    -days 7 -extfile "$work/extensions" -out "$work/cert.pem"
}

# Our program, within the time limit.
ours() { timeout "$limit" ${WRAP:-} "$bin/$1" "${@:2}"; }

# NAME and the programs that it needs; what it does stands in the function `run_NAME`.
program() {
  local name=$1 needs=("${@:2}") need begin line status
  for need in "${needs[@]}"; do
    if ! command -v "$need" >/dev/null; then
      printf '%-15s NOT RUN: %s is not installed\n' "$name" "$need"
      missing=1
      return
    fi
  done
  if [ ! -x "$bin/$name" ]; then
    printf '%-15s NOT RUN: it was not built\n' "$name"
    missing=1
    return
  fi
  begin=$(date +%s)
  set +e # a condition would switch it off in the function too
  (set -e; "run_$name") >"$work/said" 2>"$work/errors"
  status=$?
  set -e
  if [ "$status" = 0 ]; then
    while read -r line; do printf '%-15s %s\n' "$name" "$line"; done <"$work/said"
    printf '%-15s ok, %d s\n' "$name" $(($(date +%s) - begin))
  else
    printf '%-15s FAILED\n' "$name"
    cat "$work/said" "$work/errors"
    failed=1
  fi
}

run_memory() { ours memory "$work/ca.pem" "$work/cert.pem" "$work/key.pem"; }

command -v openssl >/dev/null || { echo "NOTHING RUN: openssl is not installed"; exit 1; }
identity 2>"$work/errors" || { cat "$work/errors"; exit 1; }
program memory

[ "$failed" = 0 ] || exit 1
[ "$missing" = 0 ] || [ -z "${WANTWRITE_REQUIRE_C:-}" ] || exit 1
