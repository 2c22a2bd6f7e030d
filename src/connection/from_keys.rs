//! A connection whose handshake took place elsewhere.

use alloc::boxed::Box;

use super::negotiated::Negotiated;
use super::{Connection, ConnectionConfig, Stage};
use crate::aead::{ReadKeys, WriteKeys};
use crate::error::ConfigError;
use crate::reader::{Reader, Role};
use crate::writer::{Writer, WriterParts};

impl Connection {
    /// Creates a connection that is established from the start, because its handshake took place
    /// elsewhere. This is for connections that move between programs, for other TLS libraries, and
    /// for fuzzers that do not want a handshake. Both keys must have the same suite.
    ///
    /// Keys with a traffic secret ([`WriteKeys::from_secret_at`], [`ReadKeys::from_secret_at`]) can
    /// be updated as after a handshake. With raw TLS 1.3 keys, a KeyUpdate from the peer ends the
    /// connection, because there is no next key.
    ///
    /// What the handshake negotiated is unknown, except for version and suite. Session tickets are
    /// ignored, and the counters start at 0.
    ///
    /// ```
    /// use wantwrite::{CipherSuite, Connection, ReadKeys, Role, TrafficSecret, WriteKeys};
    ///
    /// let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
    /// let ours = WriteKeys::from_secret(TrafficSecret::new(suite, &[1; 32])?);
    /// let theirs = ReadKeys::from_secret(TrafficSecret::new(suite, &[2; 32])?);
    /// let connection = Connection::from_keys(ours, theirs, Role::Client, Default::default())?;
    /// assert_eq!(connection.cipher_suite(), Some(suite));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// Like every `Connection`, this needs the feature `rustls`, although rustls is not involved.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting is out of range ([`ConnectionConfig::check`]).
    pub fn from_keys(
        write: WriteKeys,
        read: ReadKeys,
        role: Role,
        config: ConnectionConfig,
    ) -> Result<Self, ConfigError> {
        let negotiated = Negotiated::new(write.suite(), config.tls12_close);
        Self::established(WriterParts::new(write, false), read, role, config, negotiated)
    }

    /// Creates a connection that continues with these keys.
    pub(super) fn established(
        write: WriterParts,
        mut read: ReadKeys,
        role: Role,
        config: ConnectionConfig,
        negotiated: Negotiated,
    ) -> Result<Self, ConfigError> {
        let mut this = Self {
            writer: Writer::without_keys(config.writer)?,
            reader: Reader::without_keys(role, &config.reader)?,
            stage: Stage::Established(Box::new(negotiated)),
        };
        this.writer.begin_with(write, read.take_secret());
        this.reader.begin(read);
        Ok(this)
    }
}
