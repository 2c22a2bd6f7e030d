//! The outcome of the handshake, and keys for other protocols.

use core::ffi::c_void;

use wantwrite::{ExportError, HandshakeKind, Version};

use crate::connection::ww_connection;
use crate::error::ww_status;
use crate::guard;
use crate::memory::{self, Target, ww_span};

/// The kind of a handshake.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ww_handshake {
    /// Not complete yet.
    WW_HANDSHAKE_UNKNOWN = 0,
    /// A full handshake.
    WW_HANDSHAKE_FULL = 1,
    /// A full handshake, after a HelloRetryRequest.
    WW_HANDSHAKE_FULL_WITH_RETRY = 2,
    /// A resumption of an earlier session.
    WW_HANDSHAKE_RESUMED = 3,
}

/// Returns the protocol version, 0x0304 for TLS 1.3 and 0x0303 for TLS 1.2; 0 until the handshake
/// is complete.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_version(connection: *const ww_connection) -> u16 {
    let version = |connection: &ww_connection| match connection.connection().protocol_version() {
        Some(Version::Tls13) => 0x0304,
        Some(Version::Tls12) => 0x0303,
        None => 0,
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look(connection, 0, version) }
}

/// Returns the number of the cipher suite (IANA); 0 until the handshake is complete.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_cipher_suite(connection: *const ww_connection) -> u16 {
    let suite = |connection: &ww_connection| {
        connection.connection().cipher_suite().map_or(0, wantwrite::CipherSuite::to_wire)
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look(connection, 0, suite) }
}

/// Returns the number of the key exchange group (IANA); 0 until the handshake is complete, and for
/// a resumption without a new key exchange.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_key_exchange_group(connection: *const ww_connection) -> u16 {
    let group =
        |connection: &ww_connection| connection.connection().key_exchange_group().unwrap_or(0);
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look(connection, 0, group) }
}

/// Returns the kind of the handshake, once it is complete.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_handshake_kind(connection: *const ww_connection) -> ww_handshake {
    let kind = |connection: &ww_connection| match connection.connection().handshake_kind() {
        None => ww_handshake::WW_HANDSHAKE_UNKNOWN,
        Some(HandshakeKind::Resumed) => ww_handshake::WW_HANDSHAKE_RESUMED,
        Some(HandshakeKind::FullWithHelloRetryRequest) => {
            ww_handshake::WW_HANDSHAKE_FULL_WITH_RETRY
        }
        Some(_) => ww_handshake::WW_HANDSHAKE_FULL,
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look(connection, ww_handshake::WW_HANDSHAKE_UNKNOWN, kind) }
}

/// Returns the application protocol that was negotiated (ALPN), once the handshake is complete;
/// empty if there is none. The span is valid until the next non-`const` call on the connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_alpn(
    connection: *const ww_connection,
    protocol: *mut ww_span,
) -> ww_status {
    let look = |connection: &ww_connection, protocol: &mut ww_span| {
        *protocol = ww_span::of(connection.connection().alpn_protocol().unwrap_or_default());
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look_for(connection, protocol, ww_span::EMPTY, look) }
}

/// Returns the name that the client asked for (SNI), on a server, once the handshake is complete;
/// empty if there is none. It does not end with a zero byte. The span is valid until the next
/// non-`const` call on the connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_server_name(
    connection: *const ww_connection,
    name: *mut ww_span,
) -> ww_status {
    let look = |connection: &ww_connection, name: &mut ww_span| {
        *name = ww_span::of(connection.connection().server_name().unwrap_or_default().as_bytes());
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look_for(connection, name, ww_span::EMPTY, look) }
}

/// Returns the peer's certificate number `index` as DER, once the handshake is complete. Number 0
/// is the peer's own; after the last one, the span is empty. It is valid until the next non-`const`
/// call on the connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_peer_certificate(
    connection: *const ww_connection,
    index: usize,
    certificate: *mut ww_span,
) -> ww_status {
    let look = |connection: &ww_connection, certificate: &mut ww_span| {
        let certificates = connection.connection().peer_certificates().unwrap_or_default();
        *certificate = certificates.get(index).map_or(ww_span::EMPTY, |der| ww_span::of(der));
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look_for(connection, certificate, ww_span::EMPTY, look) }
}

/// More than any hash allows to export.
const MAX_EXPORT_LEN: usize = 1 << 14;

/// Fills `out` with keying material for another protocol (RFC 9846, section 7.5; RFC 5705). Both
/// peers, and no one else, get the same bytes for the same label, context and length. `context` may
/// be NULL for none, which differs from an empty context in TLS 1.2. Requires the setting
/// `exporter`. After an error, `out` is all zeros, or untouched.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_export(
    connection: *const ww_connection,
    out: *mut c_void,
    out_len: usize,
    label: *const c_void,
    label_len: usize,
    context: *const c_void,
    context_len: usize,
) -> ww_status {
    let export = |connection: &ww_connection| {
        // SAFETY: the caller upholds the contract of every function.
        let label = unsafe { memory::bytes(label, label_len) }?;
        let has_context = !context.is_null() || context_len > 0;
        // SAFETY: the caller upholds the contract of every function.
        let context = unsafe { memory::bytes(context, context_len) }?;
        let target = Target::new(out, out_len)?;
        if out_len > MAX_EXPORT_LEN {
            return Err(ww_status::WW_ERROR_EXPORT);
        }
        // SAFETY: the caller upholds the contract of every function.
        let out = unsafe { target.zeroed() };
        let exported = connection.connection().export_keying_material(
            out,
            label,
            has_context.then_some(context),
        );
        match exported {
            Ok(_) => Ok(()),
            Err(ExportError::NotEstablished) => Err(ww_status::WW_ERROR_NEGOTIATING),
            Err(_) => Err(ww_status::WW_ERROR_EXPORT),
        }
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look_status(connection, export) }
}
