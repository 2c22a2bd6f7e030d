//! Certificates, and the two endpoints of a connection in memory.

use core::ffi::CStr;
use core::sync::atomic::{AtomicU32, Ordering};

use capi_calls::capi::{ww_connection_settings, ww_status};
use capi_calls::{ClientConfig, Connection, ServerConfig};
use rcgen::{CertificateParams, DnType, KeyPair};

/// A self-signed certificate and its key, in PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
    pub(crate) der: Vec<u8>,
}

impl Identity {
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        // A unique name, so that no other certificate's key is tried for it.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        params.distinguished_name.push(DnType::CommonName, number);
        let certificate = params.self_signed(&key).unwrap();
        let der = certificate.der().to_vec();
        Self { certificate: certificate.pem(), key: key.serialize_pem(), der }
    }
}

pub(crate) const NAME: &CStr = c"localhost";

/// Client and server configurations for these versions.
pub(crate) fn configs(versions: u32, alpn: &[&CStr]) -> (ClientConfig, ServerConfig, Identity) {
    let identity = Identity::new("localhost");
    let client = ClientConfig::trusting(&identity.certificate, versions, alpn);
    let server = ServerConfig::with(&identity.certificate, &identity.key, alpn);
    (client.unwrap(), server.unwrap(), identity)
}

/// A client and a server before their handshake.
pub(crate) fn pair_with(
    client: &ClientConfig,
    server: &ServerConfig,
    settings: &ww_connection_settings,
) -> [Connection; 2] {
    let client = Connection::client(client, NAME, settings).unwrap();
    [client, Connection::server(server, settings).unwrap()]
}

/// A client and a server after their handshake.
pub(crate) fn established(versions: u32) -> [Connection; 2] {
    let (client, server, _) = configs(versions, &[]);
    let mut pair = pair_with(&client, &server, &capi_calls::settings());
    assert_eq!(pump(&mut pair), [ww_status::WW_OK; 2]);
    pair
}

/// Carries pending bytes both ways until nothing is pending, or until plaintext must be read first.
/// Returns the last status of each endpoint.
pub(crate) fn pump(ends: &mut [Connection; 2]) -> [ww_status; 2] {
    let mut statuses = [ww_status::WW_OK; 2];
    loop {
        let mut moved = 0;
        for from in [0, 1] {
            let [client, server] = &mut *ends;
            let (from_end, to_end) = if from == 0 { (client, server) } else { (server, client) };
            loop {
                let (status, wire) = from_end.out();
                assert_eq!(status, ww_status::WW_OK);
                let (status, taken) = to_end.receive(wire);
                assert_eq!(status, ww_status::WW_OK);
                if taken == 0 {
                    break;
                }
                moved += taken;
                assert_eq!(from_end.out_advance(taken), ww_status::WW_OK);
                let processed = to_end.process();
                let status = &mut statuses[1 - from];
                *status = if *status == ww_status::WW_OK { processed } else { *status };
            }
        }
        if moved == 0 {
            return statuses;
        }
    }
}
