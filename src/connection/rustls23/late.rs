//! A server that reads the ClientHello before it has, or uses, a configuration.

use alloc::boxed::Box;
use alloc::sync::Arc;

use rustls::ServerConfig;

use super::Rustls;
use crate::connection::backend::{Backend, HandedOver, SealedEarly, Step};
use crate::connection::hello::{ClientHello, HelloReader, ServerHello};
use crate::connection::{ConnectionConfig, ConnectionError};
use crate::error::{Error, PeerFault};
use crate::reader::Role;
use crate::record::{
    ContentType, HANDSHAKE_HEADER_LEN, HEADER_LEN, MAX_FRAGMENT_LEN, RecordHeader, Version,
};

/// Waits until the ClientHello is complete. All of its records are needed again then, to show them
/// to rustls.
#[derive(Debug)]
pub(in crate::connection) struct LateServer {
    reader: HelloReader,
    /// How many bytes of records were read.
    read: usize,
    hello: Option<ClientHello>,
    /// The configuration to continue with, if it is known.
    tls: Option<Arc<ServerConfig>>,
    config: ConnectionConfig,
}

impl LateServer {
    /// Without a rustls configuration, it waits for one.
    pub(in crate::connection) fn new(
        tls: Option<Arc<ServerConfig>>,
        config: &ConnectionConfig,
    ) -> Self {
        let max_len = config.reader.limits.handshake_len.saturating_add(HANDSHAKE_HEADER_LEN);
        Self {
            reader: HelloReader::new(max_len),
            read: 0,
            hello: None,
            tls,
            config: config.clone(),
        }
    }

    fn read(&mut self, records: &[u8]) -> Result<(), ConnectionError> {
        while self.hello.is_none() {
            let rest = records.get(self.read..).unwrap_or(&[]);
            let Ok(Some(header)) = RecordHeader::decode_of_any_version(rest) else { break };
            let record = rest.get(..header.record_len()).unwrap_or(rest);
            self.read += record.len();
            if header.content_type() == ContentType::Alert {
                look_at_alert(record)?;
            }
            if let Some(message) = self.reader.push(record) {
                self.hello = Some(ClientHello::decode(&message).map_err(Error::Peer)?);
            }
        }
        Ok(())
    }
}

/// Judges an alert as rustls does while no version is negotiated: a warning does not end the
/// connection. rustls sees it later, and counts it.
fn look_at_alert(record: &[u8]) -> Result<(), ConnectionError> {
    match record.get(HEADER_LEN..) {
        Some(&[0x02, alert]) => Err(rustls::Error::AlertReceived(alert.into()).into()),
        Some(&[0x01, _]) => Ok(()),
        _ => Err(Error::Peer(PeerFault::BadAlertLevel).into()),
    }
}

/// The backend for a client that sent `hello`, and the limit on our records to it.
pub(in crate::connection) fn choose(
    hello: &ClientHello,
    tls: &ServerConfig,
    config: &ConnectionConfig,
) -> Result<(Box<dyn Backend>, Option<usize>), ConnectionError> {
    let limit = match config.peer_size_limits {
        true => hello.size_limit().map_err(Error::Peer)?,
        false => None,
    };
    // RFC 8449 §4: in TLS 1.3 the type byte counts. 2^14 means "no cap" here, but is one byte more
    // than the content that this limit allows there.
    let limit = limit.filter(|&limit| limit <= MAX_FRAGMENT_LEN);
    let limit = limit.map(|limit| limit.min(MAX_FRAGMENT_LEN - 1));
    // rustls counts the header but not the type byte.
    let max_fragment_size = limit.map(|limit| limit - 1 + HEADER_LEN);
    Ok((Box::new(Rustls::new_server(tls, config, max_fragment_size)?), limit))
}

impl Backend for LateServer {
    fn role(&self) -> Role {
        Role::Server
    }

    fn version(&self) -> Option<Version> {
        None
    }

    fn suite(&self) -> Option<u16> {
        None
    }

    fn has_exchanged_keys(&self) -> bool {
        false
    }

    fn is_handshaking(&self) -> bool {
        true
    }

    fn has_output(&self) -> bool {
        false
    }

    fn step(&mut self, records: &mut [u8]) -> (usize, Result<Step, ConnectionError>) {
        let step = self.read(records).and_then(|()| match (&self.hello, &self.tls) {
            (None, _) => Ok(Step::Blocked),
            (Some(_), None) => Ok(Step::Hello),
            (Some(hello), Some(tls)) => {
                let (backend, limit) = choose(hello, tls, &self.config)?;
                Ok(Step::Become(backend, limit))
            }
        });
        (0, step)
    }

    fn max_early_len(&self) -> usize {
        0
    }

    fn tickets(&self) -> usize {
        0
    }

    fn seal_early(&mut self, _fragment: &[u8]) -> Option<SealedEarly> {
        None
    }

    fn client_hello(&self) -> Option<&ClientHello> {
        self.hello.as_ref()
    }

    fn hand_over(
        self: Box<Self>,
        _server_hello: Option<ServerHello>,
    ) -> Result<HandedOver, ConnectionError> {
        Err(Error::HandshakeFailed.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::{clock, server_config_builder};
    use rustls::server::ResolvesServerCertUsingSni;

    #[test]
    fn the_limit_of_a_client_leaves_a_byte_for_the_type() {
        let resolver = Arc::new(ResolvesServerCertUsingSni::new());
        let tls = server_config_builder(clock(|| None))
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        let config = ConnectionConfig { peer_size_limits: true, ..ConnectionConfig::default() };
        for (limit, expected) in [
            (64_u16, Some(64)),
            (0x3ffe, Some(0x3ffe)),
            (0x3fff, Some(0x3fff)),
            (0x4000, Some(0x3fff)),
            (0x4001, None),
        ] {
            let [hi, lo] = limit.to_be_bytes();
            let mut message = [1, 0, 0, 49, 3, 3].to_vec();
            message.extend([9; 32]);
            message.extend([0, 0, 2, 0x13, 1, 1, 0, 0, 6, 0, 28, 0, 2, hi, lo]);
            let hello = ClientHello::decode(&message).unwrap();
            let (_, limit) = choose(&hello, &tls, &config).unwrap();
            assert_eq!(limit, expected);
        }
    }
}
