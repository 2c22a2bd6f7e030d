//! How the adapters handle a transport that fails, lies or ends, and how they close.
#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "tests"
)]

mod embedded;
mod errors;
mod fresh;
mod futures;
mod lingering;
mod overrun;
mod polled;
mod wire;

use wantwrite_testing::{TLS12, TLS13};
