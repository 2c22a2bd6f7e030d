#!/usr/bin/env bash
# Installs the same files as `cargo cinstall`, with plain cargo: the header, the shared library with
# its soname, the static library, and the pkg-config file.
#
#   capi/install.sh                          below /usr/local
#   PREFIX=/usr DESTDIR=/tmp/stage capi/install.sh
set -euo pipefail
destdir=${DESTDIR:-}
case $destdir in
'' | /*) ;;
*) destdir=$PWD/$destdir ;;
esac
cd "$(dirname "$0")"
prefix=${PREFIX:-/usr/local}
libdir=${LIBDIR:-$prefix/lib}
includedir=${INCLUDEDIR:-$prefix/include}
for directory in "$prefix" "$libdir" "$includedir"; do
  case $directory in
  /*) ;;
  *)
    echo "expected PREFIX, LIBDIR and INCLUDEDIR to begin with /, got $directory" >&2
    exit 1
    ;;
  esac
done

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
# An incompatible release changes the second number while the first is 0, and the first after that.
case $version in
0.*) compatible=${version%.*} ;;
*) compatible=${version%%.*} ;;
esac
target=$(cargo metadata --no-deps --format-version 1)
target=$(sed 's/.*"target_directory":"\([^"]*\)".*/\1/' <<<"$target")/capi
build() { # CRATE TYPE, arguments of rustc
  local type=$1
  shift
  cargo rustc -q --locked --release -p wantwrite-capi --lib --target-dir "$target" \
    --crate-type "$type" -- "$@"
}
build cdylib -C link-arg="-Wl,-soname,libwantwrite.so.$compatible"
if ! notes=$(build staticlib --print native-static-libs 2>&1); then
  echo "$notes" >&2
  exit 1
fi
private=$(sed -n 's/^note: native-static-libs: //p' <<<"$notes" | tail -n 1)
# rustc prints the libraries only if it compiled something, so keep them in a file.
[ -n "$private" ] && echo "$private" >"$target/native-static-libs"
private=$(cat "$target/native-static-libs")
# A C compiler adds it itself, and it has no static form.
private=${private//-lgcc_s/}

install -d "$destdir$libdir/pkgconfig" "$destdir$includedir"
install -m 644 include/wantwrite.h "$destdir$includedir/wantwrite.h"
install -m 755 "$target/release/libwantwrite_capi.so" "$destdir$libdir/libwantwrite.so.$version"
ln -sf "libwantwrite.so.$version" "$destdir$libdir/libwantwrite.so.$compatible"
ln -sf "libwantwrite.so.$compatible" "$destdir$libdir/libwantwrite.so"
install -m 644 "$target/release/libwantwrite_capi.a" "$destdir$libdir/libwantwrite.a"
cat >"$destdir$libdir/pkgconfig/wantwrite.pc" <<END
prefix=$prefix
libdir=$libdir
includedir=$includedir

Name: wantwrite
Description: TLS without I/O, as buffer states
Version: $version
Libs: -L\${libdir} -lwantwrite
Libs.private: $private
Cflags: -I\${includedir}
END
