#!/usr/bin/env bash
# Checks how every program reports its usage, wrong arguments, unusable files and addresses, and an
# output that cannot be written. An error starts with the program's name and says what is wrong. The
# status is 2 for wrong arguments and 1 for every other failure. Nothing panics. Long work shows its
# progress on a terminal, and nothing elsewhere.
#
#   examples/usage.sh [PROFILE]   # a cargo profile, for all programs
#
# Without PROFILE, each program is built the way another step of `./check` builds it. Needs openssl.
set -euo pipefail
command -v openssl >/dev/null || { echo "openssl is not installed"; exit 1; }
cd "$(dirname "$0")/.."
profile=${1:-}
built=${CARGO_TARGET_DIR:-$PWD/target}

released=(fuzzed_server https_get https_server loopback parallel records tokio_proxy uring_send violations)
tested=(embedded_client tokio_turmoil upgrade)
# Built as in tests/tokio_programs/run.sh.
developed=(tokio_axum tokio_hyper tokio_postgres tokio_smtp tokio_tonic tokio_websocket)

declare -A path
build() { # PROFILE PROGRAM...
  local program directory=debug
  local chosen=${profile:-$1}
  shift
  case $chosen in dev | test) ;; *) directory=$chosen ;; esac
  cargo build -q --profile "$chosen" "${@/#/-p}"
  for program; do
    cp "$built/$directory/$program" "$work/bin"
    path[$program]=$work/bin/$program
  done
}

work=$(mktemp -d)
mkdir "$work/bin"
servers=()
finish() {
  for server in "${servers[@]}"; do kill "$server" 2>/dev/null || true; done
  rm -r "$work"
}
trap finish EXIT
failures=0
wrong() {
  echo "usage: $case"
  echo "  $1"
  [ ! -s "$work/out" ] || sed 's/^/  stdout: /' "$work/out"
  [ ! -s "$work/err" ] || sed 's/^/  stderr: /' "$work/err"
  failures=$((failures + 1))
}

# Runs PROGRAM for at most a minute, and sets `status`.
run() { # PROGRAM ARG...
  case=$*
  status=0
  timeout 60 "${path[$1]}" "${@:2}" >"$work/out" 2>"$work/err" </dev/null || status=$?
}
# Expects STATUS and an error that contains TEXT, and no other output.
fails() { # STATUS TEXT PROGRAM ARG...
  run "${@:3}"
  [ "$status" = "$1" ] || wrong "expected status $1, got $status"
  [ ! -s "$work/out" ] || wrong "expected nothing on standard output"
  said "$2" "$3"
}
said() { # TEXT PROGRAM
  grep -qF -- "$1" "$work/err" || wrong "expected this in the error: $1"
  grep -q "^$2: " "$work/err" || wrong "expected a line that begins with the program's name"
  ! grep -q panicked "$work/err" || wrong "it panicked"
}
# Expects an error if output cannot be written: to a full disk, then to a pipe without a reader.
cannot_print() { # PROGRAM ARG...
  local output
  exec 3> >(true)
  wait $!
  for output in /dev/full /dev/fd/3; do
    case="$* >$output"
    : >"$work/out"
    status=0
    if [ $output = /dev/full ]; then
      timeout 60 "${path[$1]}" "${@:2}" >/dev/full 2>"$work/err" </dev/null || status=$?
    else
      timeout 60 "${path[$1]}" "${@:2}" >&3 2>"$work/err" </dev/null || status=$?
    fi
    [ $status = 1 ] || wrong "expected status 1, got $status"
    said "standard output: " "$1"
  done
  exec 3>&-
}

build release "${released[@]}"
build test "${tested[@]}"
build dev "${developed[@]}"

for program in "${!path[@]}"; do
  for option in --help -h; do
    run "$program" $option
    [ $status = 0 ] || wrong "expected status 0, got $status"
    grep -q "^Usage: $program" "$work/out" || wrong "expected a usage line"
    [ ! -s "$work/err" ] || wrong "expected nothing on standard error"
    [ "$(wc -L <"$work/out")" -le 100 ] || wrong "expected lines of at most 100 columns"
  done
  fails 2 "'--no-such-option'" "$program" --no-such-option
  grep -q "^Usage: $program" "$work/err" || wrong "expected the usage line behind the error"
  cannot_print "$program" --help
done

cd "$work"
: >empty.pem
printf 'not PEM\n' >text.pem
printf -- '-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n' >broken.pem
printf -- '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' >junk.pem

make() { # NAME, whether it is a certificate authority
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -addext "basicConstraints=critical,CA:$2" \
    -keyout "$1.key" -out "$1.pem" 2>openssl.log || { cat openssl.log; exit 1; }
}
make cert FALSE
make authority TRUE

# Two servers: one with a certificate that clients can trust, one with an authority's.
serve() { # NAME; sets `taken` to its address
  : >"$1.log"
  "${path[https_server]}" --addr 127.0.0.1:0 --cert "$1.pem" --key "$1.key" >"$1.log" 2>&1 &
  servers+=($!)
  until grep -q '^listening on ' "$1.log"; do kill -0 "${servers[-1]}"; done
  taken=$(sed -n 's/^listening on //p' "$1.log")
}
serve authority
authority=$taken
serve cert

# Values of options.
fails 2 "https_get: expected a URL" https_get
fails 2 "https://" https_get http://localhost/
fails 2 "credentials" https_get https://user:pw@localhost/
fails 2 "port" https_get https://localhost:99999/
fails 2 "port" https_get https://localhost:http/
fails 2 "host" https_get https://-/
fails 2 "--connect" https_get --connect nonsense https://localhost/
fails 2 "--timeout" https_get --timeout 0 https://localhost/
fails 2 "--tls" https_get --tls 1.1 https://localhost/
fails 2 "--addr" https_server --addr nowhere
fails 2 "--capacity" https_server --capacity many
fails 2 "--bytes" loopback --bytes 1TB
fails 2 "--bytes" loopback --bytes 99999999999GiB
fails 2 "--write-size" loopback --write-size 99999GiB
fails 2 "--capacity" loopback --capacity 0
fails 2 "--threads" parallel --threads 0
fails 2 "--threads" parallel --threads 1000000
fails 2 "--threads" parallel --threads x
fails 2 "--bytes" records --bytes 99999GiB
fails 2 "--capacity" records --capacity 0
fails 2 "--capacity" records --capacity x
fails 2 "--connect" tokio_proxy --connect nonsense --cert cert.pem --key cert.pem
fails 2 "--connect" tokio_proxy --connect localhost:http --cert cert.pem --key cert.pem
fails 2 "--listen" tokio_proxy --listen nonsense --connect localhost:1 --cert cert.pem --key cert.pem
fails 2 "--cert" tokio_proxy --connect localhost:1
fails 2 "--seed" tokio_turmoil --seed x
fails 2 "--connections" uring_send --connections 5000
fails 2 "--connections" uring_send --connections 0
fails 2 "--chain" uring_send --chain 18446744073709551615
fails 2 "--mib" uring_send --mib 18446744073709551615
fails 2 "--addr" upgrade --addr nowhere
fails 2 "--connect" embedded_client --connect nowhere --ca cert.pem hello
fails 2 "--ca" embedded_client hello
fails 2 "--name" embedded_client --name ' ' --ca cert.pem hello
fails 2 "ADDRESS" violations
fails 2 "ADDRESS" violations nonsense
fails 2 "loopback" violations 192.0.2.1:443
fails 2 "--tls" violations --tls 1.1 127.0.0.1:1

# An option without a value.
fails 2 "--addr" https_server --addr
fails 2 "--ca" https_get --ca
fails 2 "--bytes" loopback --bytes
fails 2 "--connect" tokio_proxy --connect

# Files: missing, empty, not PEM, and PEM without valid content.
reads_certificates() { # PROGRAM ARG..., with FILE for the file
  fails 1 "missing.pem: " "${@/FILE/missing.pem}"
  fails 1 "empty.pem: expected a certificate" "${@/FILE/empty.pem}"
  fails 1 "text.pem: expected a certificate" "${@/FILE/text.pem}"
  fails 1 "broken.pem: " "${@/FILE/broken.pem}"
  fails 1 "junk.pem" "${@/FILE/junk.pem}"
}
reads_certificates https_get --ca FILE https://localhost/
reads_certificates https_server --addr 127.0.0.1:0 --cert FILE --key cert.key
reads_certificates tokio_proxy --listen 127.0.0.1:0 --connect localhost:1 --cert FILE --key cert.key
reads_certificates embedded_client --ca FILE hello
reads_certificates tokio_postgres 'host=localhost user=x' FILE
for program in tokio_axum tokio_hyper tokio_smtp tokio_tonic tokio_websocket; do
  fails 2 "CERTIFICATE" $program
  fails 2 "KEY" $program cert.pem
  fails 2 "more" $program cert.pem cert.pem more
  reads_certificates $program FILE cert.key
done
for program in "tokio_hyper cert.pem" "https_server --addr 127.0.0.1:0 --cert cert.pem --key" \
  "tokio_proxy --connect localhost:1 --cert cert.pem --key"; do
  fails 1 "authority.key: " $program authority.key
  fails 1 "missing.pem: " $program missing.pem
  fails 1 "empty.pem: expected a private key" $program empty.pem
  fails 1 "cert.pem: expected a private key" $program cert.pem
done
fails 1 "missing: " https_get --ca cert.pem --put missing https://localhost/
fails 1 "missing/file: " https_get --ca cert.pem --connect "$taken" --out missing/file https://localhost/
fails 1 "missing: " https_server --addr 127.0.0.1:0 --root missing
fails 1 "missing/cert.pem: " upgrade --addr 127.0.0.1:0 --cert missing/cert.pem

# Addresses: one in use, and one without a listener.
fails 1 "$taken: " https_server --addr "$taken"
fails 1 "$taken: " tokio_proxy --listen "$taken" --connect localhost:1 --cert cert.pem --key cert.key
fails 1 "127.0.0.1:1: " https_get --ca cert.pem --connect 127.0.0.1:1 https://localhost/
fails 1 "127.0.0.1:1: " https_get --ca cert.pem https://127.0.0.1:1/
fails 1 "nowhere.invalid:443: " https_get https://nowhere.invalid/
fails 1 "127.0.0.1:1: " embedded_client --connect 127.0.0.1:1 --ca cert.pem hello
fails 1 "127.0.0.1:1: " violations 127.0.0.1:1
fails 1 "$taken: " upgrade --addr "$taken"

# Trusted certificates.
fails 1 "--ca" https_get --connect "$taken" https://localhost/
fails 1 "localhost" https_get --ca cert.pem --connect "$taken" https://example.com/
fails 1 "CA:FALSE" https_get --ca authority.pem --connect "$authority" https://localhost/
fails 1 "404 Not Found" https_get --ca cert.pem --connect "$taken" --out page https://localhost/missing

# Output that fails while the program is working.
cannot_print https_server --addr 127.0.0.1:0
cannot_print tokio_hyper cert.pem cert.key
cannot_print tokio_proxy --listen 127.0.0.1:0 --connect localhost:1 --cert cert.pem --key cert.key
cannot_print loopback --bytes 1MiB
cannot_print records --bytes 1MiB
cannot_print upgrade --addr 127.0.0.1:0
cannot_print https_get --ca cert.pem --connect "$taken" https://localhost/bytes/1000000
fails 1 "/dev/full: " https_get --ca cert.pem --connect "$taken" --out /dev/full https://localhost/bytes/1000000

# Progress: a line on a terminal, and nothing elsewhere.
shows_progress() { # PROGRAM ARG...
  run "$@"
  [ "$status" = 0 ] || wrong "expected status 0, got $status"
  [ ! -s "$work/err" ] || wrong "expected nothing on standard error"
  # The terminal that `script` provides gets only standard error.
  script -qec "$(printf '%q ' "${path[$1]}" "${@:2}") >/dev/null" /dev/null >"$work/out" </dev/null || status=$?
  [ "$status" = 0 ] || wrong "expected status 0 on a terminal, got $status"
  grep -q '0 B of [0-9.]* MiB, ' "$work/out" || wrong "expected progress on the terminal"
  ! grep -q $'\e' "$work/out" || wrong "expected no escape sequences"
}
shows_progress loopback --bytes 2MiB
shows_progress records --bytes 2MiB

[ $failures = 0 ] || { echo "usage: $failures failures"; exit 1; }
