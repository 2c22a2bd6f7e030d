//! Prevents the linker from confusing two libraries.

fn main() {
    // BoringSSL's archives have the same names as OpenSSL's libraries, and come first in the
    // linker's search path. OpenSSL is only linked as shared libraries.
    if cfg!(feature = "boring") {
        println!("cargo::rustc-link-arg-bins=-l:libssl.so");
        println!("cargo::rustc-link-arg-bins=-l:libcrypto.so");
    }
}
