//! The program. Its code is in the library.

fn main() -> std::process::ExitCode {
    https_get::main()
}
