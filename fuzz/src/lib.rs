//! The fuzz targets. Each is a function of an input, and panics if a property does not hold.
#![expect(
    missing_docs,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used,
    reason = "test code"
)]

pub mod capi;
pub mod connection_bytes;
pub mod differential_rustls;
pub mod driver;
pub mod handover;
pub mod parallel;
pub mod reader_bytes;
pub mod record_header;
pub mod requests;
pub mod round_trip;
pub mod scripts;
pub mod writer_ops;

use wantwrite_testing::draw;

/// A target's name under `fuzz/`, and the function that it calls.
pub type Target = (&'static str, fn(&[u8]));

pub const ALL: [Target; 14] = [
    ("record_header", record_header::run),
    ("reader_bytes", reader_bytes::run),
    ("writer_ops", writer_ops::run),
    ("round_trip", round_trip::run),
    ("differential_rustls", differential_rustls::run),
    ("connection_bytes", connection_bytes::run),
    ("driver", driver::run),
    ("handover", handover::run),
    ("parallel", parallel::run),
    ("capi", capi::run),
    ("requests", requests::alone),
    ("requests_behind_tls", requests::behind_tls),
    ("requests_on_the_wire", requests::on_the_wire),
    ("scripts", scripts::run),
];
