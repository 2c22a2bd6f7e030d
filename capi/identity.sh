#!/usr/bin/env bash
# Creates a certificate for "localhost" and its root, for tests:
#
#   identity.sh DIRECTORY       writes ca.pem, cert.pem and key.pem there
set -euo pipefail
cd "$1"
new=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
openssl req -x509 "${new[@]}" -keyout ca.key -out ca.pem -days 7 -subj '/CN=A test CA'
openssl req "${new[@]}" -keyout key.pem -out request.pem -subj /CN=localhost
printf '%s\n' subjectAltName=DNS:localhost basicConstraints=CA:FALSE >extensions
openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 7 \
  -extfile extensions -out cert.pem
