//! The program; what it is stands in `lib.rs`, so that `examples/fuzzed_server` can have a part of it.

fn main() -> std::process::ExitCode {
    https_server::main()
}
