//! Changes that know where records begin and end.

use arbitrary::{Arbitrary, Result, Unstructured};
use wantwrite::Role;

use crate::direction::HEADER_LEN;
use crate::seed::mix;
use crate::{Keys, Tape, Taped};

/// A change of a [`Tape`]. Any numbers will do: records, places and lengths are counted round and
/// round.
///
/// A record as on the wire is changed with its header, whose length is made to fit but for
/// [`Cut`](Self::Cut) and [`Lie`](Self::Lie); one that is open, in its content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mutation {
    /// Less of a record: on the wire its last bytes are missing, and the next record stands in
    /// their place.
    Cut {
        /// The record.
        record: usize,
        /// Bytes that stay.
        len: usize,
    },
    /// Two records become one, of the first one's type.
    Merge {
        /// The first.
        record: usize,
    },
    /// A record becomes two.
    Split {
        /// The record.
        record: usize,
        /// Bytes in the first.
        at: usize,
    },
    /// A record is left out.
    Drop {
        /// The record.
        record: usize,
    },
    /// A record comes twice.
    Repeat {
        /// The record.
        record: usize,
    },
    /// Two records change places.
    Swap {
        /// The one.
        record: usize,
        /// The other.
        with: usize,
    },
    /// A record of another content type.
    Retype {
        /// The record.
        record: usize,
        /// The type.
        content_type: u8,
    },
    /// Other bits in one byte.
    Flip {
        /// The record.
        record: usize,
        /// The byte.
        at: usize,
        /// The bits.
        bits: u8,
    },
    /// More padding; on the wire, zeros at the end.
    Pad {
        /// The record.
        record: usize,
        /// Zeros.
        len: usize,
    },
    /// Another length in the header; nothing in a record that is open.
    Lie {
        /// The record.
        record: usize,
        /// What the header says.
        len: u16,
    },
    /// One more record, open if the one that it is put in front of is.
    Insert {
        /// The record behind it.
        record: usize,
        /// Its type.
        content_type: u8,
        /// Its content.
        content: Vec<u8>,
    },
}

impl Mutation {
    /// Makes it; says whether there was anything to change.
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

/// As much as a record can have.
const MAX_PADDING: usize = 16_384 + 256;

impl Taped {
    /// On the wire with its header.
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

    /// Takes what is in another record, of the same kind, behind its own.
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

/// Makes the length in the header true, as far as a header can say it.
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

/// Mostly one that exists.
fn content_type(u: &mut Unstructured<'_>) -> Result<u8> {
    match u.arbitrary::<u8>()? {
        any @ 0xf0.. => Ok(any),
        known => Ok(0x14 + known % 4),
    }
}

/// A custom mutator as libFuzzer wants it (`fuzz_mutator!`) for inputs that are wire bytes of
/// `from` under `keys`: changes a few records in the first `size` bytes of `data`, on the wire or
/// sealed again, and gives the new size. `data` is as long as an input may be; what would be longer
/// is cut.
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
        // An input of nothing becomes a record of nothing.
        tape.records_mut().push(Taped::Open { content_type: 0x17, content: vec![], padding: 0 });
    }
    let mut changes = random.int_in_range(1..=3).unwrap_or(1);
    while let (1.., Ok(change)) = (changes, Mutation::arbitrary(&mut random)) {
        // An exhausted generator draws the same for ever.
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
