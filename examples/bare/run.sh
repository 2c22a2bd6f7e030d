#!/usr/bin/env bash
# Runs the machine against OpenSSL, which returns every line reversed, with TLS 1.3 and 1.2, and
# then three times in setups where the connection must fail. Build first. Needs qemu-system-aarch64
# (Debian's qemu-system-arm) and openssl.
#
#   examples/bare/run.sh [KIB, 64 by default]
set -euo pipefail
cd "$(dirname "$0")"
kib=${1:-64}
program=target/aarch64-unknown-none/release/bare
directory=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -r "$directory"' EXIT

for name in server other; do
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$name" \
    -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE \
    -keyout "$directory/$name.key" -out "$directory/$name.pem" 2>/dev/null
done

fail() { # MESSAGE, FILE
  echo "$1"
  tail -30 "$directory/$2"
  exit 1
}

expect() { # FILE, PATTERN, the number of lines that match
  [ "$(grep -c "$2" "$directory/$1")" = "$3" ] || fail "expected $3 times in the $1: $2" "$1"
}

# The machine's serial line is a TCP connection to the server: QEMU connects and copies bytes. If
# the program ends in time, `machine` checks its exit status.
machine() { # STATUS, TRUSTED CERTIFICATE, QEMU OPTION ...
  local status=0
  local arguments="arg=bare,arg=localhost,arg=$directory/$2.pem,arg=$kib"
  timeout $((30 + kib)) qemu-system-aarch64 -M virt -cpu max -m 8M -nodefaults -display none \
    -serial "tcp:$address" -chardev stdio,id=console \
    -semihosting-config "enable=on,chardev=console,$arguments" \
    -kernel "$program" "${@:3}" </dev/null >"$directory/report" 2>&1 || status=$?
  [ "$status" = "$1" ] || fail "expected status $1 of the machine, got $status" report
}

for version in 1.3 1.2; do
  : >"$directory/log"
  openssl s_server -accept 127.0.0.1:0 -naccept 4 -rev "-tls${version/./_}" -msg \
    -cert "$directory/server.pem" -key "$directory/server.key" >"$directory/log" 2>&1 &
  server=$!
  until address=$(grep -om1 '127.0.0.1:[1-9][0-9]*' "$directory/log"); do
    kill -0 "$server" || fail "openssl has ended" log
    sleep 0.1
  done

  machine 0 server
  cat "$directory/report"
  key_updates=$([ "$version" = 1.3 ] && echo 1 || echo 0)
  expect report "suite  *Tls${version/./}," 1
  expect report "KeyUpdates  *$key_updates$" 1
  expect report "came back reversed  *$((kib << 10)) bytes" 1

  machine 1 other
  expect report UnknownIssuer 1
  machine 1 server -rtc base=2001-01-01
  expect report "not valid yet" 1
  # A processor without a random number generator.
  machine 1 server -cpu cortex-a72
  expect report random 1

  # The server ends after the fourth connection, which has failed on its side too.
  wait "$server" || true
  server=
  # OpenSSL's log shows our KeyUpdate and its own. It can write them after the machine has ended.
  for direction in '<<<' '>>>'; do
    expect log "$direction .*KeyUpdate" "$key_updates"
    expect log "$direction .*close_notify" 1
  done
done
