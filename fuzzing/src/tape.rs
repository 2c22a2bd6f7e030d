//! The records of one direction, for you to change before they are delivered.

use crate::direction::HEADER_LEN;
use crate::{ForgedRecord, Mutation, RecordForge, RecordOpener};

/// A sequence of records, each either sealed or open.
///
/// A change to a sealed record breaks its tag, so the receiver's AEAD rejects it. A change to an
/// open record, which [`seal`](Self::seal) seals again, reaches the code that reads contents.
///
/// ```
/// use wantwrite::{CipherSuite, ConnectionConfig, Role};
/// use wantwrite_fuzzing::{Keys, Mutation, Tape, drain, feed, pair_with};
///
/// let keys = Keys::new(CipherSuite::TLS_CHACHA20_POLY1305_SHA256, 1);
/// let (mut client, mut server) = pair_with(&keys, &ConnectionConfig::default())?;
/// for part in ["one ", "two "] {
///     client.writer_mut().write_atomic(part.as_bytes())?;
///     client.writer_mut().flush()?;
/// }
/// let wire = drain(&mut client);
///
/// let mut tape = Tape::open(&wire, keys.opener(Role::Client));
/// tape.apply(&Mutation::Swap { record: 0, with: 1 });
/// feed(&mut server, &tape.seal(keys.forge(Role::Client)));
/// assert_eq!(server.plaintext(), b"two ");
/// server.consume_all();
/// server.process()?;
/// assert_eq!(server.plaintext(), b"one ");
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tape {
    records: Vec<Taped>,
}

/// One record of a [`Tape`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Taped {
    /// The bytes on the wire, including the header, or a fragment of a record.
    Wire(Vec<u8>),
    /// The contents before sealing.
    #[non_exhaustive]
    Open {
        /// The type of the content.
        content_type: u8,
        /// The content.
        content: Vec<u8>,
        /// The number of zeros after the type (TLS 1.3).
        padding: usize,
    },
}

impl Tape {
    /// Splits `wire` into sealed records. The last one can be incomplete.
    #[must_use]
    pub fn new(wire: &[u8]) -> Self {
        Self { records: records(wire).map(|record| Taped::Wire(record.to_vec())).collect() }
    }

    /// Splits `wire` into records and opens them. From the first record that `opener` cannot open,
    /// they all stay sealed.
    #[must_use]
    pub fn open(wire: &[u8], mut opener: RecordOpener) -> Self {
        let mut is_open = true;
        let open = |record: &[u8]| {
            let opened = if is_open { opener.open(record) } else { None };
            is_open = opened.is_some();
            match opened {
                Some(opened) => Taped::Open {
                    content_type: opened.content_type,
                    content: opened.content,
                    padding: opened.padding,
                },
                None => Taped::Wire(record.to_vec()),
            }
        };
        Self { records: records(wire).map(open).collect() }
    }

    /// The records.
    #[must_use]
    pub fn records(&self) -> &[Taped] {
        &self.records
    }

    /// The records, for you to change.
    pub const fn records_mut(&mut self) -> &mut Vec<Taped> {
        &mut self.records
    }

    /// Applies a mutation, and returns whether it changed anything.
    pub fn apply(&mut self, mutation: &Mutation) -> bool {
        mutation.apply(&mut self.records)
    }

    /// Returns the bytes of all records. `forge` seals the open ones, with consecutive sequence
    /// numbers and with the next key after each KeyUpdate, so that the receiver can open them.
    #[must_use]
    pub fn seal(&self, mut forge: RecordForge) -> Vec<u8> {
        let mut wire = Vec::new();
        for record in &self.records {
            match record {
                Taped::Wire(bytes) => wire.extend(bytes),
                Taped::Open { content_type, content, padding } => {
                    let mut record = ForgedRecord::new(forge.version(), *content_type, content);
                    record.padding = *padding;
                    wire.extend(forge.forge(&record));
                    if record.is_key_update() {
                        let _keys_without_a_secret_stay = forge.update_keys();
                    }
                }
            }
        }
        wire
    }

    /// Returns the bytes of the sealed records, and omits the open ones.
    #[must_use]
    pub fn to_wire(&self) -> Vec<u8> {
        let mut wire = Vec::new();
        for record in &self.records {
            if let Taped::Wire(bytes) = record {
                wire.extend(bytes);
            }
        }
        wire
    }
}

/// Splits `wire` into records, each with its header. The last one can be incomplete.
pub fn records(wire: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = wire;
    core::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let len = match rest.first_chunk::<HEADER_LEN>() {
            Some([.., hi, lo]) => HEADER_LEN + usize::from(u16::from_be_bytes([*hi, *lo])),
            None => rest.len(),
        };
        let (record, behind) = rest.split_at(len.min(rest.len()));
        rest = behind;
        Some(record)
    })
}
