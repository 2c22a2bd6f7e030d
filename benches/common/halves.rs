//! Our writers and readers under fixed keys.

use core::hint::black_box;

use wantwrite::{
    CipherSuite, Drain, KeyLimits, ReadKeys, Reader, ReaderConfig, Role, WriteKeys, Writer,
    WriterConfig,
};

use super::Error;

/// TLS 1.3, then the same AEADs in TLS 1.2.
pub const SUITES: [(&str, CipherSuite); 6] = [
    ("tls13-aes128", CipherSuite::TLS_AES_128_GCM_SHA256),
    ("tls13-aes256", CipherSuite::TLS_AES_256_GCM_SHA384),
    ("tls13-chacha20", CipherSuite::TLS_CHACHA20_POLY1305_SHA256),
    ("tls12-aes128", CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    ("tls12-aes256", CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
    ("tls12-chacha20", CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
];

pub const KEY: [u8; 32] = [7; 32];
pub const IV: [u8; 12] = [9; 12];

/// Creates a writer without the record limit of RFC 9846 §5.5, which a long measurement would
/// reach, since these keys cannot be updated.
pub fn writer(suite: CipherSuite, mut config: WriterConfig) -> Result<Writer, Error> {
    config.key_limits = Some(KeyLimits { records: u64::MAX, ..KeyLimits::for_suite(suite) });
    let keys = WriteKeys::new(suite, &KEY[..suite.key_len()], IV, 0)?;
    Ok(Writer::new(keys, config)?)
}

/// Creates the reader for that writer's records.
pub fn reader(suite: CipherSuite, config: ReaderConfig) -> Result<Reader, Error> {
    let keys = ReadKeys::new(suite, &KEY[..suite.key_len()], IV, 0)?;
    Ok(Reader::new(keys, Role::Server, config)?)
}

/// Drains everything, like a transport that never blocks.
pub fn drain_all(mut drain: Drain<'_>) {
    while drain.remaining() > 0 {
        let len = black_box(drain.chunk()).len();
        drain.advance(len).expect("no more than is pending");
    }
}
