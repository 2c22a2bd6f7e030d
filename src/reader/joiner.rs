//! Joins handshake messages from record fragments (RFC 9846 §5.1).
#![deny(clippy::indexing_slicing)]

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::error::PeerFault;
use crate::record::{HANDSHAKE_HEADER_LEN, HandshakeType};

/// Joins fragments into complete messages. A message within one fragment is not copied.
#[derive(Default)]
pub(super) struct HandshakeJoiner {
    /// The start of an incomplete message. Wiped, because it was plaintext.
    partial: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for HandshakeJoiner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandshakeJoiner").field("len", &self.partial.len()).finish_non_exhaustive()
    }
}

impl HandshakeJoiner {
    /// Whether a message has begun but not ended: nothing else is allowed in between.
    pub(super) fn is_joining(&self) -> bool {
        !self.partial.is_empty()
    }

    pub(super) fn memory_held(&self) -> usize {
        self.partial.capacity()
    }

    /// Adds a fragment and passes every message that is now complete to `on_message`: what `check`
    /// returned for its type and length, before its body was complete; its body; and whether it
    /// ends its record.
    pub(super) fn push<M, E: From<PeerFault>>(
        &mut self,
        fragment: &[u8],
        check: impl Fn(HandshakeType, usize) -> Result<M, PeerFault>,
        mut on_message: impl FnMut(M, &[u8], bool) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.partial.is_empty() {
            let rest = split_messages(fragment, &check, &mut on_message)?;
            self.append(rest);
        } else {
            self.append(fragment);
            let rest_len = split_messages(&self.partial, &check, &mut on_message)?.len();
            let taken = self.partial.len() - rest_len;
            self.partial.drain(..taken);
        }
        if self.partial.is_empty() {
            self.partial = Zeroizing::default();
        }
        Ok(())
    }

    /// If the memory does not suffice, the old memory is wiped. It grows in steps, so that a
    /// message that is only announced costs nothing.
    fn append(&mut self, bytes: &[u8]) {
        let len = self.partial.len() + bytes.len();
        if len > self.partial.capacity() {
            let whole = decode_header(&self.partial)
                .map_or(len, |(_, body_len, _)| HANDSHAKE_HEADER_LEN.saturating_add(body_len));
            let capacity = whole.min(2 * self.partial.len()).max(len);
            let mut longer = Zeroizing::new(Vec::with_capacity(capacity));
            longer.extend_from_slice(&self.partial);
            self.partial = longer;
        }
        self.partial.extend_from_slice(bytes);
    }
}

/// Passes every complete message to `on_message` and returns the rest.
fn split_messages<'a, M, E: From<PeerFault>>(
    mut bytes: &'a [u8],
    check: &impl Fn(HandshakeType, usize) -> Result<M, PeerFault>,
    on_message: &mut impl FnMut(M, &[u8], bool) -> Result<(), E>,
) -> Result<&'a [u8], E> {
    while let Some((kind, len, rest)) = decode_header(bytes) {
        let message = check(kind, len)?;
        let Some((body, rest)) = rest.split_at_checked(len) else {
            break;
        };
        on_message(message, body, rest.is_empty())?;
        bytes = rest;
    }
    Ok(bytes)
}

/// Type and length of the message that `bytes` begins with, and what follows its header.
fn decode_header(bytes: &[u8]) -> Option<(HandshakeType, usize, &[u8])> {
    let (&[kind, hi, mid, lo], rest) = bytes.split_first_chunk::<HANDSHAKE_HEADER_LEN>()?;
    let len = u32::from_be_bytes([0, hi, mid, lo]);
    Some((HandshakeType(kind), usize::try_from(len).unwrap_or(usize::MAX), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    /// Two messages: type 4 with three bytes, type 24 with one.
    const WIRE: [u8; 12] = [4, 0, 0, 3, 7, 8, 9, 24, 0, 0, 1, 0];

    fn join(fragments: &[&[u8]]) -> Result<Vec<(u8, Vec<u8>, bool)>, PeerFault> {
        let mut joiner = HandshakeJoiner::default();
        let mut messages = Vec::new();
        for fragment in fragments {
            let check = |kind: HandshakeType, len| match len {
                0..=3 => Ok(kind.0),
                _ => Err(PeerFault::HandshakeTooLong),
            };
            joiner.push(fragment, check, |kind, body, ends_record| {
                messages.push((kind, body.to_vec(), ends_record));
                Ok::<(), PeerFault>(())
            })?;
        }
        assert!(!joiner.is_joining());
        Ok(messages)
    }

    #[test]
    fn messages_are_the_same_at_every_split() {
        let expected = vec![(4, vec![7, 8, 9], false), (24, vec![0], true)];
        assert_eq!(join(&[&WIRE]), Ok(expected));
        for split in 1..WIRE.len() {
            let (a, b) = WIRE.split_at(split);
            let messages = join(&[a, b]).unwrap();
            assert_eq!(messages.len(), 2, "{split}");
            assert!(messages[1].2, "{split}");
        }
        let bytes: Vec<&[u8]> = WIRE.chunks(1).collect();
        assert_eq!(join(&bytes).map(|messages| messages.len()), Ok(2));
    }

    #[test]
    fn a_message_is_refused_by_its_header() {
        assert!(join(&[&[4, 0, 0, 3, 1, 1, 1]]).is_ok());
        assert_eq!(join(&[&[4, 0, 0, 4]]), Err(PeerFault::HandshakeTooLong));
    }
}
