#!/usr/bin/env bash
# Plays the violations against the servers of OpenSSL, GnuTLS, nginx and NSS, and against rustls's
# record layer in https_server, with both versions of TLS. Servers that are not installed are
# skipped. Needs openssl for the certificate.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build -q --release -p violations -p https_server
release=${CARGO_TARGET_DIR:-$PWD/target}/release
tree=$(mktemp -d)
cd "$tree"
server=
stop() { [ -z "$server" ] || kill "$server" 2>/dev/null || true; }
trap 'stop; rm -r "$tree"' EXIT

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem \
  -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
cat >nginx.conf <<END
daemon off; worker_processes 1; pid $tree/nginx.pid; error_log $tree/nginx.err;
events {}
http {
  access_log off;
  client_body_temp_path $tree/1; proxy_temp_path $tree/2; fastcgi_temp_path $tree/3;
  uwsgi_temp_path $tree/4; scgi_temp_path $tree/5;
  server {
    listen 127.0.0.1:18443 ssl; ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate $tree/cert.pem; ssl_certificate_key $tree/key.pem;
    location / { return 200 "hello\n"; }
  }
}
END

against() { # PROGRAM, then the command that serves 127.0.0.1:18443
  local program=$1 version
  shift
  command -v "$program" >/dev/null || { echo "$program is not installed"; return 0; }
  for version in 1.3 1.2; do
    "$@" >server.log 2>&1 &
    server=$!
    until (: </dev/tcp/127.0.0.1/18443) 2>/dev/null; do kill -0 "$server"; done
    echo "== ${*/#*\//}, TLS $version"
    # s_server serves one client at a time. After the row with 32 KeyUpdates, it is not ready again
    # in time for the next client.
    "$release/violations" --tls "$version" 127.0.0.1:18443 || true
    stop
    wait "$server" 2>/dev/null || true
  done
}

against "$release/https_server" "$release/https_server" --addr 127.0.0.1:18443 --cert cert.pem --key key.pem
against "$release/https_server" "$release/https_server" --addr 127.0.0.1:18443 --cert cert.pem --key key.pem \
  --engine rustls
against openssl openssl s_server -quiet -accept 127.0.0.1:18443 -cert cert.pem -key key.pem -www
against gnutls-serv gnutls-serv --quiet --http -p 18443 --x509certfile cert.pem --x509keyfile key.pem
against nginx nginx -c "$tree/nginx.conf"
if command -v selfserv >/dev/null; then
  mkdir db
  certutil -N -d sql:db --empty-password
  openssl pkcs12 -export -in cert.pem -inkey key.pem -name localhost -passout pass: -out both.p12
  pk12util -i both.p12 -d sql:db -W '' -K '' >/dev/null
fi
against selfserv selfserv -D -n localhost -p 18443 -d sql:db -V tls1.2:tls1.3
