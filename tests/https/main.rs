//! `examples/https_server` and `examples/https_get` as programs: with stock rustls clients, with
//! clients that misbehave, and with curl.
#![cfg(unix)]
#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "tests"
)]

mod certificates;
mod client;
#[path = "../common/mod.rs"]
mod common;
mod curl;
mod echo;
mod get;
mod http;
mod limits;
mod misuse;
mod options;
mod server;
mod uploads;
