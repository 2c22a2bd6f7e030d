//! ring without an engine around it.

use core::hint::black_box;

use ring::aead::{
    AES_128_GCM, AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey,
};
use wantwrite::{CipherSuite, Version};

use super::Error;
use super::halves::{IV, KEY};

pub const HEADER_LEN: usize = 5;
pub const TAG_LEN: usize = 16;

/// Creates the header and the nonce. The content is already in place, so nothing is copied.
pub struct RingAlone {
    key: LessSafeKey,
    version: Version,
    seq: u64,
}

impl RingAlone {
    pub fn new(suite: CipherSuite) -> Result<Self, Error> {
        let algorithm = match format!("{suite:?}") {
            name if name.contains("AES_128") => &AES_128_GCM,
            name if name.contains("AES_256") => &AES_256_GCM,
            _ => &CHACHA20_POLY1305,
        };
        let key = UnboundKey::new(algorithm, &KEY[..suite.key_len()])
            .map_err(|_| "ring refused the key")?;
        Ok(Self { key: LessSafeKey::new(key), version: suite.version(), seq: 0 })
    }

    /// Seals `content`, which in TLS 1.3 ends with its type byte.
    pub fn seal(&mut self, content: &mut [u8]) -> Result<(), Error> {
        let nonce = self.next_nonce();
        let header = header(content.len() + TAG_LEN);
        let tag = match self.version {
            Version::Tls13 => {
                self.key.seal_in_place_separate_tag(nonce, Aad::from(header), content)
            }
            Version::Tls12 => {
                let aad = Aad::from(aad_tls12(self.seq, content.len()));
                self.key.seal_in_place_separate_tag(nonce, aad, content)
            }
        };
        let _sealed = black_box((header, tag.map_err(|_| "ring refused to seal")?));
        Ok(())
    }

    /// Opens a TLS 1.3 record, including its header and tag, and returns the length of its content
    /// with the type byte.
    pub fn open(&mut self, record: &mut [u8]) -> Result<usize, Error> {
        let nonce = self.next_nonce();
        let (header, body) = record.split_first_chunk_mut::<HEADER_LEN>().ok_or("not a record")?;
        let content = self.key.open_in_place(nonce, Aad::from(*header), body);
        Ok(black_box(content.map_err(|_| "ring refused to open")?).len())
    }

    fn next_nonce(&mut self) -> Nonce {
        let mut nonce = IV;
        for (byte, seq) in nonce[4..].iter_mut().zip(self.seq.to_be_bytes()) {
            *byte ^= seq;
        }
        self.seq += 1;
        Nonce::assume_unique_for_key(nonce)
    }
}

fn header(len: usize) -> [u8; HEADER_LEN] {
    let [.., hi, lo] = len.to_be_bytes();
    [23, 3, 3, hi, lo]
}

/// RFC 5246 §6.2.3.3.
fn aad_tls12(seq: u64, len: usize) -> [u8; 13] {
    let [a, b, c, d, e, f, g, h] = seq.to_be_bytes();
    let [.., hi, lo] = len.to_be_bytes();
    [a, b, c, d, e, f, g, h, 23, 3, 3, hi, lo]
}
