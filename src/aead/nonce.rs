//! IVs, sequence numbers, and the nonces made from them (RFC 9846 §5.3).

use zeroize::Zeroize;

use super::cipher_key::NONCE_LEN;

/// The IV of one direction. Its owner wipes it.
pub(super) struct Iv([u8; NONCE_LEN]);

impl Iv {
    pub(super) const fn new(iv: [u8; NONCE_LEN]) -> Self {
        Self(iv)
    }

    pub(super) const fn bytes(&self) -> [u8; NONCE_LEN] {
        self.0
    }

    /// The IV with the sequence number XORed into its last eight bytes.
    ///
    /// Built from the same two words that ring reads: a load that spans two stores waits for both,
    /// which accounts for much of the cost of a short record.
    #[inline]
    pub(super) fn xor(&self, seq: u64) -> [u8; NONCE_LEN] {
        let [a, b, c, d, e, f, g, h, tail @ ..] = self.0;
        let [s, t, u, v, seq_tail @ ..] = seq.to_be_bytes();
        let head = u64::from_ne_bytes([a, b, c, d, e, f, g, h])
            ^ u64::from_ne_bytes([0, 0, 0, 0, s, t, u, v]);
        let tail = u32::from_ne_bytes(tail) ^ u32::from_ne_bytes(seq_tail);
        let mut nonce = [0; NONCE_LEN];
        nonce[..8].copy_from_slice(&head.to_ne_bytes());
        nonce[8..].copy_from_slice(&tail.to_ne_bytes());
        nonce
    }

    /// For opening AES-GCM in TLS 1.2: the salt and the eight bytes from the record (RFC 5288 §3).
    pub(super) fn salt_with(&self, explicit: [u8; 8]) -> [u8; NONCE_LEN] {
        let mut nonce = self.0;
        nonce[4..].copy_from_slice(&explicit);
        nonce
    }
}

impl Zeroize for Iv {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// The sequence number of the next record under one key. It never wraps (RFC 9846 §5.3) and returns
/// each number once. Not `Clone`, because a copy would return a number twice.
pub(super) struct SeqCounter(u64);

impl SeqCounter {
    pub(super) const fn starting_at(seq: u64) -> Self {
        Self(seq)
    }

    pub(super) const fn peek(&self) -> u64 {
        self.0
    }

    /// Consumes the next number. The last one, 2^64 − 1, is never returned.
    #[inline]
    pub(super) fn take(&mut self) -> Option<u64> {
        let seq = self.0;
        self.0 = seq.checked_add(1)?;
        Some(seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_sequence_number_is_refused_and_stays_refused() {
        let mut seq = SeqCounter::starting_at(u64::MAX - 1);
        assert_eq!(seq.take(), Some(u64::MAX - 1));
        assert_eq!((seq.take(), seq.take()), (None, None));
    }

    #[test]
    fn the_sequence_number_enters_the_last_eight_bytes() {
        let iv = Iv::new([0xff; 12]);
        let expected = [0xff, 0xff, 0xff, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0xf9, 0xf8, 0xf7];
        assert_eq!(iv.xor(0x0102_0304_0506_0708), expected);
    }
}
