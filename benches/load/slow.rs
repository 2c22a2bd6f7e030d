//! Clients that read one byte of the wire per second, as stock rustls connections.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use program::ProgressLine;
use rustls::crypto::ring;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use socket2::{Domain, Socket, Type};

use crate::Error;
use crate::contestant::{Contestant, HOST, Site};

type Client = StreamOwned<ClientConnection, TcpStream>;

pub(crate) struct SlowReaders(Vec<Client>);

/// What another client received meanwhile.
pub(crate) struct Served {
    requests: u32,
    longest: Duration,
}

/// Small, so that pending data stays in the server.
const RECEIVE_BUFFER: usize = 4 * 1024;

const LEN: usize = 1 << 20;

const PATIENCE: Duration = Duration::from_secs(30);

impl SlowReaders {
    /// Connects all clients. Each has sent its request and read nothing.
    pub(crate) fn connect(server: &Contestant, site: &Site, n: usize) -> Result<Self, Error> {
        let config = config(site)?;
        let connect = || -> Result<Client, Error> {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)
                .map_err(|error| format!("{error}; `ulimit -n` may have to be raised"))?;
            socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
            socket.connect(&server.address.into())?;
            let mut client = client(&config, socket.into())?;
            write!(client, "GET /bytes/{LEN} HTTP/1.1\r\n\r\n")?;
            client.flush()?;
            Ok(client)
        };
        Ok(Self((0..n).map(|_| connect()).collect::<Result<_, _>>()?))
    }

    /// Reads one byte per second on each connection, for `time`.
    pub(crate) fn read(
        &mut self,
        server: &Contestant,
        site: &Site,
        time: Duration,
    ) -> Result<Served, Error> {
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            let other = scope.spawn(|| serve_meanwhile(server, site, &stop));
            let result = self.take_bytes(time);
            stop.store(true, Ordering::Relaxed);
            let served = other.join().map_err(|_| "the other client panicked")?;
            result?;
            served
        })
    }

    fn take_bytes(&mut self, time: Duration) -> Result<(), Error> {
        let start = Instant::now();
        let mut next = start;
        let mut line = ProgressLine::steps(time.as_secs(), "seconds");
        while start.elapsed() < time {
            for client in &mut self.0 {
                client.conn.read_tls(&mut (&client.sock).take(1))?;
                client.conn.process_new_packets()?;
            }
            next += Duration::from_secs(1);
            thread::sleep(next.saturating_duration_since(Instant::now()));
            line.add(1);
        }
        Ok(())
    }

    /// Reads the rest at full speed, and checks that the content is correct.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let expected: Vec<u8> = (b'a'..=b'z').cycle().take(LEN).collect();
        for mut client in self.0 {
            socket2::SockRef::from(&client.sock).set_recv_buffer_size(LEN)?;
            let content = read_answer(&mut client)?;
            if content != expected {
                return Err("a slow reader received something else".into());
            }
        }
        Ok(())
    }
}

/// Makes one request after another, on one connection.
fn serve_meanwhile(server: &Contestant, site: &Site, stop: &AtomicBool) -> Result<Served, Error> {
    let mut client = client(&config(site)?, TcpStream::connect(server.address)?)?;
    let mut served = Served { requests: 0, longest: Duration::ZERO };
    while !stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        write!(client, "GET / HTTP/1.1\r\n\r\n")?;
        read_answer(&mut client)?;
        served.longest = served.longest.max(start.elapsed());
        served.requests += 1;
        // The client shares the machine with the others.
        thread::sleep(Duration::from_millis(1));
    }
    Ok(served)
}

/// Returns the content of `path`, fetched on its own connection.
pub(crate) fn fetch(server: &Contestant, site: &Site, path: &str) -> Result<String, Error> {
    let mut client = client(&config(site)?, TcpStream::connect(server.address)?)?;
    write!(client, "GET {path} HTTP/1.1\r\n\r\n")?;
    Ok(String::from_utf8(read_answer(&mut client)?)?)
}

fn config(site: &Site) -> Result<Arc<ClientConfig>, Error> {
    let mut roots = RootCertStore::empty();
    roots.add(site.certificate.clone())?;
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn client(config: &Arc<ClientConfig>, socket: TcpStream) -> Result<Client, Error> {
    socket.set_read_timeout(Some(PATIENCE))?;
    let tls = ClientConnection::new(Arc::clone(config), HOST.try_into()?)?;
    Ok(StreamOwned::new(tls, socket))
}

fn read_answer(client: &mut Client) -> Result<Vec<u8>, Error> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8(head)?;
    let len = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let mut content = Vec::new();
    io::copy(&mut client.take(len.ok_or("no length")?.parse()?), &mut content)?;
    Ok(content)
}

impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests, the longest took {:.1?}", self.requests, self.longest)
    }
}
