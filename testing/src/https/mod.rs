//! Runs `examples/https_server` as a program, with a client for it.

pub mod client;
pub mod server;
