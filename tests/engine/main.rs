//! The engine, a subject a module. Binaries of their own have only the tests that need a process of
//! their own, or a release build.

mod alerts;
mod bad_peer;
mod clock;
mod debug;
mod handover;
mod model;
mod parallel;
mod policies;
mod rustls_peer;
mod ssl_write;
mod states;
mod stream;
mod writer;
