//! Configurations: their settings, and the settings that are rejected.

use core::ffi::{CStr, c_char, c_void};
use core::{ptr, slice};
use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use capi_calls::capi::*;
use capi_calls::{ClientConfig, ServerConfig, pem};

use crate::ends::{Identity, configs, pair_with, pump};

/// The status and the text of the error from these settings.
fn client_refusal(set: impl FnOnce(&mut ww_client_settings)) -> (ww_status, String) {
    // SAFETY: the tests set only pointers that are valid until the call returns.
    let error = unsafe { ClientConfig::new(set) }.unwrap_err();
    assert_eq!(error.fault, ww_fault::WW_FAULT_CALLER);
    (error.status, capi_calls::text(&error))
}

#[test]
fn errors_say_what_is_wrong_with_a_configuration() {
    let (one, other) = (Identity::new("one"), Identity::new("other"));
    let missing = client_refusal(|settings| {
        settings.roots = 1;
        settings.roots_pem.path = c"/nowhere/at/all".as_ptr();
    });
    assert_eq!(missing.0, ww_status::WW_ERROR_FILE);
    assert!(missing.1.starts_with("roots_pem: /nowhere/at/all: "), "{}", missing.1);
    let nothing = client_refusal(|settings| {
        settings.roots = 1;
        settings.roots_pem = pem("no certificate");
    });
    let words = "roots_pem: expected a certificate, got none";
    assert_eq!(nothing, (ww_status::WW_ERROR_PEM, words.into()));
    let both = client_refusal(|settings| {
        settings.roots = 1;
        settings.roots_pem = ww_pem { path: c"x".as_ptr(), ..pem(&one.certificate) };
    });
    assert_eq!(both.0, ww_status::WW_ERROR_SETTING);
    let unused = client_refusal(|settings| settings.roots_pem = pem(&one.certificate));
    assert_eq!(unused.0, ww_status::WW_ERROR_SETTING);
    let mixed = client_refusal(|settings| {
        settings.certificates = pem(&one.certificate);
        settings.private_key = pem(&other.key);
    });
    assert_eq!(mixed.0, ww_status::WW_ERROR_IDENTITY);
    let no_key = client_refusal(|settings| settings.certificates = pem(&one.certificate));
    assert_eq!(no_key.0, ww_status::WW_ERROR_PEM);
    assert_eq!(client_refusal(|settings| settings.roots = 9).0, ww_status::WW_ERROR_ARGUMENT);
    assert_eq!(client_refusal(|settings| settings.versions = 4).0, ww_status::WW_ERROR_SETTING);
    assert_eq!(client_refusal(|settings| settings.roots = 3).0, ww_status::WW_ERROR_SETTING);
    let empty = [c"".as_ptr(), ptr::null()];
    let refused = client_refusal(|settings| settings.alpn = empty.as_ptr());
    assert_eq!(refused.0, ww_status::WW_ERROR_ARGUMENT);
    // SAFETY: the settings contain no pointers.
    let error = unsafe { ServerConfig::new(|_| {}) }.unwrap_err();
    assert_eq!(error.status, ww_status::WW_ERROR_SETTING);
}

/// The number of sessions that a setting may name.
const MAX_SESSIONS: i32 = 1 << 20;

#[test]
fn a_session_cache_is_bounded() {
    let identity = Identity::new("localhost");
    let new_client = |sessions| {
        // SAFETY: the settings contain no pointers.
        unsafe { ClientConfig::new(|settings| settings.session_cache = sessions) }.map(drop)
    };
    let new_server = |sessions, stateless| {
        // SAFETY: all pointers are valid.
        let server = unsafe {
            ServerConfig::new(|settings| {
                settings.certificates = pem(&identity.certificate);
                settings.private_key = pem(&identity.key);
                settings.session_cache = sessions;
                settings.stateless_tickets = stateless;
            })
        };
        server.map(drop)
    };
    for sessions in [MAX_SESSIONS + 1, i32::MAX] {
        let words = format!("session_cache: expected at most 1048576, got {sessions}");
        for made in [new_client(sessions), new_server(sessions, 0), new_server(sessions, 1)] {
            let error = made.unwrap_err();
            assert_eq!(error.status, ww_status::WW_ERROR_SETTING);
            assert_eq!(capi_calls::text(&error), words);
        }
    }
    for sessions in [i32::MIN, MAX_SESSIONS - 1, MAX_SESSIONS] {
        for made in [new_client(sessions), new_server(sessions, 0), new_server(sessions, 1)] {
            made.unwrap();
        }
    }
}

#[test]
fn settings_out_of_range_are_named() {
    let (client, _, _) = configs(0, &[]);
    let mut settings = capi_calls::settings();
    settings.max_fragment_len = 63;
    let made = capi_calls::Connection::client(&client, c"localhost", &settings);
    let error = made.unwrap_err();
    assert_eq!(error.status, ww_status::WW_ERROR_SETTING);
    let words = "expected WriterConfig::max_fragment_len between 64 and 16384, got 63";
    assert_eq!(capi_calls::text(&error), words);
    let made = capi_calls::Connection::client(&client, c"not a name", &capi_calls::settings());
    assert_eq!(made.unwrap_err().status, ww_status::WW_ERROR_ARGUMENT);
}

/// The arguments of a verifier's last call, and its verdict.
struct Asked {
    verdict: i32,
    certificates: Vec<Vec<u8>>,
    name: Option<String>,
}

unsafe extern "C" fn verify(
    context: *mut c_void,
    certificates: *const ww_span,
    count: usize,
    name: *const c_char,
) -> i32 {
    // SAFETY: the context belongs to the test, which does not use it during the call.
    let asked = unsafe { &mut *context.cast::<Asked>() };
    // SAFETY: the library passes an array of this length.
    let spans = unsafe { slice::from_raw_parts(certificates, count) };
    // SAFETY: the library passes spans that are valid for their length.
    let bytes = |span: &ww_span| unsafe { slice::from_raw_parts(span.data, span.len) }.to_vec();
    asked.certificates = spans.iter().map(bytes).collect();
    let text = |name: *const c_char| {
        // SAFETY: the library passes a valid text.
        unsafe { CStr::from_ptr(name) }.to_str().unwrap().to_owned()
    };
    asked.name = (!name.is_null()).then(|| text(name));
    asked.verdict
}

#[test]
fn a_verifier_accepts_and_refuses_servers() {
    let (_, server, identity) = configs(0, &[]);
    let alerts = [(0, -1), (1, 49), (2, 48), (3, 45), (4, 44), (5, 42), (6, 42), (99, 49)];
    for (verdict, alert) in alerts {
        let mut asked = Asked { verdict, certificates: Vec::new(), name: None };
        let context = (&raw mut asked).cast();
        // SAFETY: the context outlives the connections.
        let client = unsafe {
            ClientConfig::new(|settings| {
                settings.roots = 3;
                settings.verifier = Some(verify);
                settings.verifier_context = context;
            })
        };
        let mut ends = pair_with(&client.unwrap(), &server, &capi_calls::settings());
        let statuses = pump(&mut ends);
        let accepted = verdict == 0;
        assert_eq!(statuses[0] == ww_status::WW_OK, accepted, "{statuses:?}");
        assert_eq!(statuses[0] == ww_status::WW_ERROR_CERTIFICATE, !accepted);
        assert_eq!(ends[1].error().alert, alert, "for the verdict {verdict}");
        assert_eq!(asked.certificates, [&identity.der[..]]);
        assert_eq!(asked.name.as_deref(), Some("localhost"));
    }
}

#[test]
fn any_server_is_accepted_on_request() {
    let (_, server, _) = configs(0, &[]);
    // SAFETY: the settings contain no pointers.
    let client = unsafe { ClientConfig::new(|settings| settings.roots = 4) }.unwrap();
    let mut ends = pair_with(&client, &server, &capi_calls::settings());
    assert_eq!(pump(&mut ends), [ww_status::WW_OK; 2]);
}

#[test]
fn servers_ask_clients_for_certificates() {
    let (ours, theirs) = (Identity::new("localhost"), Identity::new("client"));
    for versions in [WW_TLS13, WW_TLS12] {
        for (auth, is_shown) in [(1, false), (1, true), (2, true), (2, false)] {
            // SAFETY: all pointers are valid.
            let server = unsafe {
                ServerConfig::new(|settings| {
                    settings.certificates = pem(&ours.certificate);
                    settings.private_key = pem(&ours.key);
                    settings.client_auth = auth;
                    settings.client_roots_pem = pem(&theirs.certificate);
                })
            };
            // SAFETY: all pointers are valid.
            let client = unsafe {
                ClientConfig::new(|settings| {
                    settings.versions = versions;
                    settings.roots = 1;
                    settings.roots_pem = pem(&ours.certificate);
                    if is_shown {
                        settings.certificates = pem(&theirs.certificate);
                        settings.private_key = pem(&theirs.key);
                    }
                })
            };
            let (client, server) = (client.unwrap(), server.unwrap());
            let mut ends = pair_with(&client, &server, &capi_calls::settings());
            let statuses = pump(&mut ends);
            if auth == 2 && !is_shown {
                let expected = [ww_status::WW_ERROR_PEER_ALERT, ww_status::WW_ERROR_CERTIFICATE];
                assert_eq!(statuses, expected);
                continue;
            }
            assert_eq!(statuses, [ww_status::WW_OK; 2]);
            let shown: &[u8] = if is_shown { &theirs.der } else { b"" };
            assert_eq!(ends[1].peer_certificate(0), (ww_status::WW_OK, shown));
        }
    }
}

#[test]
fn secrets_are_logged_and_sessions_forgotten_on_request() {
    let (_, server, identity) = configs(0, &[]);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys");
    let text = CString::new(path.as_os_str().as_bytes()).unwrap();
    // SAFETY: all pointers are valid.
    let client = unsafe {
        ClientConfig::new(|settings| {
            settings.roots = 1;
            settings.roots_pem = pem(&identity.certificate);
            settings.key_log_file = text.as_ptr();
            settings.session_cache = -1;
        })
    };
    let client = client.unwrap();
    for _ in 0..2 {
        let mut ends = pair_with(&client, &server, &capi_calls::settings());
        assert_eq!(pump(&mut ends), [ww_status::WW_OK; 2]);
        assert_eq!(ends[0].handshake_kind(), ww_handshake::WW_HANDSHAKE_FULL);
    }
    let log = fs::read_to_string(path).unwrap();
    let secrets = log.lines().filter(|line| line.starts_with("CLIENT_TRAFFIC_SECRET_0 "));
    let lens: Vec<_> = secrets.map(|line| line.split(' ').nth(1).unwrap().len()).collect();
    assert_eq!(lens, [64, 64]);
}

unsafe extern "C" fn long_ago(_context: *mut c_void) -> i64 {
    0
}

unsafe extern "C" fn unknown(_context: *mut c_void) -> i64 {
    -1
}

#[test]
fn the_callers_clock_is_used() {
    let (_, server, identity) = configs(0, &[]);
    let clocks: [(ww_clock, _); 2] = [
        (Some(long_ago), (ww_status::WW_ERROR_CERTIFICATE, ww_fault::WW_FAULT_PEER)),
        (Some(unknown), (ww_status::WW_ERROR_HANDSHAKE, ww_fault::WW_FAULT_LIBRARY)),
    ];
    for (clock, expected) in clocks {
        // SAFETY: all pointers are valid.
        let client = unsafe {
            ClientConfig::new(|settings| {
                settings.roots = 1;
                settings.roots_pem = pem(&identity.certificate);
                settings.clock = clock;
            })
        };
        let mut ends = pair_with(&client.unwrap(), &server, &capi_calls::settings());
        pump(&mut ends);
        let error = ends[0].error();
        assert_eq!((error.status, error.fault), expected);
    }
}
