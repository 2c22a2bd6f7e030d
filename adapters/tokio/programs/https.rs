//! A connector for the clients of hyper-util and tonic. Copy this file into your program.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::io::{self, IoSlice};

use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;
use wantwrite_tokio::rustls::pki_types::ServerName;
use wantwrite_tokio::{TlsConnector, TlsStream};

/// Connects to the host and port of a URI (443 if it names no port) and starts TLS. Set the
/// protocols to offer (`h2`, `http/1.1` or both) with the connector's `with_alpn` or its
/// configuration.
#[derive(Clone, Debug)]
pub struct Https(pub TlsConnector);

impl Service<Uri> for Https {
    type Response = HttpsStream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<HttpsStream>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Self(connector) = self.clone();
        Box::pin(async move {
            let host = uri.host().ok_or_else(|| io::Error::other("a URI without a host"))?;
            // The URI has brackets around an IPv6 address.
            let host = host.trim_start_matches('[').trim_end_matches(']');
            let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
            let socket = TcpStream::connect((host, uri.port_u16().unwrap_or(443))).await?;
            socket.set_nodelay(true)?;
            Ok(HttpsStream(TokioIo::new(connector.connect(name, socket).await?)))
        })
    }
}

/// The stream that hyper-util's client and tonic's read and write.
#[derive(Debug)]
pub struct HttpsStream(TokioIo<TlsStream<TcpStream>>);

impl Connection for HttpsStream {
    fn connected(&self) -> Connected {
        match self.0.inner().get_ref().1.alpn_protocol() {
            Some(b"h2") => Connected::new().negotiated_h2(),
            _ => Connected::new(),
        }
    }
}

type Io<T> = Poll<io::Result<T>>;

impl Read for HttpsStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Io<()> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl Write for HttpsStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Io<usize> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Io<usize> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Io<()> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Io<()> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
