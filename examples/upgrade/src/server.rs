//! The event loop, for both processes.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use program::{Error, note};
use rcgen::{CertificateParams, KeyPair};
use rustix::event::{PollFd, PollFlags, poll};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use wantwrite::{Connection, ConnectionConfig};

use crate::client::{Asked, Client, Progress};
use crate::handoff::{Inheritance, Successor};

/// A certificate and its key. A successor uses the same ones.
pub(crate) struct Identity {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
    pem: String,
}

impl Identity {
    pub(crate) fn new() -> Result<Self, Error> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(["localhost".to_owned()])?.self_signed(&key)?;
        let pem = certificate.pem();
        Ok(Self { certificate: certificate.der().clone(), key: key.serialize_der(), pem })
    }

    pub(crate) fn certificate_pem(&self) -> &str {
        &self.pem
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        // One certificate is short enough.
        let len = u16::try_from(self.certificate.len()).unwrap_or(0).to_be_bytes();
        [&len[..], &self.certificate, &self.key].concat()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (len, rest) = bytes.split_first_chunk().ok_or("an identity is truncated")?;
        let len = u16::from_be_bytes(*len).into();
        let (certificate, key) = rest.split_at_checked(len).ok_or("an identity is truncated")?;
        let certificate = CertificateDer::from(certificate.to_vec());
        Ok(Self { certificate, key: key.to_vec(), pem: String::new() })
    }

    fn config(&self) -> Result<ServerConfig, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivatePkcs8KeyDer::from(self.key.clone()).into();
        Ok(ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], key)?)
    }
}

pub(crate) struct Server {
    listener: TcpListener,
    identity: Identity,
    tls: Arc<ServerConfig>,
    config: ConnectionConfig,
    clients: Vec<Client>,
    inheritance: Option<Inheritance>,
    successor: Option<Successor>,
    /// A client has asked for an upgrade. It starts once everything has been inherited.
    upgrades: bool,
    /// A client has told the server to quit. It does so once its last client has left.
    quits: bool,
}

impl Server {
    pub(crate) fn new(listener: TcpListener, identity: Identity) -> Result<Self, Error> {
        listener.set_nonblocking(true)?;
        let mut config = ConnectionConfig::default();
        config.movable = true;
        let tls = Arc::new(identity.config()?);
        Ok(Self {
            listener,
            identity,
            tls,
            config,
            clients: Vec::new(),
            inheritance: None,
            successor: None,
            upgrades: false,
            quits: false,
        })
    }

    /// Takes over clients from the previous process.
    pub(crate) fn with_inheritance(self, inheritance: Inheritance) -> Self {
        Self { inheritance: Some(inheritance), ..self }
    }

    /// Runs until every client has left, to a successor or for good.
    pub(crate) fn run(mut self) -> Result<(), Error> {
        while !self.takes_no_more() || !self.clients.is_empty() {
            let (accepts, inherits) = self.wait()?;
            if accepts {
                self.accept()?;
            }
            if inherits {
                self.inherit()?;
            }
            self.drive()?;
            if self.upgrades && self.successor.is_none() && self.inheritance.is_none() {
                self.successor = Some(Successor::start(&self.listener, &self.identity)?);
                // Clients that are at rest leave immediately.
                self.drive()?;
            }
        }
        Ok(())
    }

    const fn takes_no_more(&self) -> bool {
        self.successor.is_some() || self.quits
    }

    /// Returns whether the listener and the inheritance are ready to read.
    fn wait(&self) -> Result<(bool, bool), Error> {
        let leaves = self.takes_no_more();
        let listening = if leaves { PollFlags::empty() } else { PollFlags::IN };
        let mut polled = vec![PollFd::new(&self.listener, listening)];
        polled.extend(self.inheritance.iter().map(|socket| PollFd::new(socket, PollFlags::IN)));
        polled.extend(self.clients.iter().map(|client| PollFd::new(client, client.interest())));
        match poll(&mut polled, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let is_ready = |at: usize| polled.get(at).is_some_and(|fd| !fd.revents().is_empty());
        Ok((!leaves && is_ready(0), self.inheritance.is_some() && is_ready(1)))
    }

    fn accept(&mut self) -> Result<(), Error> {
        loop {
            match self.listener.accept() {
                Ok((socket, _)) => {
                    let connection =
                        Connection::server_with(Arc::clone(&self.tls), self.config.clone())?;
                    self.clients.push(Client::new(socket, connection, Progress::new())?);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Takes over one client, at the point where the previous process stopped.
    fn inherit(&mut self) -> Result<(), Error> {
        let Some(inheritance) = &mut self.inheritance else { return Ok(()) };
        match inheritance.next(&self.config)? {
            Some(client) => self.clients.push(client),
            None => self.inheritance = None,
        }
        Ok(())
    }

    fn drive(&mut self) -> Result<(), Error> {
        for mut client in std::mem::take(&mut self.clients) {
            if self.successor.is_some() {
                client.leave();
            }
            match client.drive() {
                Ok(Asked::Upgrade) => self.upgrades = true,
                Ok(Asked::Quit) => self.quits = true,
                Ok(Asked::Nothing) => {}
                Err(error) => {
                    note(format_args!("a client was lost: {error}"));
                    continue;
                }
            }
            if client.is_over() {
                continue;
            }
            match &mut self.successor {
                Some(successor) if client.is_ready_to_move() => {
                    if let Err(client) = successor.give(client)? {
                        self.clients.push(*client);
                    }
                }
                _ => self.clients.push(client),
            }
        }
        Ok(())
    }
}
