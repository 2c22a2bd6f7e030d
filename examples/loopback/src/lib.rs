//! What a sending program needs for its test: pseudo-random plaintext, and a stock rustls peer that
//! receives it. Used by `main.rs` and by `examples/uring_send`.
#![expect(
    missing_debug_implementations,
    clippy::std_instead_of_core,
    reason = "part of a program, which has std"
)]

pub mod peer;
pub mod plaintext;
mod random;

use program::Error;
