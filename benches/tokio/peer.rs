//! The peer: stock rustls over blocking sockets, with a thread per connection.

use core::net::SocketAddr;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::Error;

type Stream = StreamOwned<ServerConnection, TcpStream>;

/// Sends every message of `len` bytes back.
pub(crate) fn echo(server: &Arc<ServerConfig>, len: usize) -> Result<SocketAddr, Error> {
    serve(server, move |stream| {
        let mut buf = vec![0; len];
        loop {
            stream.read_exact(&mut buf)?;
            stream.write_all(&buf)?;
        }
    })
}

/// Receives `total` bytes, and answers with one byte.
pub(crate) fn sink(server: &Arc<ServerConfig>, total: usize) -> Result<SocketAddr, Error> {
    serve(server, move |stream| {
        let mut buf = vec![0; 64 * 1024];
        loop {
            let mut left = total;
            while left > 0 {
                let n = stream.read(&mut buf)?;
                if n == 0 {
                    return Ok(());
                }
                left = left.saturating_sub(n);
            }
            stream.write_all(&[1])?;
        }
    })
}

/// Sends `total` bytes for each byte that it receives.
pub(crate) fn source(server: &Arc<ServerConfig>, total: usize) -> Result<SocketAddr, Error> {
    serve(server, move |stream| {
        let chunk = vec![0; 64 * 1024];
        loop {
            stream.read_exact(&mut [0])?;
            let mut left = total;
            while left > 0 {
                let n = left.min(chunk.len());
                stream.write_all(&chunk[..n])?;
                left -= n;
            }
        }
    })
}

/// Sends one byte, which arrives with its tickets or after them, and reads to the end.
pub(crate) fn greeter(server: &Arc<ServerConfig>) -> Result<SocketAddr, Error> {
    serve(server, |stream| {
        stream.write_all(&[1])?;
        stream.read(&mut [0]).map(|_| ())
    })
}

fn serve(
    server: &Arc<ServerConfig>,
    handle: impl Fn(&mut Stream) -> std::io::Result<()> + Clone + Send + 'static,
) -> Result<SocketAddr, Error> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let server = Arc::clone(server);
    thread::spawn(move || {
        for socket in listener.incoming() {
            let (Ok(socket), Ok(tls)) = (socket, ServerConnection::new(Arc::clone(&server))) else {
                return;
            };
            let handle = handle.clone();
            thread::spawn(move || {
                let _no_delay = socket.set_nodelay(true);
                // The contestant closes once its turns are done.
                let _ended = handle(&mut Stream::new(tls, socket));
            });
        }
    });
    Ok(address)
}
