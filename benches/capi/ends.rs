//! The two implementations that are compared: the same connection under the same keys, called from
//! Rust and through the C library.
#![expect(missing_docs, missing_debug_implementations, reason = "for this benchmark alone")]

use capi_calls::capi::ww_status;
use wantwrite::{
    CipherSuite, Connection, ConnectionConfig, ReadKeys, Role, TrafficSecret, WriteKeys,
};

pub type Error = Box<dyn core::error::Error>;

const SUITE: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
const OURS: [u8; 32] = [1; 32];
const THEIRS: [u8; 32] = [2; 32];
/// How much can be written before a drain.
pub const CAPACITY: usize = 1 << 20;

/// The calls of a round. None of them may fail.
pub trait End {
    /// Writes as many bytes as there is room for.
    fn write(&mut self, plaintext: &[u8]) -> usize;
    /// Looks at the first pending bytes and advances over them. Returns how many they were.
    fn drain(&mut self) -> usize;
    /// Drains the same way, into `wire`.
    fn drain_into(&mut self, wire: &mut Vec<u8>) -> usize;
    /// Receives as much of `wire` as there is memory for.
    fn lend_and_commit(&mut self, wire: &[u8]) -> usize;
    /// Opens a record, looks at its plaintext and consumes it. Returns the plaintext's length.
    fn open(&mut self) -> usize;
    /// Reads the fill levels.
    fn look(&self) -> usize;
}

pub struct FromRust(Connection);

impl FromRust {
    pub fn new(role: Role) -> Result<Self, Error> {
        let (write, read) = secrets(role);
        let write = WriteKeys::from_secret(TrafficSecret::new(SUITE, &write)?);
        let read = ReadKeys::from_secret(TrafficSecret::new(SUITE, &read)?);
        let mut config = ConnectionConfig::default();
        config.writer.capacity = CAPACITY;
        Ok(Self(Connection::from_keys(write, read, role, config)?))
    }
}

const fn secrets(role: Role) -> ([u8; 32], [u8; 32]) {
    match role {
        Role::Client => (OURS, THEIRS),
        Role::Server => (THEIRS, OURS),
    }
}

impl End for FromRust {
    fn write(&mut self, plaintext: &[u8]) -> usize {
        self.0.writer_mut().write(plaintext).unwrap_or(0)
    }

    fn drain(&mut self) -> usize {
        let len = self.0.writer_mut().drain().chunk().len();
        assert!(self.0.writer_mut().drain().advance(len).is_ok());
        len
    }

    fn drain_into(&mut self, wire: &mut Vec<u8>) -> usize {
        let mut drain = self.0.writer_mut().drain();
        wire.extend_from_slice(drain.chunk());
        let len = drain.chunk().len();
        assert!(drain.advance(len).is_ok());
        len
    }

    fn lend_and_commit(&mut self, wire: &[u8]) -> usize {
        let memory = self.0.lend_inbound().unwrap_or_default();
        let n = memory.len().min(wire.len());
        memory[..n].copy_from_slice(&wire[..n]);
        assert!(self.0.commit_inbound(n).is_ok());
        n
    }

    fn open(&mut self) -> usize {
        assert!(self.0.process().is_ok());
        let len = self.0.plaintext().len();
        assert!(self.0.consume(len).is_ok());
        len
    }

    fn look(&self) -> usize {
        usize::from(self.0.wants().drain) + self.0.writer().room()
    }
}

pub struct FromC(capi_calls::Connection);

impl FromC {
    pub fn new(role: Role) -> Result<Self, Error> {
        let (write, read) = secrets(role);
        let mut settings = capi_calls::settings();
        settings.write_capacity = CAPACITY;
        let is_server = role == Role::Server;
        capi_calls::Connection::from_secrets(SUITE, &write, &read, is_server, &settings)
            .map(Self)
            .map_err(|error| capi_calls::text(&error).into())
    }
}

impl End for FromC {
    fn write(&mut self, plaintext: &[u8]) -> usize {
        let (status, accepted) = self.0.write(plaintext);
        assert_eq!(status, ww_status::WW_OK);
        accepted
    }

    fn drain(&mut self) -> usize {
        let len = self.0.out().1.len();
        assert_eq!(self.0.out_advance(len), ww_status::WW_OK);
        len
    }

    fn drain_into(&mut self, wire: &mut Vec<u8>) -> usize {
        let (_, out) = self.0.out();
        wire.extend_from_slice(out);
        let len = out.len();
        assert_eq!(self.0.out_advance(len), ww_status::WW_OK);
        len
    }

    fn lend_and_commit(&mut self, wire: &[u8]) -> usize {
        let (_, memory) = self.0.lend_in();
        let n = memory.len().min(wire.len());
        memory[..n].copy_from_slice(&wire[..n]);
        assert_eq!(self.0.in_commit(n), ww_status::WW_OK);
        n
    }

    fn open(&mut self) -> usize {
        assert_eq!(self.0.process(), ww_status::WW_OK);
        let len = self.0.plaintext().1.len();
        assert_eq!(self.0.consume(len), ww_status::WW_OK);
        len
    }

    fn look(&self) -> usize {
        usize::from(self.0.wants() & 1 == 1) + self.0.room()
    }
}
