#!/usr/bin/env bash
# Runs the programs of a directory against real programs on loopback. Prints a few lines for each.
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

# Runs our program within the time limit. With --foreground, `timeout` forwards a signal only to the
# program, and not to the whole group as well.
ours() { timeout --foreground "$limit" ${WRAP:-} "$bin/$1" "${@:2}"; }

# Arguments: NAME and the programs that it needs. Runs the function `run_NAME`.
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
  set +e # testing the result in a condition would disable -e in the function too
  (
    set -eE
    trap 'echo "failed: $BASH_COMMAND" >&2' ERR
    "run_$name"
  ) >"$work/said" 2>"$work/errors"
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

# Starts an openssl server on a free port, and sets $port.
openssl_server() { # OPTIONS
  local listening
  for _ in {1..20}; do
    port=$((RANDOM % 20000 + 20000))
    openssl s_server -quiet -accept "127.0.0.1:$port" -naccept 1 \
      -cert "$work/cert.pem" -key "$work/key.pem" "$@" <&0 2>"$work/server" &
    listening=$(printf '0100007F:%04X 00000000:0000 0A' "$port")
    until grep -q "$listening" /proc/net/tcp; do
      kill -0 $! 2>/dev/null || continue 2 # the port was taken
    done
    return
  done
  cat "$work/server" >&2
  return 1
}

# Starts an openssl server that echoes: its output is connected to its input.
echo_server() { # OPTIONS
  rm -f "$work/echo"
  mkfifo "$work/echo"
  openssl_server "$@" <>"$work/echo" >"$work/echo"
}

run_poll_client() {
  local version
  for version in 1.3 1.2; do
    echo_server
    ours poll_client "$version" "$port" "$work/ca.pem" "$work/file" "$work/back"
    cmp "$work/file" "$work/back"
    wait
  done
}

run_writer_only() {
  # The server's input must not end, because that would end the connection.
  mkfifo "$work/silence"
  openssl_server -tls1_3 <>"$work/silence" >"$work/received"
  ours writer_only "$port" "$work/ca.pem" "$work/file"
  wait
  cmp "$work/file" "$work/received"
}

run_ssl_write_test() {
  local version
  for version in 1.3 1.2; do
    echo_server
    ours ssl_write_test "$work/ca.pem" "$work/cert.pem" "$work/key.pem" "$version" "$port" \
      "$work/file" "$work/back"
    cmp "$work/file" "$work/back"
    wait
  done
}

# Starts our server in the background, and sets $port.
our_server() { # PROGRAM, arguments
  : >"$work/listens"
  timeout --foreground "$limit" ${WRAP:-} "$bin/$1" "${@:2}" >"$work/listens" &
  server=$!
  until read -r port <"$work/listens"; do kill -0 "$server"; done
}

# Stops our server, and prints its final output.
end_server() {
  kill "$server"
  wait "$server" || { tail -n +2 "$work/listens" >&2; return 1; }
  tail -n +2 "$work/listens"
}

run_epoll_server() {
  local curl=(curl -sS --cacert "$work/ca.pem") url version said
  our_server epoll_server "$work/cert.pem" "$work/key.pem"
  url=https://localhost:$port
  curl+=(--resolve "localhost:$port:127.0.0.1" --max-time "$limit")
  for version in 1.3 1.2; do
    "${curl[@]}" "--tlsv$version" --tls-max "$version" -o "$work/one" -o "$work/two" \
      -w '%{http_code} %{size_download} %{num_connects}\n' "$url/26" "$url/3000000" >"$work/curl"
    said=$(tr '\n' ' ' <"$work/curl")
    [ "$said" = "200 26 1 200 3000000 0 " ] || { echo "curl said $said" >&2; return 1; }
    [ "$(cat "$work/one")" = abcdefghijklmnopqrstuvwxyz ]
    [ "$(tail -c 4 "$work/two")" = mnop ] # 26 * 115,384 + 16
  done
  ./slow_clients.py "$port" "$work/ca.pem" "${SLOW_CLIENTS:-256}" 200000 \
    "${curl[@]}" -o "$work/three" "$url/100000"
  [ "$(stat -c %s "$work/three")" = 100000 ]
  end_server
}

# openssl stops when its input ends, so the input stays open until everything is echoed.
run_uv_echo() {
  local version size deadline=$((SECONDS + limit))
  size=$(stat -c %s "$work/file")
  our_server uv_echo "$work/cert.pem" "$work/key.pem"
  for version in tls1_3 tls1_2; do
    {
      cat "$work/file"
      until [ "$(stat -c %s "$work/back")" = "$size" ] || [ "$SECONDS" -gt "$deadline" ]; do
        sleep 0.1
      done
    } | openssl s_client -quiet -no_ign_eof "-$version" -connect "127.0.0.1:$port" \
      -servername localhost -CAfile "$work/ca.pem" -verify_return_error >"$work/back"
    cmp "$work/file" "$work/back"
  done
  for version in 1.3 1.2; do
    ours poll_client "$version" "$port" "$work/ca.pem" "$work/file" "$work/back"
    cmp "$work/file" "$work/back"
  done
  end_server
}

command -v openssl >/dev/null || { echo "NOTHING RUN: openssl is not installed"; exit 1; }
"$(dirname "$0")/../identity.sh" "$work" 2>"$work/errors" || { cat "$work/errors"; exit 1; }
# od turns each byte into three characters.
od -An -v -tx1 -N "${RANDOM_BYTES:-350000}" /dev/urandom >"$work/file"
program memory
program poll_client
program writer_only
program ssl_write_test
program epoll_server curl python3
program uv_echo

[ "$failed" = 0 ] || exit 1
[ "$missing" = 0 ] || [ -z "${WANTWRITE_REQUIRE_C:-}" ] || exit 1
