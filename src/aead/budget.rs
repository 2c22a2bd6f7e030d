//! How much one key may still seal (RFC 9846 §5.5).

use super::suite::{Algorithm, CipherSuite};
use crate::num::to_u64;

/// Limits on the use of one key. Each record is counted before it is sealed, including records that
/// the key sealed before it came to this writer.
///
/// For AES-GCM, RFC 9846 §5.5 allows 2^24.5 full records for a margin of 2^-57. The underlying
/// bound is on the number of 16-byte blocks, of which a full record has 2^10 plus one for its tag.
/// This crate's default rounds both down: 2^24 records (the same as rustls) or 2^34 blocks,
/// whichever comes first. ChaCha20-Poly1305 is limited only by the sequence number.
///
/// A writer that can update its key does so while two records are left: the KeyUpdate itself and an
/// alert. This happens at 0.7 of the RFC's figure, so that it does not coincide with a peer that
/// counts what it receives and asks for an update closer to that figure.
///
/// In the analysis behind RFC 9846 §5.5, the number of blocks under one key limits the attacker's
/// advantage; the record count follows from it for full records. A key that seals records of 64
/// bytes reaches 2^34 blocks after 2^31 records, not 2^24. The record count is still the common
/// interpretation of the RFC, and the default. For connections with many short records and no
/// KeyUpdate (TLS 1.2), you can limit only the blocks:
/// `KeyLimits { records: u64::MAX, ..KeyLimits::for_suite(suite) }`.
///
/// Lower limits are for tests and for callers that want an attacker to have a smaller advantage. A
/// key does not accept plaintext with fewer than 3 records, or with fewer blocks than the longest
/// record that the policies allow and two control records take (1,030 for a full record).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyLimits {
    /// How many records one key may seal, including alerts and KeyUpdates.
    pub records: u64,
    /// How many 16-byte AEAD blocks one key may seal: inner plaintext, rounded up, plus one for the
    /// tag.
    pub blocks: u64,
}

impl KeyLimits {
    /// Returns the limits of RFC 9846 §5.5 for `suite`.
    #[must_use]
    pub const fn for_suite(suite: CipherSuite) -> Self {
        match suite.algorithm() {
            Algorithm::Aes128Gcm | Algorithm::Aes256Gcm => {
                Self { records: 1 << 24, blocks: 1 << 34 }
            }
            Algorithm::Chacha20Poly1305 => Self { records: u64::MAX, blocks: u64::MAX },
        }
    }
}

/// What is left of a key's limits. `Copy`, so that a plan can be tried without sealing. Only the
/// budget inside the sealer is authoritative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyBudget {
    records: u64,
    blocks: u64,
}

/// The [`blocks`] of the longest record: content, type byte and tag.
pub(crate) const MAX_RECORD_BLOCKS: u64 = (1 << 10) + 2;

/// What one step takes from a budget, or what steps can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) records: u64,
    pub(crate) blocks: u64,
}

/// The least that is left without a limit: more than a key can seal.
const UNLIMITED_LEFT: u64 = 1 << 63;

/// The blocks of the largest control record: a KeyUpdate or an alert, and its tag.
const CONTROL_BLOCKS: u64 = 2;

impl KeyBudget {
    /// The budget when there is no key.
    pub(crate) const NONE: Self = Self { records: 0, blocks: 0 };

    /// A budget that only records what was [spent](Self::spent_of_endless).
    pub(crate) const ENDLESS: Self = Self { records: u64::MAX, blocks: u64::MAX };

    /// The budget of a key that has not sealed anything.
    pub(crate) const fn of_new_key(limits: KeyLimits) -> Self {
        Self { records: limits.records, blocks: limits.blocks }
    }

    /// What is left for a key that has sealed `seq` records with `blocks` in total. No limit allows
    /// record number 2^64 − 1, so the counter never wraps (RFC 9846 §5.3).
    ///
    /// The count can be recovered with the same limits ([`sealed_blocks`](Self::sealed_blocks)),
    /// even if it exceeds them: then no records are left, and the difference wraps.
    pub(crate) const fn of_key(limits: KeyLimits, seq: u64, blocks: u64) -> Self {
        let records = limits.records.saturating_sub(seq);
        match limits.blocks {
            // No limit. A count that is only estimated can be as high as this.
            u64::MAX if blocks > UNLIMITED_LEFT => Self { records, blocks: UNLIMITED_LEFT },
            limit if blocks > limit => Self { records: 0, blocks: limit.wrapping_sub(blocks) },
            limit => Self { records, blocks: limit - blocks },
        }
    }

    /// How many blocks a key has sealed if this budget is what is left of `limits`.
    pub(crate) const fn sealed_blocks(self, limits: KeyLimits) -> u64 {
        limits.blocks.wrapping_sub(self.blocks)
    }

    /// Whether a record with `inner_len` bytes of inner plaintext may be sealed such that two
    /// control records still fit: a KeyUpdate and a closing alert.
    #[inline]
    pub(crate) fn allows_application_record(&self, inner_len: usize) -> bool {
        self.allows_application_blocks(blocks(inner_len))
    }

    /// The same for a record with this many [`blocks`].
    #[inline]
    pub(crate) const fn allows_application_blocks(&self, blocks: u64) -> bool {
        self.records >= 3 && self.blocks >= blocks.saturating_add(2 * CONTROL_BLOCKS)
    }

    /// How many records and blocks of application data are
    /// [allowed](Self::allows_application_blocks) in a row, apart from one more record with up to
    /// `more_blocks` blocks.
    #[inline]
    pub(crate) const fn left_before(&self, more_blocks: u64) -> Cost {
        let held_back = more_blocks + 2 * CONTROL_BLOCKS;
        Cost {
            records: self.records.saturating_sub(3),
            blocks: self.blocks.saturating_sub(held_back),
        }
    }

    /// How many application records of this cost, at most `most`, are
    /// [allowed](Self::allows_application_blocks) in a row, if `more_blocks` blocks beyond its cost
    /// must be available before each.
    pub(crate) fn affords(&self, each: Cost, more_blocks: u64, most: u64) -> u64 {
        let held_back = more_blocks + 2 * CONTROL_BLOCKS;
        let within = |left: u64, each: u64, most: u64| {
            // A division would take longer than everything else here.
            if most.saturating_mul(each) <= left { most } else { left / each }
        };
        let most = within(self.records.saturating_sub(2), each.records, most);
        within(self.blocks.saturating_sub(held_back), each.blocks, most)
    }

    /// Counts as many records as [`affords`](Self::affords) allows.
    pub(crate) const fn spend_times(&mut self, each: Cost, times: u64) {
        self.records -= each.records * times;
        self.blocks -= each.blocks * times;
    }

    /// What was spent of this budget, which started as [`ENDLESS`](Self::ENDLESS).
    pub(crate) const fn spent_of_endless(self) -> Cost {
        Cost { records: u64::MAX - self.records, blocks: u64::MAX - self.blocks }
    }

    /// Whether any record at all may be sealed.
    pub(crate) fn allows_control_record(&self) -> bool {
        self.records >= 1 && self.blocks >= CONTROL_BLOCKS
    }

    /// Whether a control record may be sealed such that one more still fits.
    pub(crate) fn allows_warning(&self) -> bool {
        self.records >= 2 && self.blocks >= 2 * CONTROL_BLOCKS
    }

    /// Counts a record. Sealing never fails because of blocks, which were checked before.
    #[inline]
    pub(crate) fn spend(&mut self, inner_len: usize) {
        self.records = self.records.saturating_sub(1);
        self.blocks = self.blocks.saturating_sub(blocks(inner_len));
    }
}

/// The AEAD blocks of a record with this much inner plaintext, including its tag's.
#[inline]
pub(crate) fn blocks(inner_len: usize) -> u64 {
    // Rounded up, plus one.
    to_u64(inner_len + 31) / 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_record_needs_one_record_and_two_blocks_and_a_warning_twice_that() {
        for (records, blocks, control, warning) in [
            (0, 100, false, false),
            (1, 1, false, false),
            (1, 2, true, false),
            (2, 3, true, false),
            (2, 4, true, true),
            (1, 4, true, false),
        ] {
            let budget = KeyBudget::of_new_key(KeyLimits { records, blocks });
            assert_eq!(budget.allows_control_record(), control, "{records}, {blocks}");
            assert_eq!(budget.allows_warning(), warning, "{records}, {blocks}");
        }
    }

    #[test]
    fn the_budget_reserves_two_control_records() {
        let mut budget = KeyBudget::of_new_key(KeyLimits { records: 4, blocks: 1000 });
        assert!(budget.allows_application_record(16));
        budget.spend(16);
        assert!(budget.allows_application_record(16));
        budget.spend(16);
        assert!(!budget.allows_application_record(16), "the last two are for control records");
        assert!(budget.allows_control_record());
    }

    #[test]
    fn the_block_limit_is_exact() {
        // 100 bytes are 7 blocks plus the tag's; the two control records take 4.
        for (limit, allowed) in [(11, false), (12, true), (13, true)] {
            let budget = KeyBudget::of_new_key(KeyLimits { records: 100, blocks: limit });
            assert_eq!(budget.allows_application_record(100), allowed, "{limit}");
        }
    }

    #[test]
    fn what_was_sealed_is_known_under_all_limits() {
        for blocks in [0, 1, 5_000, 1 << 40] {
            for limit in [0, 1, 4_999, 5_000, 5_001, 1 << 34, u64::MAX - 1, u64::MAX] {
                let limits = KeyLimits { records: 100, blocks: limit };
                let mut budget = KeyBudget::of_key(limits, 2, blocks);
                assert_eq!(budget.sealed_blocks(limits), blocks, "{limit}");
                let allowed = budget.allows_control_record();
                assert_eq!(allowed, limit >= blocks + CONTROL_BLOCKS, "{blocks} {limit}");
                if allowed {
                    budget.spend(16);
                    assert_eq!(budget.sealed_blocks(limits), blocks + 2, "{limit}");
                }
            }
        }
    }

    #[test]
    fn the_sequence_number_limits_chacha20() {
        let limits = KeyLimits::for_suite(CipherSuite::TLS_CHACHA20_POLY1305_SHA256);
        let budget = |seq_left| KeyBudget::of_key(limits, u64::MAX - seq_left, u64::MAX);
        assert!(!budget(2).allows_application_record(1));
        assert!(budget(3).allows_application_record(1));
    }
}
