//! A client and a server in memory: no network, no certificate, and the same output on each run.

use wantwrite::{CipherSuite, Connection, ReadKeys, Role, TrafficSecret, WriteKeys};

pub(crate) fn main() -> Result<(), Box<dyn core::error::Error>> {
    // Fixed keys replace the handshake that `Connection::client` and `server` perform.
    let secret = |byte| TrafficSecret::new(CipherSuite::TLS_AES_128_GCM_SHA256, &[byte; 32]);
    let write = |byte| secret(byte).map(WriteKeys::from_secret);
    let read = |byte| secret(byte).map(ReadKeys::from_secret);
    let mut client = Connection::from_keys(write(1)?, read(2)?, Role::Client, Default::default())?;
    let mut server = Connection::from_keys(write(2)?, read(1)?, Role::Server, Default::default())?;

    let message = vec![b'x'; 100_000];
    let mut accepted = client.writer_mut().write(&message)?; // as much as there is room for
    println!("accepted {accepted} bytes, the buffer is {:?}", client.writer().buffer_state());

    let mut received = 0;
    while client.wants().drain {
        let mut drain = client.writer_mut().drain();
        let len = drain.chunk().len().min(1448); // a slow transport
        let taken = server.receive(&drain.chunk()[..len]);
        drain.advance(taken)?;
        accepted += client.writer_mut().write(&message[accepted..])?; // 0 while there is no room
        while server.wants().process {
            server.process()?;
            received += server.plaintext().len();
            server.consume_all();
        }
    }
    println!("received {received} bytes in {} records", client.writer().progress().records);
    Ok(())
}
