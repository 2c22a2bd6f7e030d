//! Servers that read the ClientHello before they choose a configuration.

use std::sync::Arc;

use wantwrite::rustls::SignatureScheme;
use wantwrite::{AlertDescription, ClientHello, Connection};

use crate::config::{Configs, Peering};
use crate::expect::expect_same;
use crate::failure::Failure;
use crate::options::{Expect, Options};
use crate::transport::Transport;

/// Reads the ClientHello and answers it.
pub(crate) fn accept(
    configs: &Configs,
    options: &Options,
    peering: &Peering,
    wire: &mut Transport,
) -> Result<Connection, Failure> {
    let mut acceptor = configs.acceptor(options)?;
    let mut rejection = options.tls.rejection;
    loop {
        if let Some(hello) = acceptor.client_hello() {
            check(hello, &options.expect)?;
            if !options.tls.authentication.credentials.is_empty() {
                let schemes: Vec<_> = hello.signature_schemes().map(Into::into).collect();
                let can_sign = peering.identity.can_sign(&schemes);
                rejection = (!can_sign).then_some(AlertDescription::HANDSHAKE_FAILURE);
            }
            break;
        }
        let tls = acceptor.connection();
        wire.fill(tls)?;
        if let Err(error) = tls.process() {
            wire.drain(tls)?;
            return Err(error.into());
        }
    }
    let mut tls = match rejection {
        Some(alert) => acceptor.reject(alert),
        None => acceptor.accept(Arc::new(configs.server(&options.tls, peering)?))?,
    };
    let result = tls.process();
    if result.is_err() {
        // Sends the alert.
        wire.drain(&mut tls)?;
    }
    Ok(result.map(|()| tls)?)
}

fn check(hello: &ClientHello, expect: &Expect) -> Result<(), Failure> {
    if expect.server_name.is_some() || expect.no_server_name {
        expect_same("offered name", hello.server_name(), expect.server_name.as_deref())?;
    }
    if !expect.advertised_alpn.is_empty() {
        let offered: Vec<_> = hello.alpn_protocols().map(<[u8]>::to_vec).collect();
        expect_same("offered protocols", &offered, &expect.advertised_alpn)?;
    }
    if !expect.peer_verify_prefs.is_empty() {
        let offered: Vec<_> = hello.signature_schemes().map(SignatureScheme::from).collect();
        expect_same("offered schemes", &offered, &expect.peer_verify_prefs)?;
    }
    Ok(())
}
