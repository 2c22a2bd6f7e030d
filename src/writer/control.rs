//! What goes between the records of application data: which control record is due, and what the
//! peer owes us. This module has no bytes and no keys.

use crate::alert::{Alert, AlertDescription};
use crate::record::{
    ContentType, KEY_UPDATE_LEN, KeyUpdateRequest, RecordFormat, encode_key_update,
};

/// The control record that is due at the next record boundary, and the KeyUpdate that the peer
/// owes us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Control {
    due: Due,
    peer: PeerUpdate,
}

/// The control record that goes at the next record boundary. There is at most one: requests merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Nothing,
    /// TLS 1.3: our KeyUpdate.
    KeyUpdate(KeyUpdateRequest),
    /// TLS 1.3: our KeyUpdate that answers the peer's; it never asks for another.
    KeyUpdateAnswer,
    /// TLS 1.2: the answer to a renegotiation request.
    NoRenegotiation,
}

/// Whether the peer owes us a KeyUpdate that answers ours (RFC 9846 §4.7.3: at most one request
/// outstanding).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PeerUpdate {
    NotRequested,
    Outstanding,
}

/// The content of a control record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ControlMessage {
    KeyUpdate(KeyUpdateRequest),
    Alert(Alert),
}

impl Control {
    pub(super) const fn new(peer: PeerUpdate) -> Self {
        Self { due: Due::Nothing, peer }
    }

    #[inline]
    pub(super) fn is_due(&self) -> bool {
        !matches!(self.due, Due::Nothing)
    }

    /// The wire length of the control record that is due; 0 if none is.
    #[inline]
    pub(super) fn due_len(&self, format: RecordFormat) -> usize {
        match self.due {
            Due::Nothing => 0,
            Due::KeyUpdate(_) | Due::KeyUpdateAnswer => format.record_len(KEY_UPDATE_LEN),
            Due::NoRenegotiation => format.record_len(Alert::LEN),
        }
    }

    /// The caller asked for a KeyUpdate. Requests made before it is sealed merge into one.
    pub(super) fn request_update(&mut self, request: KeyUpdateRequest) {
        // RFC 9846 §4.7.3: at most one request outstanding.
        let request = match self.peer {
            PeerUpdate::Outstanding => KeyUpdateRequest::NotRequested,
            PeerUpdate::NotRequested => request,
        };
        self.due = match self.due {
            // The peer has just updated its key: there is nothing to ask for.
            Due::KeyUpdateAnswer => Due::KeyUpdateAnswer,
            Due::KeyUpdate(KeyUpdateRequest::Requested) => self.due,
            _ => Due::KeyUpdate(request),
        };
    }

    /// The key's budget is used up: a KeyUpdate must precede the next record.
    pub(super) fn require_update(&mut self) {
        self.due = Due::KeyUpdate(KeyUpdateRequest::NotRequested);
    }

    /// The peer has updated its key. If it asks for an update, an answer is due before our next
    /// application record. If we were going to ask the peer for one, that is no longer needed.
    pub(super) fn on_peer_update(&mut self, request: KeyUpdateRequest, can_update: bool) {
        // RFC 9846 §4.7.3: an answer never asks, so an update that asks has crossed our request.
        if request == KeyUpdateRequest::NotRequested {
            self.peer = PeerUpdate::NotRequested;
        }
        self.due = match (request, self.due) {
            // RFC 9846 §4.7.3: after our last generation the request is ignored.
            (KeyUpdateRequest::Requested, due) if !can_update => due,
            (KeyUpdateRequest::Requested, _) => Due::KeyUpdateAnswer,
            (KeyUpdateRequest::NotRequested, Due::KeyUpdate(_)) => {
                Due::KeyUpdate(KeyUpdateRequest::NotRequested)
            }
            (KeyUpdateRequest::NotRequested, due) => due,
        };
    }

    /// TLS 1.2: the refusal of a renegotiation is due (RFC 5246 §7.2.2).
    pub(super) fn refuse_renegotiation(&mut self) {
        self.due = Due::NoRenegotiation;
    }

    /// Takes the control record that is due, to be sealed now.
    pub(super) fn take(&mut self) -> Option<ControlMessage> {
        let request = match core::mem::replace(&mut self.due, Due::Nothing) {
            Due::Nothing => return None,
            Due::NoRenegotiation => {
                let warning = Alert::warning(AlertDescription::NO_RENEGOTIATION);
                return Some(ControlMessage::Alert(warning));
            }
            Due::KeyUpdate(request) => request,
            Due::KeyUpdateAnswer => KeyUpdateRequest::NotRequested,
        };
        if request == KeyUpdateRequest::Requested {
            self.peer = PeerUpdate::Outstanding;
        }
        Some(ControlMessage::KeyUpdate(request))
    }

    /// Nothing is due any longer: no application record follows.
    pub(super) fn clear(&mut self) {
        self.due = Due::Nothing;
    }

    pub(super) const fn peer(&self) -> PeerUpdate {
        self.peer
    }
}

impl ControlMessage {
    pub(super) const MAX_LEN: usize = KEY_UPDATE_LEN;

    /// Its content type, its bytes and their number.
    pub(super) fn encode(self) -> (ContentType, [u8; Self::MAX_LEN], usize) {
        match self {
            Self::KeyUpdate(request) => {
                (ContentType::Handshake, encode_key_update(request), KEY_UPDATE_LEN)
            }
            Self::Alert(alert) => {
                let mut bytes = [0; Self::MAX_LEN];
                bytes[..Alert::LEN].copy_from_slice(&alert.encode());
                (ContentType::Alert, bytes, Alert::LEN)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use KeyUpdateRequest::{NotRequested, Requested};

    use super::*;

    /// Every event in every state, and what is due afterwards.
    #[test]
    fn every_event_in_every_state() {
        type Event = fn(&mut Control);
        let events: [Event; 7] = [
            |control| control.request_update(NotRequested),
            |control| control.request_update(Requested),
            |control| control.require_update(),
            |control| control.on_peer_update(NotRequested, true),
            |control| control.on_peer_update(Requested, true),
            |control| control.on_peer_update(Requested, false),
            |control| control.clear(),
        ];
        let (plain, asking, answer) =
            (Due::KeyUpdate(NotRequested), Due::KeyUpdate(Requested), Due::KeyUpdateAnswer);
        let nothing = Due::Nothing;
        for (due, expected) in [
            (nothing, [plain, asking, plain, nothing, answer, nothing, nothing]),
            (plain, [plain, asking, plain, plain, answer, plain, nothing]),
            (asking, [asking, asking, plain, plain, answer, asking, nothing]),
            (answer, [answer, answer, plain, answer, answer, answer, nothing]),
        ] {
            for (event, expected) in events.iter().zip(expected) {
                let mut control = Control { due, peer: PeerUpdate::NotRequested };
                event(&mut control);
                assert_eq!(control.due, expected, "{due:?}");
            }
        }
    }

    #[test]
    fn a_request_is_outstanding_until_the_peer_updates() {
        let mut control = Control::new(PeerUpdate::NotRequested);
        control.request_update(Requested);
        assert_eq!(control.take(), Some(ControlMessage::KeyUpdate(Requested)));
        assert_eq!(control.peer(), PeerUpdate::Outstanding);
        control.request_update(Requested);
        assert_eq!(control.take(), Some(ControlMessage::KeyUpdate(NotRequested)));
        control.on_peer_update(Requested, true);
        assert_eq!(control.peer(), PeerUpdate::Outstanding, "it crossed ours");
        assert_eq!(control.take(), Some(ControlMessage::KeyUpdate(NotRequested)));
        control.on_peer_update(NotRequested, true);
        assert_eq!(control.peer(), PeerUpdate::NotRequested);
        control.request_update(Requested);
        assert_eq!(control.take(), Some(ControlMessage::KeyUpdate(Requested)));
        assert_eq!(control.take(), None);
    }
}
