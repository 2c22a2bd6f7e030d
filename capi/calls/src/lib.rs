//! The C library for tests, the fuzzer and the benchmark. Its types call `ww_*` like a C program
//! and uphold the safety rules of the calls. They contain no logic of their own.
#![expect(missing_docs, reason = "each is the `ww_*` function of the same name")]

mod config;
mod connection;
mod raw;

use core::ffi::CStr;
use core::ptr;

pub use config::{ClientConfig, ServerConfig, pem};
pub use connection::{Chunk, Connection, Stepped};
pub use raw::{Reader, Writer};
use wantwrite::CipherSuite;
pub use wantwrite_capi as capi;
use wantwrite_capi::{ww_connection_settings, ww_error, ww_fault, ww_keys, ww_status};

/// A call's status and its result.
pub type With<T> = (ww_status, T);

/// The text of an error.
pub fn text(error: &ww_error) -> String {
    // SAFETY: the library terminates the text with a zero byte.
    let text = unsafe { CStr::from_ptr(error.text.as_ptr()) };
    text.to_string_lossy().into_owned()
}

/// The keys of a traffic secret. `secret` must outlive the call that uses them.
const fn keys(suite: CipherSuite, secret: &[u8]) -> ww_keys {
    ww_keys {
        size: size_of::<ww_keys>(),
        suite: suite.to_wire(),
        secret: secret.as_ptr(),
        secret_len: secret.len(),
        generation: 0,
        key: ptr::null(),
        key_len: 0,
        iv: ptr::null(),
        seq: 0,
    }
}

/// The default settings. These tests use no pool.
pub const fn settings() -> ww_connection_settings {
    ww_connection_settings {
        size: size_of::<ww_connection_settings>(),
        write_capacity: 0,
        read_capacity: 0,
        max_fragment_len: 0,
        record_len: 0,
        padding_multiple: 0,
        pool: ptr::null(),
        release_buffers: 0,
        no_coalescing: 0,
        exporter: 0,
        tls12_close_answers: 0,
        peer_size_limits: 0,
        reserved: 0,
    }
}

/// Creates an object with its `_new` function.
fn made<T>(
    new: impl FnOnce(*mut *mut T, *mut ww_error) -> ww_status,
) -> Result<*mut T, Box<ww_error>> {
    let mut object = ptr::dangling_mut();
    let mut error = Box::new(OTHER_ERROR);
    match new(&raw mut object, &raw mut *error) {
        ww_status::WW_OK => {
            assert_eq!((error.status, error.alert), (ww_status::WW_OK, -1));
            assert_eq!((error.fault, text(&error)), (ww_fault::WW_FAULT_NONE, String::new()));
            Ok(object)
        }
        status => {
            assert!(object.is_null(), "an object was created despite {status:?}");
            assert_eq!(status, error.status);
            Err(error)
        }
    }
}

const NO_ERROR: ww_error = ww_error {
    status: ww_status::WW_OK,
    fault: ww_fault::WW_FAULT_NONE,
    alert: -1,
    text: [0; wantwrite_capi::WW_ERROR_TEXT_LEN],
};

/// An error that no `_new` function returns, so a function that stores nothing is noticed.
const OTHER_ERROR: ww_error = ww_error {
    status: ww_status::WW_ERROR_GAVE_UP,
    fault: ww_fault::WW_FAULT_TRANSPORT,
    alert: 0x5a,
    text: [0x5a; wantwrite_capi::WW_ERROR_TEXT_LEN],
};

/// A value for out parameters that no call ever stores in them.
const UNSET: usize = 0x5a5a;
