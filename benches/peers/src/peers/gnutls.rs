//! GnuTLS, which passes each record to a callback by reference.
//!
//! The declarations are our own: the registry's (`gnutls-sys`) are for GnuTLS 3.4, which has no TLS
//! 1.3, and are no longer maintained.
#![expect(unsafe_code, reason = "foreign functions")]

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::ptr::{NonNull, null, null_mut};

use crate::Error;
use crate::peer::Peer;
use crate::server::Setup;
use crate::transport::{Transport, callback};

pub(crate) struct GnuTls {
    session: NonNull<Session>,
    credentials: NonNull<Credentials>,
    /// Keeps the callbacks' context alive.
    _transport: Transport,
}

impl Peer for GnuTls {
    const NAME: &str = "GnuTLS";

    fn new(_: &Setup, transport: Transport) -> Result<Self, Error> {
        let (mut credentials, mut session) = (null_mut(), null_mut());
        // SAFETY: each function receives what the previous one created. Failures end here.
        unsafe {
            check(gnutls_certificate_allocate_credentials(&mut credentials))?;
            check(gnutls_init(&mut session, CLIENT | NONBLOCK))?;
            check(gnutls_priority_set_direct(session, PRIORITIES.as_ptr(), null_mut()))?;
            check(gnutls_credentials_set(session, CREDENTIALS_CERTIFICATE, credentials.cast()))?;
            gnutls_transport_set_ptr(session, transport.as_context());
            gnutls_transport_set_push_function(session, push);
            gnutls_transport_set_pull_function(session, pull);
            gnutls_transport_set_errno_function(session, would_block);
        }
        let (Some(session), Some(credentials)) = (NonNull::new(session), NonNull::new(credentials))
        else {
            return Err("GnuTLS created no session".into());
        };
        Ok(Self { session, credentials, _transport: transport })
    }

    fn negotiate(&mut self) -> Result<bool, Error> {
        // SAFETY: this value owns the session.
        match unsafe { gnutls_handshake(self.session.as_ptr()) } {
            AGAIN => Ok(false),
            code => Ok(check(code).map(|()| true)?),
        }
    }

    fn write(&mut self, mut plaintext: &[u8]) -> Result<(), Error> {
        while !plaintext.is_empty() {
            let (data, len) = (plaintext.as_ptr().cast(), plaintext.len());
            // SAFETY: this value owns the session. The function reads at most `len` bytes.
            let sent = unsafe { gnutls_record_send(self.session.as_ptr(), data, len) };
            let sent = usize::try_from(sent).map_err(|_| "GnuTLS did not send")?;
            plaintext = &plaintext[sent..];
        }
        Ok(())
    }
}

impl Drop for GnuTls {
    fn drop(&mut self) {
        // SAFETY: this value owns both. The session is freed first, since it refers to the other.
        unsafe {
            gnutls_deinit(self.session.as_ptr());
            gnutls_certificate_free_credentials(self.credentials.as_ptr());
        }
    }
}

/// Writes between the two calls share records.
pub(crate) struct GnuTlsCorked(GnuTls);

impl Peer for GnuTlsCorked {
    const NAME: &str = "GnuTLS, corked";

    fn new(setup: &Setup, transport: Transport) -> Result<Self, Error> {
        Ok(Self(GnuTls::new(setup, transport)?))
    }

    fn negotiate(&mut self) -> Result<bool, Error> {
        self.0.negotiate()
    }

    fn write(&mut self, plaintext: &[u8]) -> Result<(), Error> {
        // SAFETY: this value owns the session.
        unsafe { gnutls_record_cork(self.0.session.as_ptr()) };
        self.0.write(plaintext)
    }

    fn drain(&mut self) -> Result<(), Error> {
        // SAFETY: this value owns the session.
        let sent = unsafe { gnutls_record_uncork(self.0.session.as_ptr(), WAIT) };
        check(sent.min(0))
    }
}

pub(crate) fn version() -> String {
    // SAFETY: without a version to compare with, it returns a static string, the library's version.
    let version = unsafe { CStr::from_ptr(gnutls_check_version(null())) };
    version.to_string_lossy().into_owned()
}

fn check(code: c_int) -> Result<(), Error> {
    if code >= 0 {
        return Ok(());
    }
    // SAFETY: it returns a static string for every code.
    let text = unsafe { CStr::from_ptr(gnutls_strerror(code)) };
    Err(format!("GnuTLS: {}", text.to_string_lossy()).into())
}

unsafe extern "C" fn push(context: *mut c_void, data: *const c_void, len: usize) -> isize {
    // SAFETY: GnuTLS passes the context set above, and its own buffer.
    unsafe { callback::send(context, data, len) };
    len.cast_signed()
}

unsafe extern "C" fn pull(context: *mut c_void, data: *mut c_void, len: usize) -> isize {
    // SAFETY: GnuTLS passes the context set above, and its own buffer.
    match unsafe { callback::receive(context, data, len) } {
        0 => -1,
        n => n.cast_signed(),
    }
}

/// The only error that the callbacks report.
unsafe extern "C" fn would_block(_context: *mut c_void) -> c_int {
    rustix::io::Errno::WOULDBLOCK.raw_os_error()
}

const PRIORITIES: &CStr = c"NORMAL:-VERS-ALL:+VERS-TLS1.3";
const CLIENT: c_uint = 1 << 1;
const NONBLOCK: c_uint = 1 << 3;
const CREDENTIALS_CERTIFICATE: c_int = 1;
const WAIT: c_uint = 1;
const AGAIN: c_int = -28;

#[repr(C)]
struct Session {
    _opaque: [u8; 0],
}

#[repr(C)]
struct Credentials {
    _opaque: [u8; 0],
}

type Push = unsafe extern "C" fn(*mut c_void, *const c_void, usize) -> isize;
type Pull = unsafe extern "C" fn(*mut c_void, *mut c_void, usize) -> isize;

#[link(name = "gnutls")]
unsafe extern "C" {
    fn gnutls_check_version(required: *const c_char) -> *const c_char;
    fn gnutls_strerror(code: c_int) -> *const c_char;
    fn gnutls_certificate_allocate_credentials(credentials: *mut *mut Credentials) -> c_int;
    fn gnutls_certificate_free_credentials(credentials: *mut Credentials);
    fn gnutls_init(session: *mut *mut Session, flags: c_uint) -> c_int;
    fn gnutls_deinit(session: *mut Session);
    fn gnutls_priority_set_direct(
        session: *mut Session,
        priorities: *const c_char,
        error_position: *mut *const c_char,
    ) -> c_int;
    fn gnutls_credentials_set(session: *mut Session, kind: c_int, its: *mut c_void) -> c_int;
    fn gnutls_transport_set_ptr(session: *mut Session, context: *mut c_void);
    fn gnutls_transport_set_push_function(session: *mut Session, push: Push);
    fn gnutls_transport_set_pull_function(session: *mut Session, pull: Pull);
    fn gnutls_transport_set_errno_function(
        session: *mut Session,
        errno: unsafe extern "C" fn(*mut c_void) -> c_int,
    );
    fn gnutls_handshake(session: *mut Session) -> c_int;
    fn gnutls_record_send(session: *mut Session, data: *const c_void, len: usize) -> isize;
    fn gnutls_record_cork(session: *mut Session);
    fn gnutls_record_uncork(session: *mut Session, flags: c_uint) -> c_int;
}
