//! What programs that send have at their other end: pseudo-random plaintext, and a stock rustls
//! peer that takes it. `main.rs` has one such program, `examples/uring_send` is another.
#![expect(
    missing_debug_implementations,
    clippy::std_instead_of_core,
    reason = "part of a program, which has std"
)]

pub mod peer;
pub mod plaintext;
mod random;

use program::Error;
