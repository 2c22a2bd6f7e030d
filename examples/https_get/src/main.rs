//! See the library.

fn main() -> std::process::ExitCode {
    https_get::main()
}
