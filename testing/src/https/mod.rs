//! `examples/https_server` as a running program, and a client of it.

pub mod client;
pub mod server;
