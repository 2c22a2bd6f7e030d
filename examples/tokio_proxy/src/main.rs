//! See the library, which the test uses too.

fn main() -> std::process::ExitCode {
    tokio_proxy::main()
}
