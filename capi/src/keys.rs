//! Keys from a handshake performed elsewhere.

use core::ffi::c_void;

use wantwrite::{CipherSuite, InvalidKeyLength, ReadKeys, TrafficSecret, WriteKeys};

use crate::error::{Failure, ww_status};
use crate::memory;
use crate::settings::{self, Settings};

/// The length of an IV.
pub const WW_IV_LEN: usize = 12;

/// The keys of one direction: a TLS 1.3 traffic secret, whose keys can be updated, or a key and its
/// IV, which cannot. Begin with `{.size = sizeof(ww_keys)}`. What the pointers refer to is copied:
/// wipe your own copy.
///
/// Never create two writers with the same key, or one writer twice with the same `seq`: that
/// reveals the plaintext and the key.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ww_keys {
    /// `sizeof(ww_keys)`.
    pub size: usize,
    /// The number of the cipher suite (IANA), such as 0x1301.
    pub suite: u16,
    /// A traffic secret (RFC 9846, section 7.1), or NULL.
    pub secret: *const u8,
    /// Its length, which is that of the suite's hash.
    pub secret_len: usize,
    /// How many times the secret has been updated.
    pub generation: u64,
    /// A key, if `secret` is NULL.
    pub key: *const u8,
    /// Its length, which is that of the suite's AEAD key.
    pub key_len: usize,
    /// `WW_IV_LEN` bytes, if `secret` is NULL. For AES-GCM in TLS 1.2: the 4-byte salt, then 8
    /// bytes that are XORed with the sequence number to form the explicit nonce.
    pub iv: *const u8,
    /// The sequence number of the next record.
    pub seq: u64,
}

// SAFETY: `repr(C)`, with its size first; contains only numbers and pointers.
unsafe impl Settings for ww_keys {}

/// What the keys of both directions are made from.
enum Parts<'a> {
    Secret(TrafficSecret),
    Key(&'a [u8], [u8; WW_IV_LEN]),
}

/// # Safety
/// `keys` and what it points to obey the contract of every function.
pub(crate) unsafe fn write_keys(keys: *const ww_keys) -> Result<WriteKeys, Failure> {
    // SAFETY: the caller upholds this function's contract.
    let (suite, seq, parts) = unsafe { parts(keys) }?;
    match parts {
        Parts::Secret(secret) => Ok(WriteKeys::from_secret_at(secret, seq)),
        Parts::Key(key, iv) => WriteKeys::new(suite, key, iv, seq).map_err(wrong_length),
    }
}

/// # Safety
/// `keys` and what it points to obey the contract of every function.
pub(crate) unsafe fn read_keys(keys: *const ww_keys) -> Result<ReadKeys, Failure> {
    // SAFETY: the caller upholds this function's contract.
    let (suite, seq, parts) = unsafe { parts(keys) }?;
    match parts {
        Parts::Secret(secret) => Ok(ReadKeys::from_secret_at(secret, seq)),
        Parts::Key(key, iv) => ReadKeys::new(suite, key, iv, seq).map_err(wrong_length),
    }
}

/// # Safety
/// `keys` and what it points to obey the contract of every function for all of `'a`.
unsafe fn parts<'a>(keys: *const ww_keys) -> Result<(CipherSuite, u64, Parts<'a>), Failure> {
    if keys.is_null() {
        return Err(Failure::null("keys"));
    }
    // SAFETY: not NULL, and the caller upholds this function's contract.
    let keys = unsafe { settings::read(keys) }?;
    let Some(suite) = CipherSuite::from_wire(keys.suite) else {
        let text = format!("expected a supported suite, got {:#06x}", keys.suite);
        return Err(Failure::of_caller(ww_status::WW_ERROR_ARGUMENT, text));
    };
    let bytes = |data: *const u8, len| {
        // SAFETY: the caller upholds this function's contract.
        let bytes: Result<&'a [u8], _> = unsafe { memory::bytes(data.cast::<c_void>(), len) };
        bytes.map_err(|status| Failure::of_caller(status, "expected a key or a secret, got none"))
    };
    let parts = match keys.secret.is_null() {
        false if !keys.key.is_null() || !keys.iv.is_null() => {
            let text = "expected a secret, or a key and an IV, got both";
            return Err(Failure::of_caller(ww_status::WW_ERROR_SETTING, text));
        }
        false => {
            let secret = bytes(keys.secret, keys.secret_len)?;
            let secret = TrafficSecret::new(suite, secret).map_err(wrong_length)?;
            Parts::Secret(secret.at_generation(keys.generation))
        }
        true => {
            let mut iv = [0; WW_IV_LEN];
            iv.copy_from_slice(bytes(keys.iv, WW_IV_LEN)?);
            Parts::Key(bytes(keys.key, keys.key_len)?, iv)
        }
    };
    Ok((suite, keys.seq, parts))
}

fn wrong_length(error: InvalidKeyLength) -> Failure {
    Failure::of_caller(ww_status::WW_ERROR_ARGUMENT, error.to_string())
}
