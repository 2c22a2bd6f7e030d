//! Configurations for early data (RFC 9846 §2.3).

use rustls::{ClientConfig, ServerConfig};
use wantwrite::CipherSuite;

use crate::{Identity, Peer, client_config, server_config};

/// Configurations that allow at most `max` bytes of early data, where the client already has a
/// ticket.
#[must_use]
pub fn acquainted(suite: CipherSuite, max: u32) -> (ClientConfig, ServerConfig) {
    let identity = Identity::for_suite(suite);
    let mut client_config = client_config(suite, &identity);
    let mut server_config = server_config(suite, &identity);
    client_config.enable_early_data = true;
    server_config.max_early_data_size = max;
    acquaint(&client_config, &server_config);
    (client_config, server_config)
}

/// Gives the client tickets of the server, in a handshake between stock peers.
pub fn acquaint(client: &ClientConfig, server: &ServerConfig) {
    let (mut client, mut server) = (Peer::client(client.clone()), Peer::server(server.clone()));
    loop {
        let (a, b) = (client.take_wire(), server.take_wire());
        if a.is_empty() && b.is_empty() {
            return;
        }
        server.feed(&a).expect("stock rustls takes what stock rustls sends");
        client.feed(&b).expect("stock rustls takes what stock rustls sends");
    }
}
