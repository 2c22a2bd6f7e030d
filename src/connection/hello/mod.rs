//! Hellos: the one handshake message of each peer that is never protected.
#![deny(clippy::indexing_slicing)]

mod client;
mod server;

use alloc::borrow::Cow;
use alloc::vec::Vec;

pub use client::ClientHello;
pub(super) use server::ServerHello;

use crate::record::{ContentType, HANDSHAKE_HEADER_LEN, HEADER_LEN, RecordHeader};

/// Finds the first handshake message in a sequence of records, however it is split. Ignores what
/// follows it.
#[derive(Debug)]
pub(super) struct HelloReader {
    /// The start of a message that is not complete yet. `None` once a message was too long.
    partial: Option<Vec<u8>>,
    max_len: usize,
}

impl HelloReader {
    /// Joins a message of at most `max_len` bytes. A message within a single record can be longer.
    pub(super) const fn new(max_len: usize) -> Self {
        Self { partial: Some(Vec::new()), max_len }
    }

    /// Takes one record. Returns the message, including its header, if this record completes it.
    pub(super) fn push<'a>(&mut self, record: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        let header = RecordHeader::decode_of_any_version(record).ok().flatten()?;
        if header.content_type() != ContentType::Handshake {
            return None;
        }
        let fragment = record.get(HEADER_LEN..header.record_len())?;
        let partial = self.partial.as_mut()?;
        match first_message(fragment) {
            Some(message) if partial.is_empty() => return Some(Cow::Borrowed(message)),
            _ => {}
        }
        let body = extend_to(partial, HANDSHAKE_HEADER_LEN, fragment);
        let len = message_len(partial)?;
        if len > self.max_len {
            self.partial = None;
            return None;
        }
        let _next_message = extend_to(partial, len, body);
        (partial.len() == len).then(|| Cow::Owned(core::mem::take(partial)))
    }

    /// The number of bytes of memory held.
    pub(super) fn memory_held(&self) -> usize {
        self.partial.as_ref().map_or(0, Vec::capacity)
    }
}

/// Extends `to` from `bytes` until it is `len` bytes long. Returns the bytes that are left.
fn extend_to<'a>(to: &mut Vec<u8>, len: usize, bytes: &'a [u8]) -> &'a [u8] {
    let (front, rest) = bytes.split_at(len.saturating_sub(to.len()).min(bytes.len()));
    to.extend_from_slice(front);
    rest
}

/// The message at the start of `bytes`, including its header, if it is complete.
fn first_message(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(..message_len(bytes)?)
}

/// The length of that message, if its header is complete.
fn message_len(bytes: &[u8]) -> Option<usize> {
    let &[_, hi, mid, lo] = bytes.first_chunk::<HANDSHAKE_HEADER_LEN>()?;
    let len = usize::try_from(u32::from_be_bytes([0, hi, mid, lo])).ok()?;
    HANDSHAKE_HEADER_LEN.checked_add(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(fragment: &[u8]) -> Vec<u8> {
        let len = u16::try_from(fragment.len()).unwrap();
        let header = RecordHeader::new(ContentType::Handshake, len);
        [&header.encode()[..], fragment].concat()
    }

    #[test]
    fn a_message_is_found_at_every_split() {
        let message = [&[1, 0, 0, 5][..], b"hello"].concat();
        let wire = [&message[..], b"what follows"].concat();
        for first in 0..wire.len() {
            for second in first..=wire.len() {
                let mut reader = HelloReader::new(100);
                let cut = [&wire[..first], &wire[first..second], &wire[second..]];
                let records = cut.map(record);
                let found: Vec<_> =
                    records.iter().filter_map(|record| reader.push(record)).collect();
                let found = found.first().map(|message| message.to_vec());
                assert_eq!(found, Some(message.clone()), "{first} {second}");
            }
        }
    }

    #[test]
    fn records_of_other_types_are_skipped() {
        let mut reader = HelloReader::new(100);
        assert_eq!(reader.push(&[0x14, 3, 3, 0, 1, 1]), None);
        assert_eq!(reader.push(&record(&[2, 0, 0])), None);
        assert_eq!(reader.push(&[0x15, 3, 3, 0, 2, 1, 0]), None);
        assert_eq!(reader.push(&record(&[0])).as_deref(), Some(&[2, 0, 0, 0][..]));
        assert_eq!(reader.memory_held(), 0);
    }

    #[test]
    fn a_message_that_is_too_long_is_abandoned() {
        for (max_len, expected) in [(7, false), (8, false), (9, true), (10, true)] {
            let mut reader = HelloReader::new(max_len);
            assert_eq!(reader.push(&record(&[2, 0, 0, 5, 1])), None);
            assert_eq!(reader.push(&record(&[2, 3, 4, 5])).is_some(), expected, "{max_len}");
            assert_eq!(reader.memory_held(), 0);
            // What follows a message that is too long is not the first one.
            assert_eq!(reader.push(&record(&[2, 0, 0, 0])).is_some(), expected, "{max_len}");
        }
    }

    #[test]
    fn what_follows_a_message_does_not_count_towards_its_length() {
        let mut reader = HelloReader::new(9);
        assert_eq!(reader.push(&record(&[2, 0, 0])), None);
        let end = record(&[&[5][..], b"hello", &[11; 10_000]].concat());
        let message = reader.push(&end).unwrap();
        assert_eq!(*message, [&[2, 0, 0, 5][..], b"hello"].concat());
    }

    #[test]
    fn the_rest_of_a_message_is_not_a_message() {
        let mut reader = HelloReader::new(100);
        assert_eq!(reader.push(&record(&[1, 0, 0, 4])), None);
        assert!(reader.memory_held() >= 4);
        let whole = [1, 0, 0, 4, 9, 0, 0, 0];
        assert_eq!(reader.push(&record(&[9, 0, 0, 0])).as_deref(), Some(&whole[..]));
    }
}
