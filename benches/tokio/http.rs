//! hyper's server under h2load.

use core::net::Ipv4Addr;
use std::io;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::oneshot::{Receiver, channel};
use tokio::task::JoinSet;

use crate::report::Report;
use crate::transfers::{cpu, runtime};
use crate::{Error, Scale};
use tokio_benches::Configs;

/// The requests that h2load makes.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) name: &'static str,
    pub(crate) protocol: &'static str,
    pub(crate) requests: usize,
    /// The connections, and the concurrent requests on each.
    pub(crate) clients: usize,
    pub(crate) streams: usize,
    /// The length of an answer.
    pub(crate) len: usize,
}

const LOADS: [Load; 3] = [
    Load {
        name: "hyper h1 by h2load, answers of 1 kB",
        protocol: "http/1.1",
        requests: 20_000,
        clients: 8,
        streams: 1,
        len: 1000,
    },
    Load {
        name: "hyper h2 by h2load, answers of 1 kB",
        protocol: "h2",
        requests: 20_000,
        clients: 8,
        streams: 8,
        len: 1000,
    },
    BIG_ANSWERS,
];

pub(crate) const BIG_ANSWERS: Load = Load {
    name: "hyper h2 by h2load, answers of 1 MB",
    protocol: "h2",
    requests: 200,
    clients: 1,
    streams: 1,
    len: 1_000_000,
};

/// The library that provides TLS.
pub(crate) enum Contestant {
    Ours(Box<wantwrite_tokio::TlsAcceptor>),
    Theirs(tokio_rustls::TlsAcceptor),
}

impl Contestant {
    pub(crate) fn ours(server: Arc<ServerConfig>) -> Self {
        Self::Ours(Box::new(server.into()))
    }
}

pub(crate) fn measure(scale: Scale, report: &mut Report) -> Result<(), Error> {
    let server = server_config(&Configs::new()?);
    let contestants = [Contestant::ours(Arc::clone(&server)), Contestant::Theirs(server.into())];
    for mut load in LOADS {
        load.requests = (load.requests / scale.divisor).max(load.clients);
        if !report.wants(load.name) {
            continue;
        }
        if !is_installed("h2load") {
            report.skip(load.name, "h2load is not installed");
            continue;
        }
        let runtime = runtime()?;
        let mut times = Vec::new();
        // The first pair is a warm-up.
        for pair in 0..=scale.pairs {
            let mut seconds = [0.0; 2];
            for turn in [pair % 2, 1 - pair % 2] {
                let contestant = &contestants[turn];
                seconds[turn] = cpu(&runtime, serve_under(contestant, load))?;
            }
            if pair > 0 {
                times.push((seconds[0], seconds[1]));
            }
        }
        report.cpu(load.name, &times, Some(1.0))?;
    }
    Ok(())
}

/// Returns a configuration that offers HTTP/2 and HTTP/1.1.
pub(crate) fn server_config(configs: &Configs) -> Arc<ServerConfig> {
    let mut server = ServerConfig::clone(&configs.server);
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(server)
}

pub(crate) fn is_installed(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Serves while h2load runs, and until its connections have ended.
async fn serve_under(contestant: &Contestant, load: Load) -> Result<(), Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = listener.local_addr()?.port();
    let (sender, ended) = channel();
    // Not on this thread, whose CPU time is measured.
    thread::spawn(move || sender.send(load.run(port)));
    serve(&listener, contestant, ended).await
}

/// Serves until the load and its connections have ended.
pub(crate) async fn serve(
    listener: &TcpListener,
    contestant: &Contestant,
    mut ended: Receiver<Result<(), Error>>,
) -> Result<(), Error> {
    let mut connections = JoinSet::new();
    let result = loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (socket, _) = accepted?;
                socket.set_nodelay(true)?;
                match contestant {
                    Contestant::Ours(acceptor) => {
                        connections.spawn(connection(acceptor.accept(socket)))
                    }
                    Contestant::Theirs(acceptor) => {
                        connections.spawn(connection(acceptor.accept(socket)))
                    }
                };
            }
            result = &mut ended => break result?,
        }
    };
    while let Some(served) = connections.join_next().await {
        // h2load ends connections without `close_notify`.
        let _ended = served?;
    }
    result
}

async fn connection<S>(handshake: impl Future<Output = io::Result<S>>) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = TokioIo::new(handshake.await?);
    let server = Builder::new(TokioExecutor::new());
    server.serve_connection(stream, service_fn(answer)).await
}

/// Answers with as many bytes as the path asks for.
async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Error> {
    static BODY: &[u8] = &[b'x'; 1_000_000];
    let len: usize = request.uri().path().trim_start_matches('/').parse()?;
    let body = BODY.get(..len).ok_or("more than there is")?;
    Ok(Response::new(Full::new(Bytes::from_static(body))))
}

impl Load {
    pub(crate) fn run(self, port: u16) -> Result<(), Error> {
        let Self { protocol, requests, clients, streams, len, .. } = self;
        let output = Command::new("h2load")
            .args(["-n", &requests.to_string(), "-c", &clients.to_string()])
            .args(["-m", &streams.to_string(), "-t1", &format!("--npn-list={protocol}")])
            .arg(format!("https://127.0.0.1:{port}/{len}"))
            .stdin(Stdio::null())
            .output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        if said.contains(&format!(" {requests} succeeded")) {
            return Ok(());
        }
        Err(io::Error::other(format!("h2load: {said}")).into())
    }
}
