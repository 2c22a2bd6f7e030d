//! Keeps the linker from taking one library for another.

fn main() {
    // BoringSSL's archives have the names of OpenSSL's libraries and lie in front of them in the
    // linker's path: only the shared ones are meant.
    if cfg!(feature = "boring") {
        println!("cargo::rustc-link-arg-bins=-l:libssl.so");
        println!("cargo::rustc-link-arg-bins=-l:libcrypto.so");
    }
}
