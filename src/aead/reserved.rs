//! Records whose numbers are taken in order, and which are sealed in any order, anywhere.

use alloc::sync::Arc;
use core::ops::Range;

use ring::aead::LessSafeKey;

use super::protection::{Inner, Numbers, seal_record};
use crate::record::RecordFormat;

/// A record whose number is taken and whose bytes are not made yet. Not `Clone`.
pub(crate) struct Reserved {
    format: RecordFormat,
    numbers: Numbers,
    inner: Inner,
}

impl Reserved {
    pub(super) const fn new(format: RecordFormat, numbers: Numbers, inner: Inner) -> Self {
        Self { format, numbers, inner }
    }

    /// Bytes of the record.
    pub(crate) fn record_len(&self) -> usize {
        self.format.record_len(self.inner.content_len) + self.inner.padding
    }

    /// Where its content lies in it.
    pub(crate) fn content(&self) -> Range<usize> {
        let prefix_len = self.format.prefix_len();
        prefix_len..prefix_len + self.inner.content_len
    }

    /// Seals the record, whose content lies in `record` already. `key` is that of the sealer
    /// which reserved it.
    pub(crate) fn seal(self, key: &SharedKey, record: &mut [u8]) {
        seal_record(&key.0, self.format, self.numbers, record, self.inner);
    }
}

/// A key that seals nothing without a number that its sealer gave out.
#[derive(Clone)]
pub(crate) struct SharedKey(Arc<LessSafeKey>);

impl SharedKey {
    pub(super) fn new(key: &LessSafeKey) -> Self {
        Self(Arc::new(key.clone()))
    }
}
