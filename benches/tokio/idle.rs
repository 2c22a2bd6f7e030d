//! The resident memory of one thousand idle connections, in a process that only holds them.

use core::cell::RefCell;
use core::future::poll_fn;
use core::net::SocketAddr;
use core::pin::Pin;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustls::{ClientConfig, ClientConnection, ServerConfig, StreamOwned};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpListener;
use wantwrite::{BufferPolicy, ConnectionConfig};

use crate::report::Report;
use crate::transfers::runtime;
use crate::{Error, Scale};
use tokio_benches::{Configs, client_of, localhost};

const ROW: &str = "resident KiB of an idle connection";
const CONTESTANTS: [&str; 3] = ["ours", "tokio-rustls", "ours, Release"];
/// The bytes that each side sends.
const SENT: usize = 1 << 20;
const THREADS: usize = 4;

type Stream = StreamOwned<ClientConnection, TcpStream>;

pub(crate) fn allow_many_files() -> Result<(), Error> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}

pub(crate) fn measure(scale: Scale, report: &mut Report) -> Result<(), Error> {
    if !report.wants(ROW) {
        return Ok(());
    }
    let mut held = Vec::new();
    for contestant in CONTESTANTS {
        held.push(connections(contestant, scale.connections)?);
    }
    let [ours, theirs, released] = held[..] else { return Err("three contestants".into()) };
    for (i, when) in ["fresh", "after 1 MiB each way"].into_iter().enumerate() {
        let name = format!("{ROW}, {when}");
        report.memory(&name, [ours[i], theirs[i], released[i]], 6.0);
    }
    Ok(())
}

/// Returns the memory of each connection in KiB, when fresh and after use.
fn connections(contestant: &str, count: usize) -> Result<[f64; 2], Error> {
    let mut holder = Holder::start(contestant)?;
    let client = holder.client()?;
    // Leaves out what is allocated only once.
    let first = connect(holder.address, &client)?;
    let before = holder.resident()?;
    let mut streams = Vec::new();
    for _ in 0..count {
        streams.push(connect(holder.address, &client)?);
    }
    let fresh = holder.resident()?;
    let share = count.div_ceil(THREADS);
    let results: Vec<Result<(), String>> = thread::scope(|scope| {
        let threads: Vec<_> = streams
            .chunks_mut(share)
            .map(|share| scope.spawn(|| share.iter_mut().try_for_each(exchange)))
            .collect();
        let join = |thread: thread::ScopedJoinHandle<'_, Result<(), String>>| {
            thread.join().unwrap_or_else(|_| Err("a thread panicked".into()))
        };
        threads.into_iter().map(join).collect()
    });
    results.into_iter().collect::<Result<(), String>>()?;
    let used = holder.resident()?;
    drop(first);
    let each = |after: u32| {
        f64::from(after.saturating_sub(before)) / f64::from(u32::try_from(count).unwrap_or(1))
    };
    Ok([each(fresh), each(used)])
}

fn connect(address: SocketAddr, client: &Arc<ClientConfig>) -> Result<Stream, Error> {
    let tls = ClientConnection::new(Arc::clone(client), localhost()?)?;
    let mut stream = Stream::new(tls, TcpStream::connect(address)?);
    // It answers once its handshake is complete and it is idle.
    stream.write_all(&[1])?;
    stream.read_exact(&mut [0])?;
    Ok(stream)
}

fn exchange(stream: &mut Stream) -> Result<(), String> {
    let chunk = vec![2; 64 * 1024];
    for _ in 0..SENT / chunk.len() {
        stream.write_all(&chunk).map_err(|error| error.to_string())?;
    }
    let mut left = SENT;
    let mut buf = chunk;
    while left > 0 {
        let n = stream.read(&mut buf).map_err(|error| error.to_string())?;
        if n == 0 {
            return Err("the holder has exited".into());
        }
        left = left.saturating_sub(n);
    }
    Ok(())
}

/// The process that holds the connections.
struct Holder {
    child: Child,
    output: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Holder {
    fn start(contestant: &str) -> Result<Self, Error> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--hold", contestant])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let address = line(&mut output)?.parse()?;
        Ok(Self { child, output, address })
    }

    fn client(&mut self) -> Result<Arc<ClientConfig>, Error> {
        let certificate = line(&mut self.output)?;
        client_of(&certificate)
    }

    /// Returns the resident memory in KiB.
    fn resident(&mut self) -> Result<u32, Error> {
        self.child.stdin.as_mut().ok_or("no input")?.write_all(b"\n")?;
        Ok(line(&mut self.output)?.parse()?)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // It ends when its standard input does.
        drop(self.child.stdin.take());
        let _status = self.child.wait();
    }
}

fn line(output: &mut BufReader<ChildStdout>) -> Result<String, Error> {
    let mut line = String::new();
    output.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

/// Accepts connections and holds them. Prints its memory when asked.
pub(crate) fn hold(contestant: &str) -> Result<(), Error> {
    allow_many_files()?;
    let configs = Configs::new()?;
    let runtime = runtime()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    println!("{}", listener.local_addr()?);
    println!("{}", configs.certificate());
    thread::spawn(|| {
        let mut asked = String::new();
        while std::io::stdin().read_line(&mut asked).is_ok_and(|n| n > 0) {
            match resident() {
                Ok(kib) => println!("{kib}"),
                Err(error) => println!("{error}"),
            }
        }
        std::process::exit(0);
    });
    let server = configs.server;
    let _forever: Result<(), Error> = runtime.block_on(accept(contestant, listener, server));
    Ok(())
}

async fn accept(
    contestant: &str,
    listener: TcpListener,
    server: Arc<ServerConfig>,
) -> Result<(), Error> {
    let mut ours = wantwrite_tokio::TlsAcceptor::from(server.clone());
    let theirs = tokio_rustls::TlsAcceptor::from(server);
    if contestant == CONTESTANTS[2] {
        let mut config = ConnectionConfig::default();
        config.writer.buffers = BufferPolicy::Release;
        config.reader.buffers = BufferPolicy::Release;
        ours = ours.with_connection_config(config);
    }
    loop {
        let (socket, _) = listener.accept().await?;
        if contestant == CONTESTANTS[1] {
            let handshake = theirs.accept(socket);
            tokio::spawn(async move { serve(handshake.await?).await });
        } else {
            let handshake = ours.accept(socket);
            tokio::spawn(async move { serve(handshake.await?).await });
        }
    }
}

/// Answers the first input with one byte. After that, answers every `SENT` bytes with as many.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> Result<(), Error> {
    read(&mut stream).await?;
    stream.write_all(&[1]).await?;
    stream.flush().await?;
    loop {
        let mut left = SENT;
        while left > 0 {
            let n = read(&mut stream).await?;
            if n == 0 {
                return Ok(());
            }
            left = left.saturating_sub(n);
        }
        for _ in 0..SENT / ANSWER.len() {
            stream.write_all(&ANSWER).await?;
        }
        stream.flush().await?;
    }
}

static ANSWER: [u8; 16 * 1024] = [3; 16 * 1024];

thread_local! {
    /// Shared by all connections, so that none of them owns a buffer of this program.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; 16 * 1024]);
}

async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Result<usize, Error> {
    let n = poll_fn(|cx| {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut buf = ReadBuf::new(scratch);
            let poll = Pin::new(&mut *stream).poll_read(cx, &mut buf);
            poll.map_ok(|()| buf.filled().len())
        })
    });
    Ok(n.await?)
}

/// Returns this process's resident memory in KiB, without the pages of files.
fn resident() -> Result<u32, Error> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).ok_or("no RssAnon")?;
    Ok(kib.parse()?)
}
