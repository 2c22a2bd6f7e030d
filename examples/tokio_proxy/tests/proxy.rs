//! The proxy between a stock rustls client and a plain TCP server.
#![expect(clippy::std_instead_of_alloc, reason = "tests")]

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use wantwrite_testing::{
    Identity, PATIENCE, TLS13, client_config, pattern, server_config, server_name,
};
use wantwrite_tokio::TlsAcceptor;

#[tokio::test]
async fn the_proxy_relays_both_directions_and_their_closes() {
    let identity = Identity::new(false);
    let bind = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (behind, listener) = (bind().await, bind().await);
    let server = behind.local_addr().unwrap().to_string();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(server_config(TLS13, &identity)));
    tokio::spawn(tokio_proxy::serve(listener, acceptor, server.into()));
    tokio::spawn(async move {
        let (mut socket, _) = behind.accept().await.unwrap();
        let mut all = Vec::new();
        socket.read_to_end(&mut all).await.unwrap();
        all.reverse();
        socket.write_all(&all).await.unwrap();
    });

    let connector = tokio_rustls::TlsConnector::from(Arc::new(client_config(TLS13, &identity)));
    let client = async {
        let socket = TcpStream::connect(address).await.unwrap();
        let mut client = connector.connect(server_name(), socket).await.unwrap();
        let mut data = pattern(1 << 20);
        client.write_all(&data).await.unwrap();
        client.shutdown().await.unwrap();
        let mut received = Vec::new();
        client.read_to_end(&mut received).await.unwrap();
        data.reverse();
        assert!(received == data);
    };
    timeout(PATIENCE, client).await.expect("no answer");
}
