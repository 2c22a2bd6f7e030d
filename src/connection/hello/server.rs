//! What the record layer needs from a ServerHello.
#![deny(clippy::indexing_slicing)]

use super::super::fields::Fields;
use crate::record::{HANDSHAKE_HEADER_LEN, HandshakeType};

/// RFC 7627 §5.1.
const EXTENDED_MASTER_SECRET: u16 = 23;

/// The parts of a ServerHello (RFC 5246 §7.4.1.3) that TLS 1.2 exports depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::connection) struct ServerHello {
    random: [u8; 32],
    extended_master_secret: bool,
}

impl ServerHello {
    /// Decodes a message with its header. `None` if it is not a ServerHello: rustls reports the
    /// reason.
    pub(in crate::connection) fn decode(message: &[u8]) -> Option<Self> {
        if *message.first()? != HandshakeType::SERVER_HELLO.0 {
            return None;
        }
        let mut fields = Fields::new(message.get(HANDSHAKE_HEADER_LEN..)?);
        let _version = fields.u16()?;
        let random = fields.array()?;
        let _session_id = fields.vector_u8()?;
        let _suite_and_compression = fields.array::<3>()?;
        let mut extended_master_secret = false;
        // In TLS 1.2 the extensions can be missing.
        if let Some(mut extensions) = fields.vector_u16() {
            while let Some((kind, _)) = extensions.extension() {
                extended_master_secret |= kind == EXTENDED_MASTER_SECRET;
            }
        }
        Some(Self { random, extended_master_secret })
    }

    pub(in crate::connection) const fn random(&self) -> [u8; 32] {
        self.random
    }

    pub(in crate::connection) const fn has_extended_master_secret(&self) -> bool {
        self.extended_master_secret
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn hello(extensions: &[u8]) -> Vec<u8> {
        let body = [&[3, 3][..], &[7; 32], &[2, 1, 2], &[0xc0, 0x2b, 0], extensions].concat();
        let len = u8::try_from(body.len()).unwrap();
        [&[2, 0, 0, len][..], &body].concat()
    }

    #[test]
    fn the_random_and_the_extension_are_found() {
        for (extensions, expected) in [
            (&[][..], false),
            (&[0, 0], false),
            (&[0, 9, 0xff, 1, 0, 1, 0, 0, 23, 0, 0], true),
            (&[0, 5, 0xff, 1, 0, 1, 0], false),
        ] {
            let hello = ServerHello::decode(&hello(extensions)).unwrap();
            assert_eq!(hello.random(), [7; 32]);
            assert_eq!(hello.has_extended_master_secret(), expected, "{extensions:?}");
        }
    }

    #[test]
    fn a_truncated_hello_is_none() {
        let whole = hello(&[]);
        for len in 0..whole.len() {
            assert_eq!(ServerHello::decode(&whole[..len]), None, "{len}");
        }
        assert_eq!(ServerHello::decode(&[1, 0, 0, 0]), None);
    }
}
