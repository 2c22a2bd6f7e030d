//! Which handshake messages may come after the handshake, and how long they are.

use super::Role;
use crate::error::PeerFault;
use crate::record::{HandshakeType, KEY_UPDATE_BODY_LEN, Version};

/// What the peer of one connection may send.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub(super) version: Version,
    /// Ours.
    pub(super) role: Role,
    /// Longest message, without its header.
    pub(super) max_len: usize,
}

impl Expected {
    /// What the type and length of a message give away, before its body is here.
    pub(super) fn check(self, kind: HandshakeType, len: usize) -> Result<(), PeerFault> {
        if len > self.max_len {
            return Err(PeerFault::HandshakeTooLong);
        }
        let has_its_len = match (self.version, self.role, kind) {
            (Version::Tls13, _, HandshakeType::KEY_UPDATE) => len == KEY_UPDATE_BODY_LEN,
            (Version::Tls12, Role::Client, HandshakeType::HELLO_REQUEST) => len == 0,
            (Version::Tls13, Role::Client, HandshakeType::NEW_SESSION_TICKET)
            | (Version::Tls12, Role::Server, HandshakeType::CLIENT_HELLO) => true,
            _ => return Err(PeerFault::UnexpectedHandshakeMessage),
        };
        if has_its_len { Ok(()) } else { Err(PeerFault::BadMessageLength) }
    }
}
