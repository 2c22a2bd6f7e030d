//! ring without an engine around it.

use core::hint::black_box;

use ring::aead::{Aad, LessSafeKey, Nonce, UnboundKey};
use wantwrite::MAX_FRAGMENT_LEN;

use super::{Contestant, Suite};
use crate::Error;

/// Content and type byte of each record lie in place already; nothing is copied.
pub struct RingAlone {
    key: LessSafeKey,
    records: Vec<Vec<u8>>,
    seq: u64,
}

impl RingAlone {
    pub fn new(suite: Suite, size: usize) -> Result<Self, Error> {
        let key = vec![7; suite.ring().key_len()];
        let key = UnboundKey::new(suite.ring(), &key).map_err(|_| "ring refused the key")?;
        let plaintext = vec![1; size];
        let record = |fragment: &[u8]| [fragment, &[23]].concat();
        let records = plaintext.chunks(MAX_FRAGMENT_LEN).map(record).collect();
        Ok(Self { key: LessSafeKey::new(key), records, seq: 0 })
    }
}

impl Contestant for RingAlone {
    fn name(&self) -> &'static str {
        "ring"
    }

    fn seal(&mut self) -> Result<(), Error> {
        for record in &mut self.records {
            self.seq += 1;
            let mut nonce = [9; 12];
            for (byte, seq) in nonce[4..].iter_mut().zip(self.seq.to_be_bytes()) {
                *byte ^= seq;
            }
            let [.., hi, lo] = (record.len() + 16).to_be_bytes();
            let (nonce, aad) = (Nonce::assume_unique_for_key(nonce), Aad::from([23, 3, 3, hi, lo]));
            let tag = self.key.seal_in_place_separate_tag(nonce, aad, record);
            let _tag = black_box(tag.map_err(|_| "ring refused to seal")?);
        }
        Ok(())
    }
}

/// The same after one copy into place: the floor of any `write`.
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
        for (record, fragment) in self.ring.records.iter_mut().zip(fragments) {
            if let Some((type_byte, content)) = record.split_last_mut() {
                content.copy_from_slice(fragment);
                *type_byte = 23;
            }
        }
        self.ring.seal()
    }
}

/// As many records as there are writes.
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
