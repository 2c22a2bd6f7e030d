//! A connection: how it begins and ends. The other files of this directory contain its other calls.

use core::ffi::c_char;

use wantwrite::driver::Driver;
use wantwrite::rustls::pki_types::ServerName;
use wantwrite::{Connection, Role, Writer};

use crate::config::ww_client_config;
use crate::error::{Failure, ww_error, ww_status};
use crate::guard::{self, Object, Spoilt};
use crate::keys::{read_keys, write_keys, ww_keys};
use crate::memory;
use crate::server_config::ww_server_config;
use crate::settings::{connection_config, ww_connection_settings};

/// A TLS connection without I/O. One thread at a time may use it; you can move it between threads.
#[derive(Debug)]
pub struct ww_connection {
    driver: Driver<i32>,
    /// Whether the driver has just reached `WW_GOAL_WRITE`.
    is_behind_write_goal: bool,
    spoilt: Spoilt,
}

impl ww_connection {
    fn new(connection: Connection) -> Self {
        let driver = Driver::new(connection);
        Self { driver, is_behind_write_goal: false, spoilt: Spoilt::default() }
    }

    pub(crate) const fn connection(&self) -> &Connection {
        self.driver.connection()
    }

    pub(crate) const fn connection_mut(&mut self) -> &mut Connection {
        self.driver.connection_mut()
    }

    pub(crate) const fn writer(&self) -> &Writer {
        self.driver.connection().writer()
    }

    pub(crate) fn writer_mut(&mut self) -> &mut Writer {
        self.driver.connection_mut().writer_mut()
    }

    pub(crate) const fn driver_mut(&mut self) -> &mut Driver<i32> {
        &mut self.driver
    }

    /// Sets whether the next write follows `WW_GOAL_WRITE`.
    pub(crate) const fn set_behind_write_goal(&mut self, is_behind: bool) {
        self.is_behind_write_goal = is_behind;
    }

    pub(crate) const fn is_behind_write_goal(&self) -> bool {
        self.is_behind_write_goal
    }
}

impl Object for ww_connection {
    fn spoilt(&self) -> &Spoilt {
        &self.spoilt
    }
}

/// Creates a client for `server_name`, a DNS name or an IP address as a string. Its first flight is
/// ready to drain. `settings` (for the defaults) and `error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_connection_new_client(
    config: *const ww_client_config,
    server_name: *const c_char,
    settings: *const ww_connection_settings,
    connection: *mut *mut ww_connection,
    error: *mut ww_error,
) -> ww_status {
    let make = || {
        // SAFETY: NULL or a live object, which nothing changes.
        let config = unsafe { config.as_ref() }.ok_or_else(|| Failure::null("a configuration"))?;
        // SAFETY: NULL or a string.
        let name = unsafe { memory::text(server_name) };
        let name = name.ok_or_else(|| Failure::null("a server name"))?;
        let name = name.to_str().ok().and_then(|name| ServerName::try_from(name).ok());
        let Some(name) = name else {
            let text = "expected a DNS name or an IP address, got another string";
            return Err(Failure::of_caller(ww_status::WW_ERROR_ARGUMENT, text));
        };
        // SAFETY: the caller upholds the contract of every function.
        let settings = unsafe { connection_config(settings) }?;
        let connection = Connection::client_with(config.tls(), name.to_owned(), settings)?;
        Ok(guard::give(ww_connection::new(connection)))
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::create(connection, error, make) }
}

/// Creates a server that waits for a client's first flight. `settings` (for the defaults) and
/// `error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_connection_new_server(
    config: *const ww_server_config,
    settings: *const ww_connection_settings,
    connection: *mut *mut ww_connection,
    error: *mut ww_error,
) -> ww_status {
    let make = || {
        // SAFETY: NULL or a live object, which nothing changes.
        let config = unsafe { config.as_ref() }.ok_or_else(|| Failure::null("a configuration"))?;
        // SAFETY: the caller upholds the contract of every function.
        let settings = unsafe { connection_config(settings) }?;
        let connection = Connection::server_with(config.tls(), settings)?;
        Ok(guard::give(ww_connection::new(connection)))
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::create(connection, error, make) }
}

/// Creates a connection from a handshake that you have performed yourself, with the keys of both
/// directions, which must use the same suite. Unlike a separate `ww_writer` and `ww_reader`, it
/// needs no help from you: it answers KeyUpdates and sends alerts. `is_server` is not 0 if we are
/// the server. The connection knows nothing of the handshake except version and suite. `settings`
/// (for the defaults) and `error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_connection_new_from_keys(
    write: *const ww_keys,
    read: *const ww_keys,
    is_server: i32,
    settings: *const ww_connection_settings,
    connection: *mut *mut ww_connection,
    error: *mut ww_error,
) -> ww_status {
    let make = || {
        // SAFETY: the caller upholds the contract of every function.
        let write = unsafe { write_keys(write) }?;
        // SAFETY: the caller upholds the contract of every function.
        let read = unsafe { read_keys(read) }?;
        // SAFETY: the caller upholds the contract of every function.
        let settings = unsafe { connection_config(settings) }?;
        let role = if is_server == 0 { Role::Client } else { Role::Server };
        let connection = Connection::from_keys(write, read, role, settings);
        Ok(guard::give(ww_connection::new(connection.map_err(Failure::of_setting)?)))
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::create(connection, error, make) }
}

/// Frees a connection. Bytes that were not drained are lost; chunks that you have taken remain
/// valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_connection_free(connection: *mut ww_connection) {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::free(connection) };
}

/// Stores in `error` why the connection has failed, with status `WW_OK` if it has not. A failure is
/// permanent. The returned status concerns only this call. If a panic was caught on the connection,
/// both statuses are `WW_ERROR_PANIC`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_connection_error(
    connection: *const ww_connection,
    error: *mut ww_error,
) -> ww_status {
    let failure = |connection: &ww_connection| connection.connection().error().map(Failure::from);
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look_for_failure(connection, error, failure) }
}

/// Releases all memory that is empty or can be recreated. Use it for a connection that will be
/// idle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_shrink(connection: *mut ww_connection) -> ww_status {
    let shrink = |connection: &mut ww_connection| {
        connection.connection_mut().shrink();
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(connection, shrink) }
}
