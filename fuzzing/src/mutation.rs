//! Mutations that know where records begin and end.

use arbitrary::{Arbitrary, Result, Unstructured};
use wantwrite::Role;

use crate::direction::HEADER_LEN;
use crate::seed::mix;
use crate::{Keys, Tape, Taped};

/// A change to a [`Tape`]. Every number is valid: indices of records, offsets and lengths wrap
/// around.
///
/// In a sealed record, a mutation changes the bytes on the wire, header included. It then corrects
/// the length in the header, except for [`Cut`](Self::Cut) and [`Lie`](Self::Lie). In an open
/// record, it changes the content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mutation {
    /// Truncates a record. On the wire, the next record follows immediately.
    Cut {
        /// The index of the record.
        record: usize,
        /// The number of bytes to keep.
        len: usize,
    },
    /// Merges a record with the next one. The result has the type of the first.
    Merge {
        /// The index of the first record.
        record: usize,
    },
    /// Splits a record in two.
    Split {
        /// The index of the record.
        record: usize,
        /// The number of bytes in the first part.
        at: usize,
    },
    /// Removes a record.
    Drop {
        /// The index of the record.
        record: usize,
    },
    /// Duplicates a record.
    Repeat {
        /// The index of the record.
        record: usize,
    },
    /// Swaps two records.
    Swap {
        /// The index of one record.
        record: usize,
        /// The index of the other record.
        with: usize,
    },
    /// Changes the content type of a record.
    Retype {
        /// The index of the record.
        record: usize,
        /// The new type.
        content_type: u8,
    },
    /// Flips bits in one byte of a record.
    Flip {
        /// The index of the record.
        record: usize,
        /// The offset of the byte.
        at: usize,
        /// The bits to flip.
        bits: u8,
    },
    /// Adds padding. In a sealed record, appends zeros.
    Pad {
        /// The index of the record.
        record: usize,
        /// The number of zeros.
        len: usize,
    },
    /// Changes the length in the header. Does nothing to an open record.
    Lie {
        /// The index of the record.
        record: usize,
        /// The length that the header then claims.
        len: u16,
    },
    /// Inserts a record before another. It is open if the other one is.
    Insert {
        /// The index of the record to insert before.
        record: usize,
        /// The content type of the new record.
        content_type: u8,
        /// The content of the new record.
        content: Vec<u8>,
    },
}

impl Mutation {
    /// Applies the mutation, and returns whether it changed anything.
    pub(crate) fn apply(&self, records: &mut Vec<Taped>) -> bool {
        let count = records.len();
        if count == 0 {
            return false;
        }
        match *self {
            Self::Cut { record, len } => records[record % count].cut(len),
            Self::Split { record, at } => {
                let Some(second) = records[record % count].split(at) else { return false };
                records.insert(record % count + 1, second);
                true
            }
            Self::Merge { record } => {
                let first = record % count;
                if first + 1 == count || !records[first].can_take(&records[first + 1]) {
                    return false;
                }
                let second = records.remove(first + 1);
                records[first].take(second);
                true
            }
            Self::Drop { record } => {
                records.remove(record % count);
                true
            }
            Self::Repeat { record } => {
                records.insert(record % count, records[record % count].clone());
                true
            }
            Self::Swap { record, with } => {
                records.swap(record % count, with % count);
                record % count != with % count
            }
            Self::Retype { record, content_type } => records[record % count].retype(content_type),
            Self::Flip { record, at, bits } => {
                let bytes = records[record % count].bytes_mut();
                let len = bytes.len();
                if len > 0 {
                    bytes[at % len] ^= bits;
                }
                len > 0 && bits != 0
            }
            Self::Pad { record, len } => {
                records[record % count].pad(len % (MAX_PADDING + 1));
                true
            }
            Self::Lie { record, len } => records[record % count].lie(len),
            Self::Insert { record, content_type, ref content } => {
                let at = record % count;
                let new = match records[at] {
                    Taped::Open { .. } => {
                        Taped::Open { content_type, content: content.clone(), padding: 0 }
                    }
                    Taped::Wire(_) => {
                        let mut bytes = vec![content_type, 3, 3, 0, 0];
                        bytes.extend(content);
                        fit(&mut bytes);
                        Taped::Wire(bytes)
                    }
                };
                records.insert(at, new);
                true
            }
        }
    }
}

/// The largest body of a TLS 1.3 record.
const MAX_PADDING: usize = 16_384 + 256;

impl Taped {
    /// The bytes to change: the content of an open record, or a sealed record with its header.
    const fn bytes_mut(&mut self) -> &mut Vec<u8> {
        match self {
            Self::Wire(bytes) => bytes,
            Self::Open { content, .. } => content,
        }
    }

    fn cut(&mut self, len: usize) -> bool {
        let bytes = self.bytes_mut();
        let before = bytes.len();
        bytes.truncate(len % (before + 1));
        bytes.len() != before
    }

    fn split(&mut self, at: usize) -> Option<Self> {
        match self {
            Self::Wire(bytes) => {
                let body_len = bytes.len().checked_sub(HEADER_LEN)?;
                let body = bytes.split_off(HEADER_LEN + at % (body_len + 1));
                let second = [&bytes[..HEADER_LEN], &body].concat();
                fit(bytes);
                let mut second = Self::Wire(second);
                fit(second.bytes_mut());
                Some(second)
            }
            Self::Open { content_type, content, .. } => {
                let second = content.split_off(at % (content.len() + 1));
                Some(Self::Open { content_type: *content_type, content: second, padding: 0 })
            }
        }
    }

    fn can_take(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Wire(first), Self::Wire(second)) => {
                first.len() >= HEADER_LEN && second.len() >= HEADER_LEN
            }
            (Self::Open { .. }, Self::Open { .. }) => true,
            _ => false,
        }
    }

    /// Appends the content of another record of the same kind.
    fn take(&mut self, other: Self) {
        match (self, other) {
            (Self::Wire(bytes), Self::Wire(other)) => {
                bytes.extend(&other[HEADER_LEN..]);
                fit(bytes);
            }
            (Self::Open { content, .. }, Self::Open { content: other, .. }) => {
                content.extend(other);
            }
            _ => {}
        }
    }

    fn retype(&mut self, new: u8) -> bool {
        let old = match self {
            Self::Wire(bytes) => match bytes.first_mut() {
                Some(first) => first,
                None => return false,
            },
            Self::Open { content_type, .. } => content_type,
        };
        core::mem::replace(old, new) != new
    }

    fn pad(&mut self, len: usize) {
        match self {
            Self::Wire(bytes) => {
                bytes.resize(bytes.len() + len, 0);
                fit(bytes);
            }
            Self::Open { padding, .. } => *padding = (*padding + len).min(MAX_PADDING),
        }
    }

    fn lie(&mut self, len: u16) -> bool {
        match self {
            Self::Wire(bytes) if bytes.len() >= HEADER_LEN => {
                bytes[3..HEADER_LEN].copy_from_slice(&len.to_be_bytes());
                true
            }
            _ => false,
        }
    }
}

/// Corrects the length in the header, up to the largest length that it can hold.
fn fit(record: &mut [u8]) {
    if let Some(body_len) = record.len().checked_sub(HEADER_LEN) {
        let len = u16::try_from(body_len).unwrap_or(u16::MAX);
        record[3..HEADER_LEN].copy_from_slice(&len.to_be_bytes());
    }
}

impl<'a> Arbitrary<'a> for Mutation {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let record = usize::from(u.arbitrary::<u8>()?);
        Ok(match u.int_in_range(0..=10)? {
            0_u8 => Self::Cut { record, len: u.arbitrary::<u16>()?.into() },
            1 => Self::Merge { record },
            2 => Self::Split { record, at: u.arbitrary::<u16>()?.into() },
            3 => Self::Drop { record },
            4 => Self::Repeat { record },
            5 => Self::Swap { record, with: u.arbitrary::<u8>()?.into() },
            6 => Self::Retype { record, content_type: content_type(u)? },
            7 => Self::Flip { record, at: u.arbitrary::<u16>()?.into(), bits: u.arbitrary()? },
            8 => Self::Pad { record, len: u.arbitrary::<u16>()?.into() },
            9 => Self::Lie { record, len: u.arbitrary()? },
            _ => {
                let len = usize::from(u.arbitrary::<u8>()?).min(u.len());
                let content_type = content_type(u)?;
                let content = u.bytes(len.min(u.len()))?.to_vec();
                Self::Insert { record, content_type, content }
            }
        })
    }
}

/// Draws a content type, usually one that the protocol defines.
fn content_type(u: &mut Unstructured<'_>) -> Result<u8> {
    match u.arbitrary::<u8>()? {
        any @ 0xf0.. => Ok(any),
        known => Ok(0x14 + known % 4),
    }
}

/// A custom mutator for libFuzzer (`fuzz_mutator!`), for inputs that are the wire bytes of `from`
/// under `keys`. Changes a few records in the first `size` bytes of `data`, either on the wire or
/// before it seals them again, and returns the new size. `data.len()` is the maximum size of an
/// input: a longer result is truncated.
///
/// ```
/// use wantwrite::{CipherSuite, Role};
/// use wantwrite_fuzzing::{Keys, mutate};
///
/// let keys = Keys::new(CipherSuite::TLS_AES_128_GCM_SHA256, 1);
/// let mut data = [0; 200];
/// let record = keys.forge(Role::Client).seal(0x17, b"GET / HTTP/1.1\r\n\r\n");
/// data[..record.len()].copy_from_slice(&record);
/// let size = mutate(&mut data, record.len(), 7, &keys, Role::Client);
/// assert_ne!(data[..size], record);
/// ```
pub fn mutate(data: &mut [u8], size: usize, seed: u32, keys: &Keys, from: Role) -> usize {
    let mut random = Vec::new();
    for at in 0..64 {
        random.extend(mix(u64::from(seed) ^ (at << 32)).to_le_bytes());
    }
    let mut random = Unstructured::new(&random);
    let before = &data[..size.min(data.len())];
    let is_sealed_again = random.ratio(3, 4).unwrap_or(true);
    let mut tape = match is_sealed_again {
        true => Tape::open(before, keys.opener(from)),
        false => Tape::new(before),
    };
    if tape.records().is_empty() {
        // An empty input becomes an empty record.
        tape.records_mut().push(Taped::Open { content_type: 0x17, content: vec![], padding: 0 });
    }
    let mut changes = random.int_in_range(1..=3).unwrap_or(1);
    while let (1.., Ok(change)) = (changes, Mutation::arbitrary(&mut random)) {
        // An exhausted generator draws the same mutation forever.
        if random.is_empty() {
            break;
        }
        changes -= u8::from(tape.apply(&change));
    }
    let after = tape.seal(keys.forge(from));
    let size = after.len().min(data.len());
    data[..size].copy_from_slice(&after[..size]);
    size
}
