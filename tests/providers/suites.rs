//! Suites of other providers: those that we support work, and the others are never negotiated.

use libtest_mimic::Trial;
use rustls::crypto::{CipherSuiteCommon, CryptoProvider, aws_lc_rs};
use rustls::{SupportedCipherSuite, Tls13CipherSuite};
use std::sync::Arc;
use wantwrite::*;
use wantwrite_testing::*;

use super::{Ends, is_ours, trials_of};

pub(crate) fn trials() -> Vec<Trial> {
    trials_of(tests![
        all_our_suites_work_with_aws_lc_rs,
        an_unsupported_suite_is_refused_and_the_others_still_work,
    ])
}

fn only(suite: CipherSuite) -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites.retain(|theirs| u16::from(theirs.suite()) == suite.to_wire());
    assert_eq!(provider.cipher_suites.len(), 1, "{suite:?}");
    provider
}

fn all_our_suites_work_with_aws_lc_rs() {
    assert!(aws_lc_rs::default_provider().cipher_suites.iter().all(is_ours));
    for suite in SUITES {
        let identity = Identity::for_suite(suite);
        let ends = Ends::new(only(suite), aws_lc_rs::default_provider(), &identity);
        for resumed in [false, true] {
            for role in ROLES {
                let config = ConnectionConfig::default();
                let (mut ours, mut peer) = match role {
                    Role::Client => (ends.our_client(config), ends.stock_server()),
                    Role::Server => (ends.our_server(config), ends.stock_client()),
                };
                negotiate(&mut ours, &mut peer);
                assert_eq!(ours.cipher_suite(), Some(suite), "{role:?}");
                // Both roles share the stored sessions.
                let is_first = !resumed && role == Role::Client;
                assert_eq!(ours.is_resumed(), Some(!is_first), "{suite:?} {role:?}");
                assert_both_ways(&mut ours, &mut peer);
                if suite.version() == Version::Tls13 {
                    ours.writer_mut().update_keys(KeyUpdateRequest::Requested).unwrap();
                    negotiate(&mut ours, &mut peer);
                    assert_both_ways(&mut ours, &mut peer);
                }
                ours.close().unwrap();
                peer.feed(&drain(&mut ours)).unwrap();
                peer.0.send_close_notify();
                feed(&mut ours, &peer.take_wire());
                assert_eq!(ours.reader_state(), ReaderState::PeerClosed);
            }
        }
    }
}

/// aws-lc-rs's provider with one more suite in first place: AES-128-GCM under the number of
/// AES-128-CCM.
fn with_a_foreign_suite() -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    let theirs = provider.cipher_suites.iter().find_map(SupportedCipherSuite::tls13).unwrap();
    let foreign = Tls13CipherSuite {
        common: CipherSuiteCommon {
            suite: rustls::CipherSuite::TLS13_AES_128_CCM_SHA256,
            hash_provider: theirs.common.hash_provider,
            confidentiality_limit: theirs.common.confidentiality_limit,
        },
        hkdf_provider: theirs.hkdf_provider,
        aead_alg: theirs.aead_alg,
        quic: None,
    };
    let foreign = SupportedCipherSuite::Tls13(Box::leak(Box::new(foreign)));
    provider.cipher_suites.insert(0, foreign);
    provider
}

fn an_unsupported_suite_is_refused_and_the_others_still_work() {
    let identity = Identity::new(false);
    let ends = Ends::new(with_a_foreign_suite(), with_a_foreign_suite(), &identity);
    let expected = ConnectionError::UnsupportedSuite(0x1304);
    let client = Connection::client(Arc::new(ends.client), server_name());
    assert_eq!(client.unwrap_err(), expected);
    let server = Connection::server(Arc::new(ends.server));
    assert_eq!(server.unwrap_err(), expected);

    let mut filtered = with_a_foreign_suite();
    filtered.cipher_suites.retain(is_ours);
    // The peer still prefers the foreign suite.
    for role in ROLES {
        let config = ConnectionConfig::default();
        let (mut ours, mut peer) = match role {
            Role::Client => {
                let ends = Ends::new(filtered.clone(), with_a_foreign_suite(), &identity);
                (ends.our_client(config), ends.stock_server())
            }
            Role::Server => {
                let ends = Ends::new(with_a_foreign_suite(), filtered.clone(), &identity);
                (ends.our_server(config), ends.stock_client())
            }
        };
        negotiate(&mut ours, &mut peer);
        assert!(ours.cipher_suite().is_some(), "{role:?}");
        assert_both_ways(&mut ours, &mut peer);
    }
}
