//! The engine, a subject a module. Binaries of their own have only the tests that need a process of
//! their own, or a release build.

mod aborts;
mod acceptor;
mod alerts;
mod bad_peer;
mod chunks;
mod clock;
mod crossing;
mod debug;
mod driver;
mod early_data;
mod early_schedules;
mod errors;
mod exporter;
mod failed_half;
mod floods;
mod from_keys;
mod half_close;
mod handover;
mod handshake;
mod input_memory;
mod keys_at;
mod laws;
mod lending;
mod model;
mod moved;
mod parallel;
mod peer_alert;
mod policies;
mod record_ends;
mod rustls_peer;
mod ssl_write;
mod states;
mod stream;
mod suites;
mod writer;
