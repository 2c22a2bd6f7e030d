//! The key schedule when it stays with rustls.

use alloc::boxed::Box;
use core::fmt;

use rustls::InvalidMessage;
use rustls::client::ClientConnectionData;
use rustls::kernel::KernelConnection;
use rustls::server::ServerConnectionData;

use super::with_key_and_iv;
use crate::aead::{
    CipherSuite, KeySchedule, MAX_GENERATION, NextKeys, ReadKeys, TrafficSecret, WriteKeys,
};
use crate::error::{Error, PeerFault};
use crate::record::Version;

/// The next generations and the ticket store.
pub(super) struct KernelSchedule {
    kernel: Kernel,
    suite: CipherSuite,
    /// The number of our KeyUpdates.
    generations: u64,
}

pub(super) enum Kernel {
    Client(KernelConnection<ClientConnectionData>),
    Server(KernelConnection<ServerConnectionData>),
}

impl KernelSchedule {
    pub(super) const fn new(kernel: Kernel, suite: CipherSuite) -> Self {
        Self { kernel, suite, generations: 0 }
    }
}

impl KeySchedule for KernelSchedule {
    fn updates_left(&self) -> u64 {
        match self.suite.version() {
            Version::Tls13 => MAX_GENERATION.saturating_sub(self.generations),
            Version::Tls12 => 0,
        }
    }

    fn next_write_keys(&mut self) -> Result<WriteKeys, Error> {
        let next = match &mut self.kernel {
            Kernel::Client(kernel) => kernel.update_tx_secret(),
            Kernel::Server(kernel) => kernel.update_tx_secret(),
        };
        let (seq, secrets) = next.map_err(|_| Error::KeysExhausted)?;
        self.generations += 1;
        with_key_and_iv(&secrets, |key, iv| WriteKeys::new(self.suite, key, iv, seq))
            .ok_or(Error::KeysExhausted)
    }

    fn next_read_keys(&mut self) -> Result<ReadKeys, Error> {
        let next = match &mut self.kernel {
            Kernel::Client(kernel) => kernel.update_rx_secret(),
            Kernel::Server(kernel) => kernel.update_rx_secret(),
        };
        let (seq, secrets) = next.map_err(|_| Error::KeysExhausted)?;
        with_key_and_iv(&secrets, |key, iv| ReadKeys::new(self.suite, key, iv, seq))
            .ok_or(Error::KeysExhausted)
    }

    /// Passes it to rustls's store.
    fn store_ticket(&mut self, body: &[u8]) -> Result<(), PeerFault> {
        match &mut self.kernel {
            Kernel::Client(kernel) => match kernel.handle_new_session_ticket(body) {
                // Without the caller's clock, no ticket is stored. That is not the peer's fault.
                Ok(()) | Err(rustls::Error::FailedToGetCurrentTime) => Ok(()),
                Err(rustls::Error::InvalidMessage(InvalidMessage::DuplicateExtension(_))) => {
                    Err(PeerFault::DuplicateTicketExtension)
                }
                Err(_) => Err(PeerFault::BadTicket),
            },
            Kernel::Server(_) => Err(PeerFault::UnexpectedHandshakeMessage),
        }
    }

    /// TLS 1.2 has no next generations.
    fn can_leave(&self) -> bool {
        self.suite.version() == Version::Tls12
    }

    #[cfg(test)]
    fn set_generation(&mut self, generation: u64) {
        self.generations = generation;
    }
}

/// We have the traffic secrets; rustls keeps the tickets.
#[derive(Debug)]
pub(super) struct OwnSchedule {
    secrets: NextKeys,
    tickets: KernelSchedule,
}

impl OwnSchedule {
    pub(super) const fn new(secrets: NextKeys, tickets: KernelSchedule) -> Self {
        Self { secrets, tickets }
    }
}

impl KeySchedule for OwnSchedule {
    fn updates_left(&self) -> u64 {
        self.secrets.updates_left()
    }

    fn next_write_keys(&mut self) -> Result<WriteKeys, Error> {
        self.secrets.next_write_keys()
    }

    fn next_read_keys(&mut self) -> Result<ReadKeys, Error> {
        self.secrets.next_read_keys()
    }

    fn store_ticket(&mut self, body: &[u8]) -> Result<(), PeerFault> {
        self.tickets.store_ticket(body)
    }

    fn into_secrets(self: Box<Self>) -> (Option<TrafficSecret>, Option<TrafficSecret>) {
        self.secrets.into_secrets()
    }

    fn can_leave(&self) -> bool {
        true
    }
}

impl fmt::Debug for KernelSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KernelSchedule")
            .field("suite", &self.suite)
            .field("generations", &self.generations)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::Connection;
    use crate::error::WriteError;
    use crate::record::KeyUpdateRequest::{NotRequested, Requested};
    use alloc::sync::Arc;
    use alloc::vec;
    use alloc::vec::Vec;

    /// RFC 9846 §4.7.3: after the limit no key is updated, and no answer is sent.
    #[test]
    fn a_connection_counts_its_key_updates_up_to_the_last_generation() {
        let (mut ours, mut peer) = established();
        keys(&mut ours).set_generation(MAX_GENERATION - 2);
        for updates in 1..=2 {
            assert_eq!(ours.writer_mut().update_keys(NotRequested), Ok(()));
            carry(&mut ours, &mut peer);
            assert_eq!(ours.writer().progress().key_updates, updates);
        }
        assert!(!keys(&mut ours).can_update());
        assert_eq!(ours.writer_mut().update_keys(NotRequested), Err(WriteError::NoKeyUpdate));
        assert_eq!(peer.writer_mut().update_keys(Requested), Ok(()));
        carry(&mut peer, &mut ours);
        assert_eq!(ours.writer_mut().write(b"no answer"), Ok(9));
        carry(&mut ours, &mut peer);
        assert_eq!(peer.plaintext(), b"no answer");
        assert_eq!((ours.writer().progress().key_updates, ours.error()), (2, None));
    }

    fn keys(connection: &mut Connection) -> &mut NextKeys {
        connection.writer.next_keys_mut()
    }

    fn established() -> (Connection, Connection) {
        let provider = Arc::new(crate::connection::config::default_provider());
        let identity = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
        let certificate = identity.cert.der().clone();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let client = rustls::ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let key = identity.signing_key.serialize_der().try_into().unwrap();
        let server = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let name = "localhost".try_into().unwrap();
        let mut client = Connection::client(Arc::new(client), name).unwrap();
        let mut server = Connection::server(Arc::new(server)).unwrap();
        for _ in 0..2 {
            carry(&mut client, &mut server);
            carry(&mut server, &mut client);
        }
        (client, server)
    }

    fn carry(from: &mut Connection, to: &mut Connection) {
        let mut wire = Vec::new();
        while from.wants().drain {
            let mut drain = from.writer_mut().drain();
            wire.extend_from_slice(drain.chunk());
            drain.advance(drain.chunk().len()).unwrap();
        }
        assert_eq!(to.receive(&wire), wire.len());
        assert_eq!(to.process(), Ok(()));
    }
}
