//! Carries bytes between two peers in memory.

use wantwrite::Connection;

/// Returns everything that `connection` has for its peer.
pub fn drain(connection: &mut Connection) -> Vec<u8> {
    let mut wire = Vec::new();
    while connection.wants().drain {
        let mut drain = connection.writer_mut().drain();
        let chunk = drain.chunk();
        wire.extend_from_slice(chunk);
        let len = chunk.len();
        if len == 0 || drain.advance(len).is_err() {
            break;
        }
    }
    wire
}

/// Gives `wire` to `connection`, processes it, and returns how much was taken. Stops at an error,
/// which is sticky, and when unconsumed plaintext leaves no free memory.
pub fn feed(connection: &mut Connection, wire: &[u8]) -> usize {
    let mut taken = 0;
    let _sticky = connection.process();
    while taken < wire.len() {
        let n = connection.receive(&wire[taken..]);
        taken += n;
        if connection.process().is_err() || n == 0 {
            break;
        }
    }
    taken
}

/// Carries pending bytes from `from` to `to`, which processes them, and returns how many there
/// were. Bytes for which `to` has no memory stay in `from`.
pub fn carry(from: &mut Connection, to: &mut Connection) -> usize {
    let mut carried = 0;
    while from.wants().drain {
        // After a consume, records that are not yet processed can still occupy the memory.
        let _sticky = to.process();
        let mut drain = from.writer_mut().drain();
        let taken = to.receive(drain.chunk());
        if taken == 0 || drain.advance(taken).is_err() {
            break;
        }
        carried += taken;
        if to.process().is_err() {
            break;
        }
    }
    carried
}

/// Carries bytes both ways until neither peer has any: a handshake, or what follows it.
pub fn settle(client: &mut Connection, server: &mut Connection) {
    while carry(client, server) + carry(server, client) > 0 {}
}
