//! The C library by its own functions: what the engine does not decide. What it does decide is
//! compared call by call in `fuzz/src/capi.rs`; the programs in C are in `examples`.
#![expect(clippy::as_conversions, clippy::unwrap_used, reason = "tests")]

mod configurations;
mod driving;
mod ends;
mod handshakes;
mod raw;
