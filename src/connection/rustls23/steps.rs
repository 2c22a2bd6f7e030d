//! States of rustls's unbuffered connections, as steps of a backend.

use alloc::vec::Vec;

use rustls::server::ServerConnectionData;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, ReadEarlyData, TransmitTlsData,
};
use zeroize::Zeroizing;

use super::freed::CopyInRustls;
use crate::alert::AlertDescription;
use crate::buffer::append_wiped;
use crate::connection::ConnectionError;
use crate::connection::backend::Step;
use crate::error::{Error, PeerFault};

/// A rustls state that is the same for both roles.
pub(super) fn take_step<Data>(
    state: Result<ConnectionState<'_, '_, Data>, rustls::Error>,
) -> Result<Step, ConnectionError> {
    match state {
        Ok(ConnectionState::EncodeTlsData(chunk)) => Ok(Step::Send(encode(chunk))),
        Ok(ConnectionState::TransmitTlsData(transmit)) => Ok(transmitted(transmit)),
        Ok(ConnectionState::BlockedHandshake) => Ok(Step::Blocked),
        Ok(ConnectionState::WriteTraffic(_)) => Ok(Step::Traffic),
        Ok(ConnectionState::PeerClosed | ConnectionState::Closed) => {
            Err(Error::PeerAlert(AlertDescription::CLOSE_NOTIFY).into())
        }
        // rustls is never shown application data.
        Ok(_) => Err(Error::Peer(PeerFault::UnexpectedContentType).into()),
        Err(error) => Err(error.into()),
    }
}

/// The record is in our buffer, in order, which is as good as sent.
pub(super) fn transmitted<Data>(transmit: TransmitTlsData<'_, Data>) -> Step {
    transmit.done();
    Step::Again
}

pub(super) fn read_early(
    mut early: ReadEarlyData<'_, '_, ServerConnectionData>,
) -> Result<Step, ConnectionError> {
    let mut plaintext = Zeroizing::new(Vec::new());
    let mut copy = CopyInRustls::none();
    while let Some(record) = early.next_record() {
        // Each record frees the one before it.
        copy.overwrite_freed();
        let payload = record?.payload;
        copy.set(payload);
        append_wiped(&mut plaintext, payload);
    }
    drop(early);
    copy.overwrite_freed();
    Ok(Step::EarlyPlaintext(plaintext))
}

/// The bytes of one record of the handshake.
fn encode<Data>(mut chunk: EncodeTlsData<'_, Data>) -> Vec<u8> {
    let mut bytes = Vec::new();
    // The first call only asks for the size.
    while let Err(EncodeError::InsufficientSize(size)) = chunk.encode(&mut bytes) {
        bytes.resize(size.required_size, 0);
    }
    bytes
}
