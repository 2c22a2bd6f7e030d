//! Failures as `io::Error`, in the form that programs written for tokio-rustls expect.

use alloc::sync::Arc;
use std::io::{self, ErrorKind};

use wantwrite::driver::Fault;
use wantwrite::{ConnectionError, Error, rustls};

/// The error of a handshake. If the handshake failed, it contains a [`rustls::Error`].
pub(crate) fn of_handshake(fault: Fault<io::Error>) -> io::Error {
    match fault {
        Fault::Connection(ConnectionError::Record(Error::Truncated)) => {
            io::Error::new(ErrorKind::UnexpectedEof, "tls handshake eof")
        }
        // rustls has not seen these.
        Fault::Connection(
            error
            @ (ConnectionError::Record(Error::Peer(_)) | ConnectionError::UnsupportedSuite(_)),
        ) => {
            let error = rustls::OtherError(Arc::new(error));
            io::Error::new(ErrorKind::InvalidData, rustls::Error::Other(error))
        }
        fault => of_stream(fault),
    }
}

/// The error of a stream. An alert from the peer is a [`rustls::Error`] too.
pub(crate) fn of_stream(fault: Fault<io::Error>) -> io::Error {
    let error = match fault {
        Fault::Connection(ConnectionError::Handshake(error)) => error,
        Fault::Connection(ConnectionError::Record(Error::PeerAlert(alert))) => {
            rustls::Error::AlertReceived(alert.0.into())
        }
        fault => return fault.into(),
    };
    io::Error::new(ErrorKind::InvalidData, error)
}
