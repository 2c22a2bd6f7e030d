//! The program. Its code is in `lib.rs`, so that `examples/fuzzed_server` can use a part of it.

fn main() -> std::process::ExitCode {
    https_server::main()
}
