//! What unprotected records reveal before they are complete.
//!
//! rustls gets complete records and joins their content into messages. If the first bytes of a
//! record or message are already invalid, it is refused here, before we wait for the rest and hold
//! it.
#![deny(clippy::indexing_slicing)]

use crate::error::PeerFault;
use crate::reader::Role;
use crate::record::{
    ContentType, HANDSHAKE_HEADER_LEN, HEADER_LEN, HandshakeType, MAX_FRAGMENT_LEN, RecordHeader,
    Version,
};

/// Follows the peer's records as long as they are not protected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch {
    /// Our role.
    role: Role,
    /// The longest message, without its header.
    max_len: usize,
    /// Type and length of the incoming message, as far as they are here.
    header: [u8; HANDSHAKE_HEADER_LEN],
    header_len: usize,
    /// How many bytes of that message are missing.
    body_left: usize,
    /// How many bytes of the current record were checked, including its header.
    seen: usize,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing of the first message has arrived.
    First,
    Unprotected,
    /// TLS 1.2: after the peer's change_cipher_spec.
    Protected,
}

impl Watch {
    /// rustls does not accept longer messages.
    const MAX_LEN: usize = 0xffff;

    /// The longest message, except for those that negotiate or contain certificates, as in
    /// BoringSSL.
    const MAX_SHORT_LEN: usize = 1 << 14;

    pub(super) fn new(role: Role, handshake_len: usize) -> Self {
        Self {
            role,
            max_len: handshake_len.min(Self::MAX_LEN),
            header: [0; HANDSHAKE_HEADER_LEN],
            header_len: 0,
            body_left: 0,
            seen: 0,
            stage: Stage::First,
        }
    }

    /// Checks what is here of a record. A repeated call with more of the same record checks the new
    /// part.
    pub(super) fn look(
        &mut self,
        header: RecordHeader,
        record: &[u8],
        version: Option<Version>,
    ) -> Result<(), PeerFault> {
        if self.stage == Stage::Protected {
            return Ok(());
        }
        self.look_at_header(header, version)?;
        let seen = self.seen.max(HEADER_LEN);
        if header.content_type() == ContentType::Handshake {
            self.look_at_fragment(record.get(seen..).unwrap_or(&[]))?;
        }
        self.seen = record.len().max(seen);
        Ok(())
    }

    /// The record is complete, and rustls has it.
    pub(super) fn next_record(&mut self, header: RecordHeader, version: Option<Version>) {
        self.seen = 0;
        // In TLS 1.3 it has no meaning, and protected records have another outer type.
        if header.content_type() == ContentType::ChangeCipherSpec && version != Some(Version::Tls13)
        {
            self.stage = Stage::Protected;
        }
    }

    /// Checks a header, which can be incomplete: missing bytes are assumed to be valid.
    pub(super) fn look_at_header(
        &self,
        header: RecordHeader,
        version: Option<Version>,
    ) -> Result<(), PeerFault> {
        match (header.content_type(), header.body_len()) {
            // RFC 9846 §5.1: nothing may come between the fragments of a message.
            (kind, _) if kind != ContentType::Handshake && self.is_inside_message() => {
                Err(PeerFault::InterleavedHandshake)
            }
            // RFC 9846 §5.1: unprotected content is at most 2^14 bytes.
            (ContentType::Handshake, len) if len > MAX_FRAGMENT_LEN => {
                Err(PeerFault::RecordOverflow)
            }
            (ContentType::ApplicationData, _) if self.stage == Stage::First => {
                Err(PeerFault::UnexpectedContentType)
            }
            // RFC 9846 §5: none is allowed before the ClientHello.
            (ContentType::ChangeCipherSpec, _)
                if self.stage == Stage::First && self.role == Role::Server =>
            {
                Err(PeerFault::UnexpectedContentType)
            }
            (ContentType::Alert, 2) | (ContentType::ChangeCipherSpec, 1) => Ok(()),
            // RFC 9846 §5: only the one change_cipher_spec without meaning is allowed.
            (ContentType::ChangeCipherSpec, _) if version == Some(Version::Tls13) => {
                Err(PeerFault::UnexpectedContentType)
            }
            (ContentType::Alert | ContentType::ChangeCipherSpec, _) => {
                Err(PeerFault::BadMessageLength)
            }
            (ContentType::Handshake | ContentType::ApplicationData, _) => Ok(()),
        }
    }

    const fn is_inside_message(&self) -> bool {
        self.header_len > 0 || self.body_left > 0
    }

    fn look_at_fragment(&mut self, mut fragment: &[u8]) -> Result<(), PeerFault> {
        while !fragment.is_empty() {
            let of_body = self.body_left.min(fragment.len());
            self.body_left -= of_body;
            fragment = fragment.get(of_body..).unwrap_or(&[]);
            let Some((&byte, rest)) = fragment.split_first() else { break };
            if let Some(place) = self.header.get_mut(self.header_len) {
                *place = byte;
            }
            self.header_len += 1;
            fragment = rest;
            let [kind, len @ ..] = self.header;
            if self.header_len == 1 {
                self.check_type(HandshakeType(kind))?;
                self.stage = Stage::Unprotected;
            }
            if self.header_len == HANDSHAKE_HEADER_LEN {
                self.body_left = self.check_len(HandshakeType(kind), len)?;
                self.header_len = 0;
            }
        }
        Ok(())
    }

    /// RFC 9846 §4 and RFC 5246 §7.4: which messages are allowed unprotected, and which one comes
    /// first.
    fn check_type(&self, kind: HandshakeType) -> Result<(), PeerFault> {
        let (first, more): (_, &[HandshakeType]) = match self.role {
            Role::Client => (
                HandshakeType::SERVER_HELLO,
                &[
                    HandshakeType::NEW_SESSION_TICKET,
                    HandshakeType::CERTIFICATE,
                    HandshakeType::SERVER_KEY_EXCHANGE,
                    HandshakeType::CERTIFICATE_REQUEST,
                    HandshakeType::SERVER_HELLO_DONE,
                    HandshakeType::CERTIFICATE_STATUS,
                ],
            ),
            Role::Server => (
                HandshakeType::CLIENT_HELLO,
                &[
                    HandshakeType::CERTIFICATE,
                    HandshakeType::CERTIFICATE_VERIFY,
                    HandshakeType::CLIENT_KEY_EXCHANGE,
                ],
            ),
        };
        if kind == first || (self.stage != Stage::First && more.contains(&kind)) {
            Ok(())
        } else {
            Err(PeerFault::UnexpectedHandshakeMessage)
        }
    }

    /// The length of a message, if messages of this type may be that long.
    fn check_len(&self, kind: HandshakeType, [hi, mid, lo]: [u8; 3]) -> Result<usize, PeerFault> {
        let len = u32::from_be_bytes([0, hi, mid, lo]);
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let max_len = match kind {
            HandshakeType::SERVER_HELLO_DONE if len > 0 => {
                return Err(PeerFault::BadMessageLength);
            }
            HandshakeType::SERVER_KEY_EXCHANGE
            | HandshakeType::CERTIFICATE_VERIFY
            | HandshakeType::CLIENT_KEY_EXCHANGE => self.max_len.min(Self::MAX_SHORT_LEN),
            _ => self.max_len,
        };
        if len > max_len { Err(PeerFault::HandshakeTooLong) } else { Ok(len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    const HELLO: u8 = 1;
    const CERTIFICATE: u8 = 11;
    const KEY_EXCHANGE: u8 = 16;

    fn start(kind: u8, len: usize) -> Vec<u8> {
        let [_, len @ ..] = u32::try_from(len).unwrap().to_be_bytes();
        [&[kind][..], &len].concat()
    }

    /// How a server judges messages that are split in every possible way into two records, fed one
    /// byte at a time.
    fn look(messages: &[Vec<u8>]) -> Result<(), PeerFault> {
        let wire = messages.concat();
        let mut results = (1..=wire.len()).map(|cut| {
            let mut watch = Watch::new(Role::Server, 1 << 16);
            for fragment in [&wire[..cut], &wire[cut..]] {
                let len = u16::try_from(fragment.len()).unwrap();
                let header = RecordHeader::new(ContentType::Handshake, len);
                let record = [&header.encode()[..], fragment].concat();
                for here in HEADER_LEN..=record.len() {
                    watch.look(header, &record[..here], None)?;
                }
                watch.next_record(header, None);
            }
            Ok(())
        });
        let first = results.next().unwrap();
        assert!(results.all(|result| result == first));
        first
    }

    #[test]
    fn messages_are_found_at_every_split() {
        let whole = |kind, len: usize| [start(kind, len), vec![0xff; len]].concat();
        assert_eq!(look(&[whole(HELLO, 3), whole(CERTIFICATE, 0), whole(KEY_EXCHANGE, 9)]), Ok(()));
        let unexpected = Err(PeerFault::UnexpectedHandshakeMessage);
        assert_eq!(look(&[whole(HELLO, 3), whole(20, 12)]), unexpected);
        assert_eq!(look(&[whole(HELLO, 3), vec![2]]), unexpected);
    }

    #[test]
    fn a_message_is_refused_by_its_type_before_a_hello_and_by_its_length() {
        assert_eq!(look(&[start(CERTIFICATE, 3)]), Err(PeerFault::UnexpectedHandshakeMessage));
        let hello = start(HELLO, 0);
        for (kind, max_len) in [(HELLO, 0xffff), (CERTIFICATE, 0xffff), (KEY_EXCHANGE, 1 << 14)] {
            for (len, expected) in [
                (max_len - 1, Ok(())),
                (max_len, Ok(())),
                (max_len + 1, Err(PeerFault::HandshakeTooLong)),
            ] {
                assert_eq!(look(&[hello.clone(), start(kind, len)]), expected, "{kind} {len}");
            }
        }
    }

    #[test]
    fn a_record_is_refused_by_its_header() {
        let look = |content_type, len, version| {
            let header = RecordHeader::new(content_type, len);
            Watch::new(Role::Client, 1 << 16).look(header, &header.encode(), version)
        };
        assert_eq!(look(ContentType::Handshake, 16_384, None), Ok(()));
        assert_eq!(look(ContentType::Handshake, 16_385, None), Err(PeerFault::RecordOverflow));
        let unexpected = Err(PeerFault::UnexpectedContentType);
        assert_eq!(look(ContentType::ApplicationData, 1, None), unexpected);
        for version in [None, Some(Version::Tls12), Some(Version::Tls13)] {
            assert_eq!(look(ContentType::Alert, 2, version), Ok(()));
            assert_eq!(look(ContentType::ChangeCipherSpec, 1, version), Ok(()));
            for len in [1, 3] {
                let too_long = look(ContentType::Alert, len, version);
                assert_eq!(too_long, Err(PeerFault::BadMessageLength));
            }
            let fault = match version {
                Some(Version::Tls13) => PeerFault::UnexpectedContentType,
                _ => PeerFault::BadMessageLength,
            };
            assert_eq!(look(ContentType::ChangeCipherSpec, 2, version), Err(fault));
        }
    }

    #[test]
    fn nothing_is_inspected_after_a_tls_1_2_change_cipher_spec() {
        let mut watch = Watch::new(Role::Server, 1 << 16);
        let ccs = RecordHeader::new(ContentType::ChangeCipherSpec, 1);
        watch.next_record(ccs, Some(Version::Tls13));
        assert_eq!(watch.stage, Stage::First);
        watch.next_record(ccs, Some(Version::Tls12));
        let header = RecordHeader::new(ContentType::Handshake, 40);
        assert_eq!(watch.look(header, &[0xff; 45], Some(Version::Tls12)), Ok(()));
    }

    /// How a client judges the start of a message after the ServerHello.
    fn after_hello(kind: u8, len: usize) -> Result<(), PeerFault> {
        let fragment = [start(2, 0), start(kind, len)].concat();
        let header = RecordHeader::new(ContentType::Handshake, 8);
        let record = [&header.encode()[..], &fragment].concat();
        Watch::new(Role::Client, 1 << 16).look(header, &record, Some(Version::Tls12))
    }

    #[test]
    fn a_server_hello_done_has_no_content() {
        assert_eq!(after_hello(14, 0), Ok(()));
        assert_eq!(after_hello(14, 1), Err(PeerFault::BadMessageLength));
        assert_eq!(after_hello(14, 0xffff), Err(PeerFault::BadMessageLength));
    }

    #[test]
    fn application_data_after_a_hello_is_for_rustls_to_judge() {
        let mut watch = Watch::new(Role::Client, 1 << 16);
        let header = RecordHeader::new(ContentType::Handshake, 4);
        let record = [&header.encode()[..], &start(2, 0)].concat();
        watch.look(header, &record, None).unwrap();
        watch.next_record(header, None);
        let header = RecordHeader::new(ContentType::ApplicationData, 1);
        assert_eq!(watch.look(header, &header.encode(), Some(Version::Tls12)), Ok(()));
    }
}
