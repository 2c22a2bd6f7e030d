//! Tests what the C library adds to the engine. `fuzz/src/capi.rs` compares the rest with the
//! engine, call by call. The C programs are in `examples`.
#![expect(clippy::as_conversions, clippy::unwrap_used, reason = "tests")]

mod configurations;
mod driving;
mod ends;
mod handshakes;
mod raw;
