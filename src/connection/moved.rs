//! An established connection as bytes, which another process can continue.

use alloc::vec::Vec;
use core::fmt;

use rustls::pki_types::CertificateDer;
use zeroize::{Zeroize, Zeroizing};

use super::fields::Fields;
use super::negotiated::{HandshakeKind, Negotiated};
use super::{Connection, ConnectionConfig, Stage};
use crate::aead::{CipherSuite, ExportError, ExporterSecret, ReadKeys, TrafficSecret, WriteKeys};
use crate::buffer::append_wiped;
use crate::error::ConfigError;
use crate::num::to_u64;
use crate::reader::Role;
use crate::record::{MAX_FRAGMENT_LEN, MIN_FRAGMENT_LIMIT, Version};
use crate::writer::WriterParts;

/// The first bytes: a name and the version of the format.
const MAGIC: &[u8; 8] = b"wantwr\x00\x02";

/// An established connection in transit: its keys with their sequence numbers and generations, what
/// was negotiated, the limit that the peer set on the length of our records, and records that were
/// received but not opened yet.
///
/// The bytes are secret: they decrypt the connection in both directions. And **they must be used
/// only once**: if two processes continue the connection, they reuse nonces, which reveals the
/// AEAD's key. That is why this type is not `Clone`, is wiped when dropped, and wipes the bytes
/// that it is read from.
///
/// ```
/// # use wantwrite::{CipherSuite, Connection, ConnectionConfig, MovedConnection, ReadKeys, Role};
/// # use wantwrite::{TrafficSecret, WriteKeys};
/// # let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
/// # let ours = WriteKeys::from_secret(TrafficSecret::new(suite, &[1; 32])?);
/// # let theirs = ReadKeys::from_secret(TrafficSecret::new(suite, &[2; 32])?);
/// # let connection = Connection::from_keys(ours, theirs, Role::Client, Default::default())?;
/// // In one process:
/// let moved = connection.dangerous_into_moved().map_err(|_| "the connection is not at rest")?;
/// let mut message = moved.dangerous_bytes().to_vec(); // over a local socket
/// drop(moved);
/// // In the other process:
/// let moved = MovedConnection::from_bytes(&mut message)?;
/// let connection = moved.into_connection(ConnectionConfig::default())?;
/// assert!(MovedConnection::from_bytes(&mut message).is_err(), "they are wiped");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MovedConnection(Zeroizing<Vec<u8>>);

/// Why bytes are not a moved connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MoveError {
    /// They were read before and wiped.
    AlreadyUsed,
    /// They do not start like a [`MovedConnection`] of this version of the crate.
    UnknownFormat,
    /// They are incomplete, or not what was written.
    Malformed,
    /// A setting for the connection is out of range.
    Config(ConfigError),
}

impl fmt::Display for MoveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyUsed => {
                f.write_str("expected a moved connection, got memory that was already read")
            }
            Self::UnknownFormat => {
                f.write_str("expected a moved connection of this version, got something else")
            }
            Self::Malformed => f.write_str("got a moved connection that cannot be decoded"),
            Self::Config(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for MoveError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Config(error) => Some(error),
            Self::AlreadyUsed | Self::UnknownFormat | Self::Malformed => None,
        }
    }
}

impl fmt::Debug for MovedConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MovedConnection").field("len", &self.0.len()).finish_non_exhaustive()
    }
}

impl Connection {
    /// Takes an established connection out of this process, for another process to continue: see
    /// [`MovedConnection`]. Key updates work there as they do here. Later session tickets are
    /// ignored, the counters start at 0, and [`early_data_status`](Self::early_data_status) is
    /// `NotOffered`.
    ///
    /// # Errors
    /// Returns the connection itself, unchanged, unless
    /// * it is [`movable`](ConnectionConfig::movable), or rustls does not create its next keys (TLS
    ///   1.2, [`from_keys`](Self::from_keys)); and
    /// * it is open in both directions, with nothing to drain, no slot lent, and no plaintext,
    ///   early data or handshake message held. Drain, process and consume, then try again.
    ///   Partially received records may be held.
    #[expect(clippy::result_large_err, reason = "the connection itself: boxing would allocate")]
    pub fn dangerous_into_moved(mut self) -> Result<MovedConnection, Self> {
        let Stage::Established(negotiated) = &self.stage else { return Err(self) };
        let can_leave = self.reader.is_between_records()
            && self.writer.parts_are_whole()
            && negotiated.early().is_none_or(|early| early.memory_held() == 0);
        if !can_leave {
            return Err(self);
        }
        let expects_update = self.writer.expects_peer_update();
        let Some((parts, secret)) = self.writer.take_parts() else { return Err(self) };
        let Some(read) = self.reader.take_keys() else { return Err(self) };
        let (write, read) = (parts.keys(), read.with_secret(secret));
        let mut out = Out::default();
        out.put(MAGIC);
        out.put(&write.suite().to_wire().to_be_bytes());
        out.flag(self.reader.role() == Role::Server);
        out.flag(expects_update);
        out.put(&parts.size_limit().to_be_bytes());
        out.u64(write.sealed_blocks());
        out.key(write.seq(), write.secret(), write.dangerous_raw());
        out.key(read.seq(), read.secret(), read.dangerous_raw());
        negotiated.write(&mut out);
        out.vector(self.reader.unopened());
        Ok(MovedConnection(out.0))
    }
}

impl MovedConnection {
    /// Returns the bytes for the other process. Send them once, over a channel that no one else can
    /// read (a Unix socket, a pipe), and drop this.
    #[must_use]
    pub fn dangerous_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Copies the bytes and wipes the original.
    ///
    /// # Errors
    /// [`MoveError`] if they were read before or are something else. They are wiped even then.
    pub fn from_bytes(bytes: &mut [u8]) -> Result<Self, MoveError> {
        let moved = Zeroizing::new(bytes.to_vec());
        bytes.zeroize();
        if moved.starts_with(MAGIC) {
            Ok(Self(moved))
        } else if moved.iter().all(|&byte| byte == 0) {
            Err(MoveError::AlreadyUsed)
        } else {
            Err(MoveError::UnknownFormat)
        }
    }

    /// Continues the connection here with these settings. Its transport, role and peer stay the
    /// same. Its records stay as short as the peer asked for
    /// ([`peer_size_limits`](ConnectionConfig::peer_size_limits)), but rustls's `max_fragment_size`
    /// has no effect here. Input that was received there may exceed [`ReaderConfig::capacity`]; no
    /// more is accepted until enough of it is consumed.
    ///
    /// [`ReaderConfig::capacity`]: crate::ReaderConfig::capacity
    ///
    /// # Errors
    /// [`MoveError`]. The connection is lost then, so check the settings first
    /// ([`ConnectionConfig::check`]).
    pub fn into_connection(self, config: ConnectionConfig) -> Result<Connection, MoveError> {
        config.check().map_err(MoveError::Config)?;
        let mut connection = self.read(config).ok_or(MoveError::Malformed)?;
        // A failure is sticky: the caller's next call reports it.
        let _failed = connection.process();
        Ok(connection)
    }

    fn read(&self, config: ConnectionConfig) -> Option<Connection> {
        let mut fields = Fields::new(&self.0);
        let _magic = fields.array::<8>()?;
        let suite = CipherSuite::from_wire(fields.u16()?)?;
        let role = if flag(&mut fields)? { Role::Server } else { Role::Client };
        let expects_update = flag(&mut fields)?;
        let size_limit = fields.u16()?;
        if !(MIN_FRAGMENT_LIMIT..=MAX_FRAGMENT_LEN).contains(&size_limit.into()) {
            return None;
        }
        let blocks = fields.u64()?;
        let write = read_key(&mut fields, suite, WriteKeys::from_secret_at, WriteKeys::new)?;
        let read = read_key(&mut fields, suite, ReadKeys::from_secret_at, ReadKeys::new)?;
        let negotiated = Negotiated::read(&mut fields, suite, &config)?;
        let unopened = fields.vector_u32()?.rest();
        let write = WriterParts::new(write.with_sealed_blocks(blocks), expects_update)
            .with_size_limit(size_limit);
        let mut connection = Connection::established(write, read, role, config, negotiated).ok()?;
        connection.reader.hold(unopened);
        fields.is_empty().then_some(connection)
    }
}

fn flag(fields: &mut Fields<'_>) -> Option<bool> {
    match fields.u8()? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

/// Reads what [`Out::key`] wrote.
fn read_key<K, E>(
    fields: &mut Fields<'_>,
    suite: CipherSuite,
    from_secret: impl FnOnce(TrafficSecret, u64) -> K,
    from_raw: impl FnOnce(CipherSuite, &[u8], [u8; 12], u64) -> Result<K, E>,
) -> Option<K> {
    let seq = fields.u64()?;
    if flag(fields)? {
        let generation = fields.u64()?;
        let secret = TrafficSecret::new(suite, fields.vector_u32()?.rest()).ok()?;
        Some(from_secret(secret.at_generation(generation), seq))
    } else {
        let iv = fields.array()?;
        from_raw(suite, fields.vector_u32()?.rest(), iv, seq).ok()
    }
}

/// The buffer that the fields are written to.
#[derive(Default)]
pub(super) struct Out(Zeroizing<Vec<u8>>);

impl Out {
    fn put(&mut self, bytes: &[u8]) {
        append_wiped(&mut self.0, bytes);
    }

    fn u64(&mut self, value: u64) {
        self.put(&value.to_be_bytes());
    }

    fn flag(&mut self, value: bool) {
        self.put(&[value.into()]);
    }

    /// Bytes preceded by their length. None of the fields is as long as 4 GiB.
    fn vector(&mut self, bytes: &[u8]) {
        let [_, _, _, _, len @ ..] = to_u64(bytes.len()).to_be_bytes();
        self.put(&len);
        self.put(bytes);
    }

    fn optional(&mut self, bytes: Option<&[u8]>) {
        self.flag(bytes.is_some());
        self.vector(bytes.unwrap_or(&[]));
    }

    /// A key, as its traffic secret or as the raw key.
    fn key(&mut self, seq: u64, secret: Option<&TrafficSecret>, (key, iv): (&[u8], [u8; 12])) {
        self.u64(seq);
        self.flag(secret.is_some());
        match secret {
            Some(secret) => {
                self.u64(secret.generation());
                self.vector(secret.bytes());
            }
            None => {
                self.put(&iv);
                self.vector(key);
            }
        }
    }
}

fn optional<'a>(fields: &mut Fields<'a>) -> Option<Option<&'a [u8]>> {
    let is_some = flag(fields)?;
    let bytes = fields.vector_u32()?.rest();
    Some(is_some.then_some(bytes))
}

impl Negotiated {
    fn write(&self, out: &mut Out) {
        out.optional(self.alpn_protocol());
        out.optional(self.server_name().map(str::as_bytes));
        out.optional(self.key_exchange_group().map(u16::to_be_bytes).as_ref().map(|n| &n[..]));
        out.optional(self.handshake_kind().map(|kind| [kind.to_byte()]).as_ref().map(|n| &n[..]));
        let ems = self.extended_master_secret().map(|ems| [u8::from(ems)]);
        out.optional(ems.as_ref().map(|n| &n[..]));
        match self.exporter() {
            Ok(exporter) => {
                let (secret, randoms) = exporter.parts();
                out.optional(Some(secret));
                out.vector(randoms.map_or(&[], |randoms| &randoms[..]));
            }
            Err(error) => {
                out.optional(None);
                out.flag(error == ExportError::NoExtendedMasterSecret);
            }
        }
        let chain = self.peer_certificates();
        out.flag(chain.is_some());
        out.u64(to_u64(chain.map_or(0, <[_]>::len)));
        for certificate in chain.unwrap_or(&[]) {
            out.vector(certificate);
        }
    }

    fn read(
        fields: &mut Fields<'_>,
        suite: CipherSuite,
        config: &ConnectionConfig,
    ) -> Option<Self> {
        let alpn = optional(fields)?;
        let name = match optional(fields)? {
            Some(name) => Some(core::str::from_utf8(name).ok()?),
            None => None,
        };
        let group = match optional(fields)? {
            Some(number) => Some(u16::from_be_bytes(number.try_into().ok()?)),
            None => None,
        };
        let kind = match optional(fields)? {
            Some(&[byte]) => Some(HandshakeKind::from_byte(byte)?),
            Some(_) => return None,
            None => None,
        };
        let ems = optional(fields)?.map(|ems| ems == [1]);
        let exporter = match optional(fields)? {
            Some(secret) => {
                let randoms = fields.vector_u32()?.rest();
                Ok(match suite.version() {
                    Version::Tls13 => ExporterSecret::tls13(suite, secret)?,
                    Version::Tls12 => {
                        ExporterSecret::tls12(suite, secret, randoms.try_into().ok()?)?
                    }
                })
            }
            None if flag(fields)? => Err(ExportError::NoExtendedMasterSecret),
            None => Err(ExportError::NotEnabled),
        };
        let has_chain = flag(fields)?;
        let mut chain = Vec::new();
        for _ in 0..fields.u64()? {
            chain.push(CertificateDer::from(fields.vector_u32()?.rest().to_vec()));
        }
        Some(
            Self::new(suite, config.tls12_close)
                .with_alpn_protocol(alpn)
                .with_server_name(name)
                .with_key_exchange_group(group)
                .with_handshake_kind(kind)
                .with_extended_master_secret(ems)
                .with_exporter(exporter)
                .with_peer_certificates(has_chain.then_some(&chain[..])),
        )
    }
}
