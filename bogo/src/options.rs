//! The runner's options for one connection.

use std::path::PathBuf;

use wantwrite::AlertDescription;
use wantwrite::rustls::{NamedGroup, SignatureScheme};

use crate::compression::Compression;

/// The options of one connection: rustls's configuration, the script, and the expectations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) tls: Tls,
    pub(crate) script: Script,
    pub(crate) expect: Expect,
}

/// The options of the handshake.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    pub(crate) min_version: u16,
    pub(crate) max_version: u16,
    pub(crate) no_tls12: bool,
    pub(crate) no_tls13: bool,
    pub(crate) curves: Vec<NamedGroup>,
    pub(crate) authentication: Authentication,
    /// Reject the peer's certificate if it is verified. A client can skip that.
    pub(crate) verify_fail: bool,
    /// A callback rejects it and chooses the alert.
    pub(crate) custom_verify: bool,
    pub(crate) ocsp_fail: bool,
    pub(crate) host_name: Option<String>,
    pub(crate) alpn: Vec<Vec<u8>>,
    /// The server can select a protocol that was not offered.
    pub(crate) any_alpn: bool,
    pub(crate) no_tickets: bool,
    pub(crate) require_ems: bool,
    pub(crate) server_preference: bool,
    pub(crate) max_send_fragment: Option<usize>,
    pub(crate) compressions: Vec<&'static Compression>,
    /// The server's ECH configurations; empty for none.
    pub(crate) ech_config_list: Vec<u8>,
    pub(crate) ech_grease: bool,
    pub(crate) early_data: bool,
    /// The server chooses its configuration, or rejects the handshake, based on the ClientHello.
    pub(crate) acceptor: bool,
    /// Enable everything that is off by default in a connection.
    pub(crate) everything: bool,
    /// Move the connection, as if to another process, whenever possible.
    pub(crate) moves: bool,
    /// The alert with which the server rejects the handshake.
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

/// One of our certificates.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CredentialOptions {
    pub(crate) cert_file: Option<PathBuf>,
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) ocsp_response: Vec<u8>,
    /// In our order of preference; empty for the key's own preferences.
    pub(crate) signing_prefs: Vec<SignatureScheme>,
    pub(crate) must_match_issuer: bool,
}

/// Our certificates, and how we verify the peer's.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Authentication {
    pub(crate) default_credential: CredentialOptions,
    /// The certificates that are preferred to the default.
    pub(crate) credentials: Vec<CredentialOptions>,
    /// Empty for all supported schemes.
    pub(crate) verify_prefs: Vec<SignatureScheme>,
    /// Empty for any.
    pub(crate) expected_ocsp_response: Vec<u8>,
    pub(crate) client_auth: ClientAuth,
    /// Distinguished names, in DER.
    pub(crate) client_authorities: Vec<Vec<u8>>,
}

impl Authentication {
    /// The certificate to which flags apply: the last one that a flag added, or the default.
    pub(crate) fn credential(&mut self) -> &mut CredentialOptions {
        self.credentials.last_mut().unwrap_or(&mut self.default_credential)
    }
}

/// Whether a server requests client certificates. A client verifies the server's certificate
/// unless this is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ClientAuth {
    #[default]
    None,
    Wanted,
    Required,
}

/// What to do with the connection.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// The transport moves one byte at a time, and blocks before each.
    pub(crate) bytewise: bool,
    pub(crate) read_size: usize,
    /// Peek at plaintext before consuming it.
    pub(crate) peek: bool,
    pub(crate) write_first: bool,
    /// Write early data only after this message has arrived.
    pub(crate) early_write_after: Option<ServerMessage>,
    /// Verify the chain of a resumed session again.
    pub(crate) reverify: bool,
    /// Send one byte of the first record, and the rest after reading plaintext.
    pub(crate) unfinished_write: bool,
    pub(crate) write_sizes: bool,
    /// Write the first traffic secrets as plaintext.
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

/// `-export-keying-material` and its related flags.
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

/// The expected outcome.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expect {
    pub(crate) version: Option<u16>,
    pub(crate) cipher: Option<u16>,
    /// Empty for none.
    pub(crate) alpn: Vec<u8>,
    /// The protocols that a client offers, in its order of preference.
    pub(crate) advertised_alpn: Vec<Vec<u8>>,
    pub(crate) server_name: Option<String>,
    pub(crate) no_server_name: bool,
    pub(crate) curve: Option<u16>,
    pub(crate) extended_master_secret: bool,
    /// The server accepts ECH.
    pub(crate) ech_accept: bool,
    /// The server rejects ECH; whether it sends new configurations.
    pub(crate) ech_retry: Option<bool>,
    /// The name for which the server's certificate is then verified; empty for its own.
    pub(crate) ech_name_override: Option<String>,
    pub(crate) hello_retry_request: Option<bool>,
    pub(crate) session_miss: bool,
    /// The server must not send a ticket.
    pub(crate) no_session: bool,
    pub(crate) ticket_supports_early_data: bool,
    pub(crate) no_early_data_offer: bool,
    /// Whether early data is accepted.
    pub(crate) early_data: Option<bool>,
    pub(crate) peer_cert_file: Option<PathBuf>,
    /// The index of our certificate; -1 for the default.
    pub(crate) selected_credential: Option<isize>,
    pub(crate) peer_signature_scheme: Option<SignatureScheme>,
    /// Empty for any.
    pub(crate) peer_verify_prefs: Vec<SignatureScheme>,
    /// Distinguished names, in DER.
    pub(crate) client_authorities: Option<Vec<Vec<u8>>>,
}
