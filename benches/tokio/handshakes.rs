//! Handshakes, full and resumed, in both roles.

use core::net::SocketAddr;
use std::io::Read;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use rustls::{ClientConfig, ClientConnection, StreamOwned};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::report::Report;
use crate::transfers::{connect, cpu, runtime};
use crate::{Error, Scale, peer};
use tokio_benches::{Configs, localhost};

/// The handshakes per turn: few enough that all turns together leave fewer sockets in TIME_WAIT
/// than there are ports.
const COUNT: usize = 50;

pub(crate) fn measure(scale: Scale, report: &mut Report) -> Result<(), Error> {
    let count = (COUNT / scale.divisor).max(2);
    for (resumes, name) in [(false, "full"), (true, "resumed")] {
        let configs = Configs::new()?;
        clients(scale, report, &configs, count, resumes, name)?;
        servers(scale, report, &configs, count, resumes, name)?;
    }
    Ok(())
}

fn clients(
    scale: Scale,
    report: &mut Report,
    configs: &Configs,
    count: usize,
    resumes: bool,
    name: &str,
) -> Result<(), Error> {
    let name = format!("handshake of a client, {name}");
    if !report.wants(&name) {
        return Ok(());
    }
    let address = peer::greeter(&configs.server)?;
    let ours = wantwrite_tokio::TlsConnector::from(configs.client(resumes)?);
    let theirs = tokio_rustls::TlsConnector::from(configs.client(resumes)?);
    let runtime = runtime()?;
    let mut times = Vec::new();
    for pair in 0..=scale.pairs {
        let a = cpu(&runtime, async {
            for _ in 0..count {
                greeted(ours.connect(localhost()?, connect(address).await?).await?).await?;
            }
            Ok(())
        })?;
        let b = cpu(&runtime, async {
            for _ in 0..count {
                greeted(theirs.connect(localhost()?, connect(address).await?).await?).await?;
            }
            Ok(())
        })?;
        if pair > 0 {
            times.push((a, b));
        }
    }
    report.cpu(&name, &times, Some(1.02))
}

async fn greeted<S: AsyncRead + Unpin>(mut stream: S) -> Result<(), Error> {
    stream.read_exact(&mut [0]).await?;
    Ok(())
}

fn servers(
    scale: Scale,
    report: &mut Report,
    configs: &Configs,
    count: usize,
    resumes: bool,
    name: &str,
) -> Result<(), Error> {
    let name = format!("handshake of a server, {name}");
    if !report.wants(&name) {
        return Ok(());
    }
    let runtime = runtime()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let ours = wantwrite_tokio::TlsAcceptor::from(configs.server.clone());
    let theirs = tokio_rustls::TlsAcceptor::from(configs.server.clone());
    let our_client = Client::new(address, configs.client(resumes)?);
    let their_client = Client::new(address, configs.client(resumes)?);
    let mut times = Vec::new();
    for pair in 0..=scale.pairs {
        our_client.start(count)?;
        let a = cpu(&runtime, async {
            for _ in 0..count {
                greet(ours.accept(accepted(&listener).await?).await?).await?;
            }
            Ok(())
        })?;
        our_client.finish()?;
        their_client.start(count)?;
        let b = cpu(&runtime, async {
            for _ in 0..count {
                greet(theirs.accept(accepted(&listener).await?).await?).await?;
            }
            Ok(())
        })?;
        their_client.finish()?;
        if pair > 0 {
            times.push((a, b));
        }
    }
    report.cpu(&name, &times, Some(1.02))
}

/// Disables Nagle's algorithm, since tickets and greeting are two writes.
async fn accepted(listener: &TcpListener) -> Result<TcpStream, Error> {
    let (socket, _) = listener.accept().await?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

async fn greet<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> Result<(), Error> {
    stream.write_all(&[1]).await?;
    stream.flush().await?;
    // Until the client ends, with or without `close_notify`.
    let _end = stream.read(&mut [0]).await;
    Ok(())
}

/// A thread that connects when it is told to.
struct Client {
    orders: Sender<usize>,
    results: Receiver<Result<(), Error>>,
}

impl Client {
    fn new(address: SocketAddr, config: Arc<ClientConfig>) -> Self {
        let (orders, inbox) = channel();
        let (outbox, results) = channel();
        thread::spawn(move || {
            for count in inbox {
                let result = (0..count).try_for_each(|_| is_greeted(address, &config));
                if let Err(error) = &result {
                    // Otherwise the other thread would wait forever for this client.
                    eprintln!("a client failed: {error}");
                    std::process::exit(1);
                }
                if outbox.send(result).is_err() {
                    return;
                }
            }
        });
        Self { orders, results }
    }

    fn start(&self, count: usize) -> Result<(), Error> {
        Ok(self.orders.send(count)?)
    }

    fn finish(&self) -> Result<(), Error> {
        self.results.recv()?
    }
}

fn is_greeted(address: SocketAddr, config: &Arc<ClientConfig>) -> Result<(), Error> {
    let socket = std::net::TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    let tls = ClientConnection::new(Arc::clone(config), localhost()?)?;
    let mut stream = StreamOwned::new(tls, socket);
    stream.read_exact(&mut [0])?;
    Ok(())
}
