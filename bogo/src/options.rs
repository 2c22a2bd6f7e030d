//! What the runner asks of one connection.

use std::path::PathBuf;

use wantwrite::AlertDescription;
use wantwrite::rustls::{NamedGroup, SignatureScheme};

use crate::compression::Compression;

/// One connection: how rustls is configured, what is done, what must come out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) tls: Tls,
    pub(crate) script: Script,
    pub(crate) expect: Expect,
}

/// The handshake's part.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    pub(crate) min_version: u16,
    pub(crate) max_version: u16,
    pub(crate) no_tls12: bool,
    pub(crate) no_tls13: bool,
    pub(crate) curves: Vec<NamedGroup>,
    pub(crate) authentication: Authentication,
    /// The peer's certificate is refused if it is looked at, which a client may leave.
    pub(crate) verify_fail: bool,
    /// A callback says so, and with which alert.
    pub(crate) custom_verify: bool,
    pub(crate) ocsp_fail: bool,
    pub(crate) host_name: Option<String>,
    pub(crate) alpn: Vec<Vec<u8>>,
    /// The server may select what was not offered.
    pub(crate) any_alpn: bool,
    pub(crate) no_tickets: bool,
    pub(crate) require_ems: bool,
    pub(crate) server_preference: bool,
    pub(crate) max_send_fragment: Option<usize>,
    pub(crate) compressions: Vec<&'static Compression>,
    /// The server's offers to decrypt hellos; empty for none.
    pub(crate) ech_config_list: Vec<u8>,
    pub(crate) ech_grease: bool,
    pub(crate) early_data: bool,
    /// A server that selects by the ClientHello, or ends the handshake for it.
    pub(crate) acceptor: bool,
    /// What the connection has switched off by default is switched on.
    pub(crate) everything: bool,
    /// The connection moves, as to another process, wherever it can.
    pub(crate) moves: bool,
    /// With what it ends the handshake.
    pub(crate) rejection: Option<AlertDescription>,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            min_version: 0,
            max_version: u16::MAX,
            no_tls12: false,
            no_tls13: false,
            curves: Vec::new(),
            authentication: Authentication::default(),
            verify_fail: false,
            custom_verify: false,
            ocsp_fail: false,
            host_name: None,
            alpn: Vec::new(),
            any_alpn: false,
            no_tickets: false,
            require_ems: false,
            server_preference: false,
            max_send_fragment: None,
            compressions: Vec::new(),
            ech_config_list: Vec::new(),
            ech_grease: false,
            early_data: false,
            acceptor: false,
            everything: false,
            moves: false,
            rejection: None,
        }
    }
}

/// One certificate of ours.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CredentialOptions {
    pub(crate) cert_file: Option<PathBuf>,
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) ocsp_response: Vec<u8>,
    /// In our order of preference; empty for the key's own.
    pub(crate) signing_prefs: Vec<SignatureScheme>,
    pub(crate) must_match_issuer: bool,
}

/// Our certificates, and what we make of the peer's.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Authentication {
    pub(crate) default_credential: CredentialOptions,
    /// Those that are in front of the default.
    pub(crate) credentials: Vec<CredentialOptions>,
    /// Empty for all that there are.
    pub(crate) verify_prefs: Vec<SignatureScheme>,
    /// Empty for any.
    pub(crate) expected_ocsp_response: Vec<u8>,
    pub(crate) client_auth: ClientAuth,
    /// Distinguished names, in DER.
    pub(crate) client_authorities: Vec<Vec<u8>>,
}

impl Authentication {
    /// The certificate that flags are for: the last one that they began.
    pub(crate) fn credential(&mut self) -> &mut CredentialOptions {
        self.credentials.last_mut().unwrap_or(&mut self.default_credential)
    }
}

/// What a server asks of clients; a client looks at the server's certificate unless it is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ClientAuth {
    #[default]
    None,
    Wanted,
    Required,
}

/// What is done with the connection.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// The transport moves one byte at a time, and would block before each.
    pub(crate) bytewise: bool,
    pub(crate) read_size: usize,
    /// Plaintext is looked at before it is taken.
    pub(crate) peek: bool,
    pub(crate) write_first: bool,
    /// Early data waits until this message has come.
    pub(crate) early_write_after: Option<ServerMessage>,
    /// The chain of a session that is resumed is verified again.
    pub(crate) reverify: bool,
    /// One byte of the first record leaves; the rest when plaintext has been read.
    pub(crate) unfinished_write: bool,
    pub(crate) write_sizes: bool,
    /// The first traffic secrets are written as plaintext.
    pub(crate) export_traffic_secrets: bool,
    pub(crate) export: Export,
    pub(crate) send_alert: bool,
    pub(crate) shut_down: bool,
    pub(crate) check_close_notify: bool,
    pub(crate) key_update_before_read: bool,
    pub(crate) key_update_after_read: bool,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            bytewise: false,
            read_size: 512,
            peek: false,
            write_first: false,
            early_write_after: None,
            reverify: false,
            unfinished_write: false,
            write_sizes: false,
            export_traffic_secrets: false,
            export: Export::default(),
            send_alert: false,
            shut_down: false,
            check_close_notify: false,
            key_update_before_read: false,
            key_update_after_read: false,
        }
    }
}

/// `-export-keying-material` and the flags that belong to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Export {
    pub(crate) len: usize,
    pub(crate) label: String,
    pub(crate) context: String,
    pub(crate) use_context: bool,
}

/// A message of the server's first flight, in a record of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerMessage {
    ServerHello,
    EncryptedExtensions,
}

/// What must come out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expect {
    pub(crate) version: Option<u16>,
    pub(crate) cipher: Option<u16>,
    /// Empty for none.
    pub(crate) alpn: Vec<u8>,
    /// What a client offers, in the order of its preference.
    pub(crate) advertised_alpn: Vec<Vec<u8>>,
    pub(crate) server_name: Option<String>,
    pub(crate) no_server_name: bool,
    pub(crate) curve: Option<u16>,
    pub(crate) extended_master_secret: bool,
    /// The server decrypts the hello.
    pub(crate) ech_accept: bool,
    /// The server does not, and whether it has new offers.
    pub(crate) ech_retry: Option<bool>,
    /// By which name the server's certificate is verified then; empty for its own.
    pub(crate) ech_name_override: Option<String>,
    pub(crate) hello_retry_request: Option<bool>,
    pub(crate) session_miss: bool,
    /// No ticket may come.
    pub(crate) no_session: bool,
    pub(crate) ticket_supports_early_data: bool,
    pub(crate) no_early_data_offer: bool,
    /// Whether early data is taken.
    pub(crate) early_data: Option<bool>,
    pub(crate) peer_cert_file: Option<PathBuf>,
    /// Of our certificates; -1 for the default.
    pub(crate) selected_credential: Option<isize>,
    pub(crate) peer_signature_scheme: Option<SignatureScheme>,
    /// Empty for any.
    pub(crate) peer_verify_prefs: Vec<SignatureScheme>,
    /// Distinguished names, in DER.
    pub(crate) client_authorities: Option<Vec<Vec<u8>>>,
}
