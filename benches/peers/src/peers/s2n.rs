//! s2n-tls, which passes each record to a callback by reference.
#![expect(unsafe_code, reason = "s2n-tls takes callbacks with a pointer as their context")]

use std::ffi::{c_int, c_void};
use std::task::Poll;

use errno::{Errno, set_errno};
use s2n_tls::config::Config;
use s2n_tls::connection::Connection;
use s2n_tls::enums::Mode;
use s2n_tls::security::DEFAULT_TLS13;

use crate::Error;
use crate::peer::Peer;
use crate::server::Setup;
use crate::transport::{Transport, callback};

pub(crate) struct S2n {
    connection: Connection,
    /// Keeps the callbacks' context alive.
    _transport: Transport,
}

impl Peer for S2n {
    const NAME: &str = "s2n-tls";

    fn new(setup: &Setup, transport: Transport) -> Result<Self, Error> {
        let mut config = Config::builder();
        config.set_security_policy(&DEFAULT_TLS13)?;
        config.trust_pem(setup.certificate.as_bytes())?;
        let mut connection = Connection::new(Mode::Client);
        connection.set_config(config.build()?)?;
        connection.set_server_name(Setup::NAME)?;
        connection.set_send_callback(Some(send))?;
        connection.set_receive_callback(Some(receive))?;
        // SAFETY: the transport lives as long as the connection.
        unsafe {
            connection.set_send_context(transport.as_context())?;
            connection.set_receive_context(transport.as_context())?;
        }
        Ok(Self { connection, _transport: transport })
    }

    fn negotiate(&mut self) -> Result<bool, Error> {
        match self.connection.poll_negotiate() {
            Poll::Ready(result) => Ok(result.map(|_| true)?),
            Poll::Pending => Ok(false),
        }
    }

    fn write(&mut self, mut plaintext: &[u8]) -> Result<(), Error> {
        while !plaintext.is_empty() {
            let Poll::Ready(sent) = self.connection.poll_send(plaintext) else {
                return Err("s2n-tls: the transport did not accept everything".into());
            };
            plaintext = &plaintext[sent?..];
        }
        Ok(())
    }
}

unsafe extern "C" fn send(context: *mut c_void, data: *const u8, len: u32) -> c_int {
    let (Ok(size), Ok(sent)) = (usize::try_from(len), c_int::try_from(len)) else {
        return FAILED;
    };
    // SAFETY: s2n-tls passes the context set above, and its own buffer.
    unsafe { callback::send(context, data.cast(), size) };
    sent
}

unsafe extern "C" fn receive(context: *mut c_void, data: *mut u8, len: u32) -> c_int {
    let size = usize::try_from(len).unwrap_or(0);
    // SAFETY: s2n-tls passes the context set above, and its own buffer.
    match unsafe { callback::receive(context, data.cast(), size) } {
        0 => {
            set_errno(Errno(WOULD_BLOCK));
            FAILED
        }
        n => c_int::try_from(n).unwrap_or(FAILED),
    }
}

const FAILED: c_int = -1;
const WOULD_BLOCK: c_int = rustix::io::Errno::WOULDBLOCK.raw_os_error();
