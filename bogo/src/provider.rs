//! The provider for handshakes: ring, or aws-lc-rs with that feature. The engine seals the records.

use std::sync::Arc;

#[cfg(feature = "aws-lc-rs")]
pub(crate) use rustls::crypto::aws_lc_rs::{Ticketer, default_provider, sign::any_supported_type};
use rustls_graviola::kx::X25519MLKEM768;
use wantwrite::rustls::NamedGroup;
use wantwrite::rustls::client::EchMode;
#[cfg(not(feature = "aws-lc-rs"))]
pub(crate) use wantwrite::rustls::crypto::ring::{
    Ticketer, default_provider, sign::any_supported_type,
};
use wantwrite::rustls::crypto::{CryptoProvider, SupportedKxGroup};

use crate::failure::Failure;
use crate::options::Tls;

/// The provider with the requested groups, in order of preference.
pub(crate) fn provider(options: &Tls) -> Arc<CryptoProvider> {
    let mut provider = default_provider();
    let is_wanted = |group: &&dyn SupportedKxGroup| group.name() != NamedGroup::X25519MLKEM768;
    if options.curves.is_empty() {
        // Leaves out X25519MLKEM768 by default, like BoringSSL.
        provider.kx_groups.retain(is_wanted);
    } else {
        // ring does not have X25519MLKEM768.
        let known = [&provider.kx_groups[..], &[X25519MLKEM768]].concat();
        let named = |curve| known.iter().copied().find(|group| group.name() == curve);
        provider.kx_groups = options.curves.iter().copied().filter_map(named).collect();
    }
    Arc::new(provider)
}

/// Whether a client encrypts its hello (RFC 9849), which needs HPKE.
#[cfg(feature = "aws-lc-rs")]
pub(crate) fn ech_mode(options: &Tls) -> Result<Option<EchMode>, Failure> {
    use rustls::crypto::aws_lc_rs::hpke::ALL_SUPPORTED_SUITES;
    use wantwrite::rustls::client::{EchConfig, EchGreaseConfig};

    let suites = ALL_SUPPORTED_SUITES;
    if !options.ech_config_list.is_empty() {
        let list = options.ech_config_list.as_slice().into();
        return Ok(Some(EchConfig::new(list, suites)?.into()));
    }
    match suites.first() {
        Some(&suite) if options.ech_grease => {
            let (placeholder, _private) = suite.generate_key_pair()?;
            Ok(Some(EchGreaseConfig::new(suite, placeholder).into()))
        }
        _ => Ok(None),
    }
}

#[cfg(not(feature = "aws-lc-rs"))]
pub(crate) fn ech_mode(_options: &Tls) -> Result<Option<EchMode>, Failure> {
    Ok(None)
}
