//! An AEAD without an engine around it.

use core::hint::black_box;
use core::mem;

use wantwrite::MAX_FRAGMENT_LEN;

use super::plaintexts::Plaintexts;
use super::{Contestant, Suite};
use crate::Error;

/// A key of one of the libraries.
trait Key: Sized {
    const NAME: &str;

    fn new(suite: Suite) -> Result<Self, Error>;

    fn seal(&self, nonce: [u8; 12], header: [u8; 5], record: &mut [u8]) -> Result<(), Error>;
}

/// ring and aws-lc-rs have the same API.
macro_rules! key {
    ($key:ident, $library:ident, $of:ident, $name:literal) => {
        struct $key($library::aead::LessSafeKey);

        impl Key for $key {
            const NAME: &str = $name;

            fn new(suite: Suite) -> Result<Self, Error> {
                use $library::aead::{LessSafeKey, UnboundKey};

                let key = vec![7; suite.$of().key_len()];
                let key = UnboundKey::new(suite.$of(), &key);
                Ok(Self(LessSafeKey::new(key.map_err(|_| "the key was refused")?)))
            }

            fn seal(
                &self,
                nonce: [u8; 12],
                header: [u8; 5],
                record: &mut [u8],
            ) -> Result<(), Error> {
                use $library::aead::{Aad, Nonce};

                let (nonce, aad) = (Nonce::assume_unique_for_key(nonce), Aad::from(header));
                let tag = self.0.seal_in_place_separate_tag(nonce, aad, record);
                let _tag = black_box(tag.map_err(|_| "sealing failed")?);
                Ok(())
            }
        }
    };
}

key!(RingKey, ring, ring, "ring");
#[cfg(feature = "aws-lc")]
key!(AwsLcKey, aws_lc_rs, aws_lc, "AWS-LC alone");

/// The content and type byte of each record are already in place. Nothing is copied.
struct Alone<K> {
    key: K,
    records: Vec<Vec<u8>>,
    seq: u64,
}

impl<K: Key> Alone<K> {
    fn new(suite: Suite, size: usize) -> Result<Self, Error> {
        let plaintext = vec![1; size];
        let record = |fragment: &[u8]| [fragment, &[23]].concat();
        let records = plaintext.chunks(MAX_FRAGMENT_LEN).map(record).collect();
        Ok(Self { key: K::new(suite)?, records, seq: 0 })
    }

    fn seal(&mut self) -> Result<(), Error> {
        let Self { key, records, seq } = self;
        records.iter_mut().try_for_each(|record| seal_next(key, seq, record))
    }
}

/// Seals the content and type byte of the next record.
fn seal_next<K: Key>(key: &K, seq: &mut u64, record: &mut [u8]) -> Result<(), Error> {
    *seq += 1;
    let mut nonce = [9; 12];
    for (byte, seq) in nonce[4..].iter_mut().zip(seq.to_be_bytes()) {
        *byte ^= seq;
    }
    let [.., hi, lo] = (record.len() + 16).to_be_bytes();
    key.seal(nonce, [23, 3, 3, hi, lo], record)
}

/// ring alone, once per write.
pub struct RingAlone(Alone<RingKey>);

impl RingAlone {
    pub fn new(suite: Suite, size: usize) -> Result<Self, Error> {
        Ok(Self(Alone::new(suite, size)?))
    }
}

impl Contestant for RingAlone {
    fn name(&self) -> &'static str {
        RingKey::NAME
    }

    fn seal(&mut self) -> Result<(), Error> {
        self.0.seal()
    }
}

/// ring after one copy into place: the lower bound of any `write`.
pub struct RingAndCopy {
    ring: RingAlone,
    plaintext: Vec<u8>,
}

impl RingAndCopy {
    pub fn new(suite: Suite, size: usize) -> Result<Self, Error> {
        Ok(Self { ring: RingAlone::new(suite, size)?, plaintext: vec![1; size] })
    }
}

impl Contestant for RingAndCopy {
    fn name(&self) -> &'static str {
        "copy + ring"
    }

    fn seal(&mut self) -> Result<(), Error> {
        let fragments = black_box(&self.plaintext).chunks(MAX_FRAGMENT_LEN);
        for (record, fragment) in self.ring.0.records.iter_mut().zip(fragments) {
            if let Some((type_byte, content)) = record.split_last_mut() {
                content.copy_from_slice(fragment);
                *type_byte = 23;
            }
        }
        self.ring.seal()
    }
}

/// ring in the plaintext's own memory, which is then freed: the lower bound of `write_owned`.
pub struct RingOwned {
    key: RingKey,
    seq: u64,
    plaintexts: Plaintexts,
}

impl RingOwned {
    pub fn new(suite: Suite, size: usize) -> Result<Self, Error> {
        Ok(Self { key: RingKey::new(suite)?, seq: 0, plaintexts: Plaintexts::new(size) })
    }
}

impl Contestant for RingOwned {
    fn name(&self) -> &'static str {
        "ring, owned"
    }

    fn prepare(&mut self, iterations: usize) {
        self.plaintexts.make(iterations);
    }

    fn seal(&mut self) -> Result<(), Error> {
        let mut plaintext = self.plaintexts.next()?;
        let len = plaintext.len();
        plaintext.resize(len + 1, 0);
        for start in (0..len).step_by(MAX_FRAGMENT_LEN) {
            let end = len.min(start + MAX_FRAGMENT_LEN);
            // The type byte takes the place of the next fragment's first byte for a moment.
            let next = mem::replace(&mut plaintext[end], 23);
            seal_next(&self.key, &mut self.seq, &mut plaintext[start..=end])?;
            plaintext[end] = next;
        }
        drop(black_box(plaintext));
        Ok(())
    }
}

/// ring, with as many records as there are writes.
pub struct RingEach {
    ring: RingAlone,
    writes: usize,
}

impl RingEach {
    pub fn new(suite: Suite, size: usize, writes: usize) -> Result<Self, Error> {
        Ok(Self { ring: RingAlone::new(suite, size)?, writes })
    }
}

impl Contestant for RingEach {
    fn name(&self) -> &'static str {
        "ring"
    }

    fn seal(&mut self) -> Result<(), Error> {
        (0..self.writes).try_for_each(|_| self.ring.seal())
    }
}

/// The same as `RingEach`, with AWS-LC.
#[cfg(feature = "aws-lc")]
pub struct AwsLcEach {
    alone: Alone<AwsLcKey>,
    writes: usize,
}

#[cfg(feature = "aws-lc")]
impl AwsLcEach {
    pub fn new(suite: Suite, size: usize, writes: usize) -> Result<Self, Error> {
        Ok(Self { alone: Alone::new(suite, size)?, writes })
    }
}

#[cfg(feature = "aws-lc")]
impl Contestant for AwsLcEach {
    fn name(&self) -> &'static str {
        AwsLcKey::NAME
    }

    fn seal(&mut self) -> Result<(), Error> {
        (0..self.writes).try_for_each(|_| self.alone.seal())
    }
}
