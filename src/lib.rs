//! A TLS record-layer writer engine without I/O.
//!
//! It cuts plaintext into TLS records, seals them with ring, and holds the ciphertext in a bounded
//! buffer that the caller drains. rustls makes the handshake; then its traffic keys move here.
//!
//! # The mental model
//!
//! Two mirrored halves, and no hidden state behind them:
//!
//! ```text
//! plaintext --write / slot+commit--> [current record] --seal--> [sealed records] --drain().advance--> transport
//! transport --inbound().commit--> [records] --open in place--> [plaintext] --consume--> caller
//! ```
//!
//! The tail of the outbound buffer is at most one *current record*: plaintext that is not sealed
//! yet. It is sealed, in place, when it is full, when [`Writer::flush`] or [`Connection::close`]
//! asks, or when the drain reaches it. So small writes made while earlier bytes wait share a
//! record, without a timer, and a slow drain never makes short records.
//!
//! A [`Connection`] is both halves and the handshake; [`Writer`] and [`Reader`] are the halves
//! alone, with keys from anywhere; `Stream` is a connection over `std::io`.
//!
//! Everything is a level that can be looked at again: [`Connection::wants`],
//! [`Connection::writer_state`], [`Writer::buffer_state`], [`Writer::room`]. "Would block" is not
//! an error here: `write` says how much it accepted, 0 included. Errors are about one call
//! ([`WriteError`], which carries the count accepted), or fatal and sticky ([`Error`],
//! [`ConnectionError`]). [`docs::event_loops`] has the loops to begin with; `Stream` is one that
//! is ready made, and [`driver`] is for making others.
//!
//! RFC 9846, cited throughout, is TLS 1.3; it replaces RFC 8446.
//!
//! # The manual
//!
//! | page | for |
//! |---|---|
//! | [`docs::event_loops`] | level- and edge-triggered loops, io_uring, a game's frames, a loop of your own |
//! | [`docs::runtimes`] | which adapter suits which runtime: tokio, smol, embedded-io |
//! | [`docs::coming_from_ssl_write`] | OpenSSL's manual page, sentence by sentence |
//! | [`docs::back_pressure_and_memory`] | who waits for whom, and what a connection holds |
//! | [`docs::key_updates_and_limits`] | how much a key may seal, and what happens then |
//! | [`docs::sizes_and_padding`] | how long records are, and what that costs |
//! | [`docs::early_data`] | 0-RTT, half-RTT, and what they give up |
//! | [`docs::exporters`] | keys for other protocols, and channel binding |
//! | [`docs::late_decisions`] | a configuration for each client, short records, connections that move |
//! | [`docs::other_providers`] | aws-lc-rs, graviola, and post-quantum groups |
//! | [`docs::deterministic_simulation`] | the same bytes for the same seed: turmoil, a paused clock, a world of your own |
//! | [`docs::other_programs`] | what some peers expect, and what they do wrong themselves |
//! | [`docs::from_c`] | the C library: its model, its errors, and its calls beside OpenSSL's |
//! | [`docs::no_libc`] | programs with nothing underneath |
//!
//! # Features
//!
//! They only add. `rustls`, `std`, `tls12` and `webpki-roots` are on by default.
//!
//! | feature | what it adds |
//! |---|---|
//! | `rustls` | [`Connection`]. Without it there are [`Writer`] and [`Reader`], with ring, bytes and zeroize only |
//! | `tls12` | handshakes of TLS 1.2 |
//! | `webpki-roots` | `webpki_client_config`: the Mozilla roots; `rustls` too |
//! | `std` | `Stream`, `Pool`, chunks for `writev`, rustls's own clock and randomness |
//! | `hashbrown` | rustls's session caches without `std` |
//! | `parallel` | `Writer::seal_batch`, `SealWorkers`: a connection's records sealed on several threads; `std` too |
//!
//! Without `std` a configuration comes from [`client_config_builder`] or [`server_config_builder`]
//! and the caller's [`clock`]; [`docs::no_libc`] says what else such a program needs. Without
//! `tls12` a configuration of this crate's negotiates TLS 1.3 only, even where another crate has
//! turned rustls's TLS 1.2 on; a configuration of your own negotiates what it says.
//!
//! Foreign types in this API: `bytes` (`Bytes`, `BytesMut`, and `Buf` for a chunk), rustls's
//! configurations and its `pki_types`, both re-exported.
//!
//! # Adapters
//!
//! They are crates of their own: `wantwrite-tokio` has `TlsConnector`, `TlsAcceptor` and
//! `TlsStream` over tokio's traits, `wantwrite-embedded-io` has `EmbeddedStream` and
//! `AsyncEmbeddedStream`, without `std` too, and `wantwrite-futures-io` has `FuturesStream` for
//! smol. `wantwrite-fuzzing` is for fuzzers and simulators only.
// Where these links go if the items are not compiled in.
#![cfg_attr(
    not(feature = "rustls"),
    doc = "",
    doc = "[`Connection`]: https://docs.rs/wantwrite/latest/wantwrite/struct.Connection.html",
    doc = "[`Connection::close`]: https://docs.rs/wantwrite/latest/wantwrite/struct.Connection.html#method.close",
    doc = "[`Connection::wants`]: https://docs.rs/wantwrite/latest/wantwrite/struct.Connection.html#method.wants",
    doc = "[`Connection::writer_state`]: https://docs.rs/wantwrite/latest/wantwrite/struct.Connection.html#method.writer_state",
    doc = "[`ConnectionError`]: https://docs.rs/wantwrite/latest/wantwrite/enum.ConnectionError.html",
    doc = "[`driver`]: https://docs.rs/wantwrite/latest/wantwrite/driver/index.html",
    doc = "[`client_config_builder`]: https://docs.rs/wantwrite/latest/wantwrite/fn.client_config_builder.html",
    doc = "[`server_config_builder`]: https://docs.rs/wantwrite/latest/wantwrite/fn.server_config_builder.html",
    doc = "[`clock`]: https://docs.rs/wantwrite/latest/wantwrite/fn.clock.html"
)]
#![cfg_attr(
    not(all(feature = "std", feature = "webpki-roots")),
    doc = "",
    doc = "[`docs::event_loops`]: https://docs.rs/wantwrite/latest/wantwrite/docs/event_loops/index.html",
    doc = "[`docs::runtimes`]: https://docs.rs/wantwrite/latest/wantwrite/docs/runtimes/index.html",
    doc = "[`docs::coming_from_ssl_write`]: https://docs.rs/wantwrite/latest/wantwrite/docs/coming_from_ssl_write/index.html",
    doc = "[`docs::back_pressure_and_memory`]: https://docs.rs/wantwrite/latest/wantwrite/docs/back_pressure_and_memory/index.html",
    doc = "[`docs::key_updates_and_limits`]: https://docs.rs/wantwrite/latest/wantwrite/docs/key_updates_and_limits/index.html",
    doc = "[`docs::sizes_and_padding`]: https://docs.rs/wantwrite/latest/wantwrite/docs/sizes_and_padding/index.html",
    doc = "[`docs::early_data`]: https://docs.rs/wantwrite/latest/wantwrite/docs/early_data/index.html",
    doc = "[`docs::exporters`]: https://docs.rs/wantwrite/latest/wantwrite/docs/exporters/index.html",
    doc = "[`docs::late_decisions`]: https://docs.rs/wantwrite/latest/wantwrite/docs/late_decisions/index.html",
    doc = "[`docs::other_providers`]: https://docs.rs/wantwrite/latest/wantwrite/docs/other_providers/index.html",
    doc = "[`docs::deterministic_simulation`]: https://docs.rs/wantwrite/latest/wantwrite/docs/deterministic_simulation/index.html",
    doc = "[`docs::other_programs`]: https://docs.rs/wantwrite/latest/wantwrite/docs/other_programs/index.html",
    doc = "[`docs::from_c`]: https://docs.rs/wantwrite/latest/wantwrite/docs/from_c/index.html",
    doc = "[`docs::no_libc`]: https://docs.rs/wantwrite/latest/wantwrite/docs/no_libc/index.html"
)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod aead;
mod alert;
mod buffer;
#[cfg(feature = "rustls")]
mod connection;
#[cfg(all(doc, feature = "std", feature = "webpki-roots"))]
pub mod docs;
#[cfg(feature = "rustls")]
pub mod driver;
mod error;
#[cfg(feature = "std")]
mod io_error;
mod num;
mod reader;
mod record;
#[cfg(all(feature = "rustls", feature = "std"))]
mod stream;
mod writer;

pub use bytes;

#[cfg(feature = "rustls")]
pub use aead::ExportError;
pub use aead::{
    AeadProvider, CipherSuite, InvalidKeyLength, KeyLimits, ReadKeys, TrafficSecret, WriteKeys,
};
pub use alert::AlertDescription;
#[cfg(feature = "std")]
pub use buffer::Pool;
pub use buffer::{BufferPolicy, Chunk, PutBackError};
#[cfg(all(feature = "std", feature = "webpki-roots"))]
pub use connection::webpki_client_config;
#[cfg(feature = "webpki-roots")]
pub use connection::webpki_client_config_with_time;
#[cfg(feature = "rustls")]
pub use connection::{
    Acceptor, ClientHello, Connection, ConnectionConfig, ConnectionError, EarlyDataStatus,
    EarlyWriter, HandshakeKind, MoveError, MovedConnection, Tls12Close, client_config_builder,
    clock, prepare_client_config, rustls, server_config_builder,
};
#[cfg(feature = "rustls")]
pub use driver::lingering::LingerError;
pub use error::{ConfigError, Error, Overrun, PeerFault, WriteError};
pub use reader::{
    Credit, Inbound, PeerLimits, Reader, ReaderConfig, ReaderEvents, ReaderState, Role,
};
pub use record::{KeyUpdateRequest, MAX_FRAGMENT_LEN, MAX_RECORD_LEN, Version};
#[cfg(all(feature = "rustls", feature = "std"))]
pub use stream::Stream;
#[cfg(feature = "parallel")]
pub use writer::{Batch, SealJob, SealWorkers};
pub use writer::{
    BufferState, Coalescing, Conditions, Congestion, Drain, FlushPoint, Padding, Progress,
    RecordEnds, Sizing, Slot, SlowStart, Wants, Window, Writer, WriterConfig, WriterParts,
    WriterState,
};

#[cfg(all(doctest, feature = "std", feature = "webpki-roots"))]
#[doc = include_str!("../README.md")]
struct Readme;
