//! Many connections, of which one hundred are active.

use core::hint::black_box;

use wantwrite::{BufferPolicy, CipherSuite, Connection, ConnectionConfig};

use super::Error;
use super::halves::drain_all;
use super::handshake::Ends;

const ACTIVE: usize = 100;
const PLAINTEXT: [u8; 1024] = [1; 1024];

/// Idle connections, alternately client and server. Those that were never active hold no buffers.
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
        // The handshake has filled the reading buffers. Only connections that have written keep a
        // segment.
        config.reader.buffers = BufferPolicy::Release;
        Ok(Self { ends: Ends::new(suite)?, config, connections: Vec::new(), count: 0, next: 0 })
    }

    /// Negotiates connections until there are `count`.
    pub fn grow(&mut self, count: usize) -> Result<(), Error> {
        while self.connections.len() < count {
            let (client, server) = self.ends.ours(&self.config)?;
            self.connections.extend([client, server]);
        }
        (self.count, self.next) = (count, 0);
        Ok(())
    }

    /// Seals a record on the next active connection. The active ones are spread across the crowd.
    pub fn seal(&mut self) -> Result<(), Error> {
        let connection = self.connections.get_mut(self.next).ok_or("the crowd is empty")?;
        self.next = (self.next + self.count.div_ceil(ACTIVE)) % self.count;
        connection.writer_mut().write_atomic(black_box(&PLAINTEXT))?;
        drain_all(connection.writer_mut().drain());
        Ok(())
    }
}
