#!/usr/bin/env bash
# Sends lines to OpenSSL, which returns each of them reversed, with TLS 1.3 and 1.2. Each version
# runs twice, and the second connection resumes the first one's session. A third connection does not
# trust the server. Build first.
#   examples/freestanding/run.sh [MIB, 64 by default]
set -euo pipefail
cd "$(dirname "$0")"
mib=${1:-64}
program=target/x86_64-unknown-linux-gnu/release/freestanding
directory=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -r "$directory"' EXIT

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE \
  -keyout "$directory/key.pem" -out "$directory/cert.pem" 2>/dev/null

expect() { # PATTERN, the number of lines of the report that match
  [ "$(grep -c -- "$1" "$directory/report")" = "$2" ] || {
    echo "expected $2 times in the report: $1"
    exit 1
  }
}

# The program's help, and its errors for wrong arguments and files.
refuses() { # STATUS TEXT ARGUMENT...
  local status=0
  "$program" "${@:3}" >/dev/null 2>"$directory/report" || status=$?
  [ "$status" = "$1" ] || { echo "expected status $1, got $status: ${*:3}"; exit 1; }
  expect "^freestanding: .*$2" 1
}
"$program" --help >"$directory/report"
expect '^Usage: freestanding' 1
refuses 2 'invalid option' --no-such-option
refuses 2 '--connect' --name localhost
refuses 2 '--connect.*nowhere' --connect nowhere --name localhost
: >"$directory/empty.pem"
refuses 1 'missing.pem: ' --connect 127.0.0.1:1 --name localhost --ca missing.pem
refuses 1 'empty.pem: expected a certificate' --connect 127.0.0.1:1 --name localhost --ca "$directory/empty.pem"
refuses 1 '127.0.0.1:1: ' --connect 127.0.0.1:1 --name localhost

for version in 1.3 1.2; do
  : >"$directory/log"
  openssl s_server -accept 127.0.0.1:0 -naccept 3 -rev "-tls${version/./_}" \
    -cert "$directory/cert.pem" -key "$directory/key.pem" >"$directory/log" 2>&1 &
  server=$!
  until address=$(grep -om1 '127.0.0.1:[1-9][0-9]*' "$directory/log"); do
    kill -0 "$server" || { cat "$directory/log"; exit 1; }
    sleep 0.1
  done
  "$program" --connect "$address" --name localhost --ca "$directory/cert.pem" --mib "$mib" \
    --reversed --connections 2 | tee "$directory/report"
  expect "suite  *Tls${version/./}," 2
  expect "resumed  *yes" 1
  expect "KeyUpdates  *1" $([ "$version" = 1.3 ] && echo 2 || echo 0)
  expect "received  *$((mib << 20)) bytes" 2
  expect "verdict  *same" 2
  if "$program" --connect "$address" --name localhost 2>"$directory/report"; then
    echo "trusts a server that it should not trust"
    exit 1
  fi
  expect "UnknownIssuer" 1
  # The server ends after the third connection, which has failed on its side too.
  wait "$server" || true
  server=
done
