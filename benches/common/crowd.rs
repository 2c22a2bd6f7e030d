//! Many connections, of which a hundred are active.

use core::hint::black_box;

use wantwrite::{BufferPolicy, CipherSuite, Connection, ConnectionConfig};

use super::Error;
use super::halves::drain_all;
use super::handshake::Ends;

const ACTIVE: usize = 100;
const PLAINTEXT: [u8; 1024] = [1; 1024];

/// Connections at rest, clients and servers in turn. Those that never were active have no buffers.
pub struct Crowd {
    ends: Ends,
    config: ConnectionConfig,
    connections: Vec<Connection>,
    count: usize,
    next: usize,
}

impl Crowd {
    pub fn new(suite: CipherSuite) -> Result<Self, Error> {
        let mut config = ConnectionConfig::default();
        // The handshake was read; a segment is kept only by who has written.
        config.reader.buffers = BufferPolicy::Release;
        Ok(Self { ends: Ends::new(suite)?, config, connections: Vec::new(), count: 0, next: 0 })
    }

    /// Negotiates until there are `count`.
    pub fn grow(&mut self, count: usize) -> Result<(), Error> {
        while self.connections.len() < count {
            let (client, server) = self.ends.ours(&self.config)?;
            self.connections.extend([client, server]);
        }
        (self.count, self.next) = (count, 0);
        Ok(())
    }

    /// Seals a record on the next of the active ones, which lie far from each other.
    pub fn seal(&mut self) -> Result<(), Error> {
        let connection = self.connections.get_mut(self.next).ok_or("nobody is there")?;
        self.next = (self.next + self.count.div_ceil(ACTIVE)) % self.count;
        connection.writer_mut().write_atomic(black_box(&PLAINTEXT))?;
        drain_all(connection.writer_mut().drain());
        Ok(())
    }
}
