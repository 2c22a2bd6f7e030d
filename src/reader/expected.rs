//! Which handshake messages are allowed after the handshake, and how long they may be.

use super::Role;
use crate::error::PeerFault;
use crate::record::{HandshakeType, KEY_UPDATE_BODY_LEN, Version};

/// A message that the peer may send after the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    KeyUpdate,
    Ticket,
    /// A HelloRequest, or a ClientHello.
    RenegotiationRequest,
}

impl Expected {
    /// What the type and length of a message reveal before its body arrives. `role` is our role.
    pub(super) fn of(
        version: Version,
        role: Role,
        kind: HandshakeType,
        len: usize,
    ) -> Result<Self, PeerFault> {
        let (expected, has_its_len) = match (version, role, kind) {
            (Version::Tls13, _, HandshakeType::KEY_UPDATE) => {
                (Self::KeyUpdate, len == KEY_UPDATE_BODY_LEN)
            }
            (Version::Tls13, Role::Client, HandshakeType::NEW_SESSION_TICKET) => {
                (Self::Ticket, true)
            }
            (Version::Tls12, Role::Client, HandshakeType::HELLO_REQUEST) => {
                (Self::RenegotiationRequest, len == 0)
            }
            (Version::Tls12, Role::Server, HandshakeType::CLIENT_HELLO) => {
                (Self::RenegotiationRequest, true)
            }
            _ => return Err(PeerFault::UnexpectedHandshakeMessage),
        };
        if has_its_len { Ok(expected) } else { Err(PeerFault::BadMessageLength) }
    }
}
