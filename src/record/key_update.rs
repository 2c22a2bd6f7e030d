//! Handshake messages: their types, and KeyUpdate (RFC 9846 §4.7.3).
#![deny(clippy::indexing_slicing)]

use crate::error::PeerFault;

/// The header of a handshake message: type and 24-bit length.
pub(crate) const HANDSHAKE_HEADER_LEN: usize = 4;

/// The length of a KeyUpdate without its header.
pub(crate) const KEY_UPDATE_BODY_LEN: usize = 1;

/// The length of a complete KeyUpdate message.
pub(crate) const KEY_UPDATE_LEN: usize = HANDSHAKE_HEADER_LEN + KEY_UPDATE_BODY_LEN;

/// The handshake message types that we use (RFC 9846 §4, RFC 5246 §7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HandshakeType(pub(crate) u8);

impl HandshakeType {
    pub(crate) const HELLO_REQUEST: Self = Self(0);
    pub(crate) const CLIENT_HELLO: Self = Self(1);
    pub(crate) const NEW_SESSION_TICKET: Self = Self(4);
    pub(crate) const KEY_UPDATE: Self = Self(24);
}

/// The types that occur only in the handshake itself.
#[cfg(feature = "rustls")]
impl HandshakeType {
    pub(crate) const SERVER_HELLO: Self = Self(2);
    pub(crate) const CERTIFICATE: Self = Self(11);
    pub(crate) const SERVER_KEY_EXCHANGE: Self = Self(12);
    pub(crate) const CERTIFICATE_REQUEST: Self = Self(13);
    pub(crate) const SERVER_HELLO_DONE: Self = Self(14);
    pub(crate) const CERTIFICATE_VERIFY: Self = Self(15);
    pub(crate) const CLIENT_KEY_EXCHANGE: Self = Self(16);
    pub(crate) const CERTIFICATE_STATUS: Self = Self(22);
}

/// Whether a KeyUpdate asks for one in return (RFC 9846 §4.7.3). The protocol forbids any other
/// value, so match both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUpdateRequest {
    /// `update_not_requested`: only the sender's key changes.
    NotRequested,
    /// `update_requested`: the receiver must also update its sending key before its next
    /// application record.
    Requested,
}

pub(crate) const fn encode_key_update(request: KeyUpdateRequest) -> [u8; KEY_UPDATE_LEN] {
    let request = match request {
        KeyUpdateRequest::NotRequested => 0,
        KeyUpdateRequest::Requested => 1,
    };
    [HandshakeType::KEY_UPDATE.0, 0, 0, 1, request]
}

/// Decodes the body of a KeyUpdate, without its handshake header.
pub(crate) fn decode_key_update(body: &[u8]) -> Result<KeyUpdateRequest, PeerFault> {
    match body {
        [0] => Ok(KeyUpdateRequest::NotRequested),
        [1] => Ok(KeyUpdateRequest::Requested),
        [_] => Err(PeerFault::BadKeyUpdateRequest),
        _ => Err(PeerFault::BadMessageLength),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_update_round_trips() {
        for request in [KeyUpdateRequest::NotRequested, KeyUpdateRequest::Requested] {
            let [kind, 0, 0, 1, body] = encode_key_update(request) else { panic!("length") };
            assert_eq!(kind, 24);
            assert_eq!(decode_key_update(&[body]), Ok(request));
        }
    }

    #[test]
    fn key_update_with_a_wrong_value_or_length_is_refused() {
        assert_eq!(decode_key_update(&[2]), Err(PeerFault::BadKeyUpdateRequest));
        assert_eq!(decode_key_update(&[]), Err(PeerFault::BadMessageLength));
        assert_eq!(decode_key_update(&[0, 0]), Err(PeerFault::BadMessageLength));
    }
}
