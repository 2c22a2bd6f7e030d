#!/usr/bin/env bash
# The tokio adapter in third-party servers and clients (examples/tokio_*), tested with the programs
# that people use with them. Uses only the loopback interface.
#
# Needs openssl, curl, nghttp2-client (nghttp, h2load), python3 with websockets and
# grpcio-health-checking, and PostgreSQL's server programs.
set -euo pipefail
cd "$(dirname "$0")"
python=${WANTWRITE_PYTHON:-python3}
postgres=$(dirname "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null | tail -1)")
missing=0
for program in openssl curl nghttp h2load "$python" "$postgres/initdb"; do
  command -v "$program" >/dev/null || { echo "$program is not installed"; missing=1; }
done
"$python" -c 'import websockets, grpc_health.v1' || missing=1
[ $missing = 0 ]

cargo build -q -p tokio_axum -p tokio_hyper -p tokio_postgres -p tokio_smtp \
  -p tokio_tonic -p tokio_websocket
built=${CARGO_TARGET_DIR:-../../target}/debug

work=$(mktemp -d)
servers=()
finish() {
  for server in "${servers[@]}"; do kill "$server" 2>/dev/null || true; done
  [ -z "${data-}" ] || as_postgres "$postgres/pg_ctl" -s -D "$data" -m immediate stop || true
  rm -rf "$work"
}
trap finish EXIT

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
  -subj /CN=localhost -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:false \
  -keyout "$work/key.pem" -out "$work/cert.pem" 2>"$work/openssl.log" || { cat "$work/openssl.log"; exit 1; }

start() { # EXAMPLE: sets port
  "$built/$1" "$work/cert.pem" "$work/key.pem" >"$work/$1.port" 2>"$work/$1.log" &
  servers+=($!)
  for _ in $(seq 100); do
    port=$(cat "$work/$1.port")
    [ -z "$port" ] || return 0
    sleep 0.1
  done
  echo "$1 did not start"; cat "$work/$1.log"; return 1
}
says() { # EXPECTED COMMAND ...
  local expected=$1 found
  shift
  found=$("$@") || { echo "failed: $*"; return 1; }
  [ "$found" = "$expected" ] || { echo "expected '$expected', got '$found': $*"; return 1; }
}
curl=(curl -sS --max-time 60 --cacert "$work/cert.pem")

echo "-- hyper"
start tokio_hyper
for version in 1.1 2; do
  says "200 $version 1000000" "${curl[@]}" "--http$version" -o /dev/null \
    -w '%{http_code} %{http_version} %{size_download}' "https://localhost:$port/1000000"
done
says 3000000 bash -c "nghttp -m 3 --no-verify-peer https://localhost:$port/1000000 | wc -c"
for protocol in http/1.1 h2; do
  h2load -n 2000 -c 20 -m 10 --npn-list=$protocol "https://localhost:$port/10000" >"$work/h2load"
  grep -q '2000 succeeded, 0 failed, 0 errored, 0 timeout' "$work/h2load" || { cat "$work/h2load"; exit 1; }
done

echo "-- axum"
start tokio_axum
says "hello" "${curl[@]}" "https://localhost:$port/"
says "hello, you" "${curl[@]}" -d you "https://localhost:$port/greet"

echo "-- tungstenite"
start tokio_websocket
"$python" websocket.py "$port" "$work/cert.pem"

echo "-- tonic"
start tokio_tonic
"$python" health.py "$port" "$work/cert.pem"

echo "-- STARTTLS"
start tokio_smtp
"$python" mail.py "$port" "$work/cert.pem"

echo "-- PostgreSQL"
# PostgreSQL refuses to run as root.
as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
chmod 711 "$work"
mkdir "$work/postgres"
cp "$work/key.pem" "$work/cert.pem" "$work/postgres"
echo secret >"$work/postgres/password"
chmod 600 "$work/postgres/key.pem"
[ "$(id -u)" != 0 ] || chown -R postgres "$work/postgres"
data=$work/postgres/data
as_postgres "$postgres/initdb" -D "$data" -A scram-sha-256 -U someone \
  --pwfile "$work/postgres/password" >"$work/initdb.log"
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
as_postgres "$postgres/pg_ctl" -s -w -D "$data" -l "$work/postgres/log" -o "-p $port -k $work/postgres \
  -c listen_addresses=localhost -c ssl=on -c ssl_cert_file=$work/postgres/cert.pem \
  -c ssl_key_file=$work/postgres/key.pem" start
says "TLSv1.3
10000000 bytes" "$built/tokio_postgres" "host=localhost port=$port user=someone password=secret \
  dbname=postgres sslmode=require channel_binding=require" "$work/cert.pem"
echo "-- all well"
