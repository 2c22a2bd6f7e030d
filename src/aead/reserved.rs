//! Records whose sequence numbers are assigned in order, and which can be sealed in any order,
//! anywhere.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::ops::Range;

use zeroize::Zeroizing;

use super::aead_key::AeadKey;
use super::cipher_key::CipherKey;
use super::nonce::Iv;
use super::protection::Protection;
use super::stack;
use crate::record::{ContentType, RecordFormat};

/// A record of application data that has its sequence number but no bytes yet. Not `Clone`.
pub(crate) struct Reserved {
    format: RecordFormat,
    seq: u64,
    content_len: usize,
    padding: usize,
}

impl Reserved {
    pub(super) const fn new(
        format: RecordFormat,
        seq: u64,
        content_len: usize,
        padding: usize,
    ) -> Self {
        Self { format, seq, content_len, padding }
    }

    /// The length of the record in bytes.
    pub(crate) fn record_len(&self) -> usize {
        self.format.record_len(self.content_len) + self.padding
    }

    /// The range of its content in the record.
    pub(crate) fn content(&self) -> Range<usize> {
        let prefix_len = self.format.prefix_len();
        prefix_len..prefix_len + self.content_len
    }

    /// Seals the record, whose content is already in `record`. `key` must come from the sealer that
    /// reserved it.
    pub(crate) fn seal(self, key: &SharedKey, record: &mut [u8]) {
        let Self { format, seq, content_len, padding } = self;
        let (key, iv) = &*key.0;
        let content_type = ContentType::ApplicationData;
        let protection = Protection::new(format, iv, seq);
        protection.seal_record(key, record, content_type, content_len, padding);
    }
}

/// A key and its IV. They seal nothing without a sequence number from their sealer.
#[derive(Clone)]
pub(crate) struct SharedKey(Arc<(Box<CipherKey>, Zeroizing<Iv>)>);

impl SharedKey {
    pub(super) fn new(key: &AeadKey) -> Self {
        let copy = || Arc::new((key.copy(), Zeroizing::new(Iv::new(key.iv().bytes()))));
        Self(stack::wiped_after(copy))
    }
}
