//! Records of one direction, to be changed before somebody gets them.

use crate::direction::HEADER_LEN;
use crate::{ForgedRecord, Mutation, RecordForge, RecordOpener};

/// A sequence of records, each as it is on the wire or as it was before it was sealed.
///
/// What is changed on the wire breaks a tag and ends at the receiver's AEAD. What is changed
/// before it is sealed again gets behind it, to the code that reads contents.
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
    /// As it is on the wire, header included; or what is left of one.
    Wire(Vec<u8>),
    /// As it was before it was sealed.
    #[non_exhaustive]
    Open {
        /// The type of the content.
        content_type: u8,
        /// The content.
        content: Vec<u8>,
        /// Zeros behind the type (TLS 1.3).
        padding: usize,
    },
}

impl Tape {
    /// The records of `wire` as they are. What is too short for its header stands at the end.
    #[must_use]
    pub fn new(wire: &[u8]) -> Self {
        Self { records: records(wire).map(|record| Taped::Wire(record.to_vec())).collect() }
    }

    /// The records of `wire` as they were before they were sealed; from the first on that `opener`
    /// does not open, as they are.
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

    /// The records, to be changed.
    pub const fn records_mut(&mut self) -> &mut Vec<Taped> {
        &mut self.records
    }

    /// Makes one change; says whether there was anything to change.
    pub fn apply(&mut self, mutation: &Mutation) -> bool {
        mutation.apply(&mut self.records)
    }

    /// The bytes of all records: those that are open sealed by `forge`, one number after the other
    /// and under the next key behind each KeyUpdate, so that their receiver opens them.
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

    /// The bytes of those records that are as on the wire.
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

/// The records of `wire`, each with its header; what is too short for its header at the end.
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
