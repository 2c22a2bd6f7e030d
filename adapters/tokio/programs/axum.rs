//! A listener for `axum::serve`. Copy this file into your program.

use core::net::SocketAddr;
use std::io;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{Receiver, channel};
use wantwrite_tokio::{TlsAcceptor, TlsStream};

/// Accepts connections with a task per handshake, so that a slow one does not delay the others.
pub(crate) struct TlsListener {
    address: SocketAddr,
    streams: Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl TlsListener {
    pub(crate) fn new(tcp: TcpListener, acceptor: TlsAcceptor) -> io::Result<Self> {
        let address = tcp.local_addr()?;
        let (finished, streams) = channel(16);
        tokio::spawn(async move {
            while let Ok((socket, peer)) = tcp.accept().await {
                let (handshake, finished) = (acceptor.accept(socket), finished.clone());
                tokio::spawn(async move {
                    match handshake.await {
                        Ok(stream) => drop(finished.send((stream, peer)).await),
                        Err(error) => eprintln!("{peer}: {error}"),
                    }
                });
            }
        });
        Ok(Self { address, streams })
    }
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.streams.recv().await {
            Some(accepted) => accepted,
            None => core::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
