//! The program. Its code is in the library, which the test uses too.

fn main() -> std::process::ExitCode {
    tokio_proxy::main()
}
