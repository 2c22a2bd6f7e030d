//! States of rustls's unbuffered connections, as steps of a backend.

use alloc::vec;
use alloc::vec::Vec;
use core::hint::black_box;
use core::ops::Range;

use rustls::server::ServerConnectionData;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, ReadEarlyData, TransmitTlsData,
};
use zeroize::Zeroizing;

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
    let mut copies = Vec::new();
    while let Some(record) = early.next_record() {
        let payload = record?.payload;
        append_wiped(&mut plaintext, payload);
        copies.push(addresses(payload));
    }
    drop(early);
    for copy in copies {
        overwrite_freed(copy);
    }
    Ok(Step::EarlyPlaintext(plaintext))
}

/// Overwrites memory that rustls freed without wiping it, unless the allocator has not returned all
/// of it again after `MAX_BLOCKS` attempts.
fn overwrite_freed(freed: Range<usize>) {
    const MAX_BLOCKS: usize = 64;
    // What is left between the blocks that overlap its start and those that overlap its end.
    let mut left = freed.clone();
    let mut blocks = Vec::with_capacity(MAX_BLOCKS);
    while !left.is_empty() && blocks.len() < MAX_BLOCKS {
        let block = black_box(vec![0_u8; freed.len()]);
        let wiped = addresses(&block);
        if wiped.start <= freed.start {
            left.start = left.start.max(wiped.end);
        } else {
            left.end = left.end.min(wiped.start);
        }
        blocks.push(block);
    }
}

fn addresses(bytes: &[u8]) -> Range<usize> {
    let start = bytes.as_ptr().addr();
    start..start.saturating_add(bytes.len())
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
