//! The runner's flags.

use std::fmt;
use std::num::ParseIntError;
use std::slice::Iter;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use wantwrite::AlertDescription;
use wantwrite::rustls::{NamedGroup, SignatureScheme};

use crate::compression::Compression;
use crate::options::{ClientAuth, CredentialOptions, Options, ServerMessage};

/// The shim's command line.
#[derive(Debug, Default)]
pub(crate) struct Invocation {
    pub(crate) port: u16,
    pub(crate) ipv6: bool,
    pub(crate) shim_id: u64,
    pub(crate) is_server: bool,
    /// How often to resume the first connection's session.
    pub(crate) resume_count: usize,
    /// The time by which tickets age between connections.
    pub(crate) resumption_delay: Duration,
    pub(crate) initial: Options,
    pub(crate) resume: Options,
    /// The options of a resumption after its early data was rejected.
    pub(crate) retry: Options,
}

/// Why the command line could not be parsed.
#[derive(Debug)]
pub(crate) enum FlagError {
    /// The flag is unknown. The runner then skips the test.
    Unimplemented(String),
    /// The value is invalid, so we misunderstand the flag.
    BadValue(String),
}

impl fmt::Display for FlagError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unimplemented(flag) => write!(f, "not implemented: {flag}"),
            Self::BadValue(flag) => write!(f, "invalid value for {flag}"),
        }
    }
}

/// Whether clients can encrypt their hellos.
const HAS_HPKE: bool = cfg!(feature = "aws-lc-rs");

type Result<T> = std::result::Result<T, FlagError>;

impl Invocation {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self> {
        let mut this = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            this.add(&mut Flag { argument, rest: &mut arguments })?;
        }
        Ok(this)
    }

    fn add(&mut self, flag: &mut Flag<'_, '_>) -> Result<()> {
        match flag.argument {
            "-port" => self.port = flag.number()?,
            "-ipv6" => self.ipv6 = true,
            "-shim-id" => self.shim_id = flag.number()?,
            "-server" => self.is_server = true,
            "-resume-count" => self.resume_count = flag.number()?,
            "-resumption-delay" => self.resumption_delay = Duration::from_secs(flag.number()?),
            _ => return self.add_option(flag),
        }
        Ok(())
    }

    /// A prefix selects the connections to which a flag applies. Without one, it applies to all.
    fn add_option(&mut self, flag: &mut Flag<'_, '_>) -> Result<()> {
        // This shim does not use a second process for handshakes.
        let name = flag.argument.strip_prefix("-on-shim").unwrap_or(flag.argument);
        if let Some(name) = name.strip_prefix("-on-initial") {
            return add_option(&mut self.initial, name, flag);
        }
        if let Some(name) = name.strip_prefix("-on-resume") {
            return add_option(&mut self.resume, name, flag);
        }
        if let Some(name) = name.strip_prefix("-on-retry") {
            return add_option(&mut self.retry, name, flag);
        }
        for options in [&mut self.initial, &mut self.resume] {
            let mut again = Flag { argument: flag.argument, rest: &mut flag.rest.clone() };
            add_option(options, name, &mut again)?;
        }
        add_option(&mut self.retry, name, flag)
    }
}

fn add_option(options: &mut Options, name: &str, flag: &mut Flag<'_, '_>) -> Result<()> {
    let Options { tls, script, expect } = options;
    let auth = &mut tls.authentication;
    match name {
        // Versions.
        "-min-version" => tls.min_version = flag.number()?,
        "-max-version" => tls.max_version = flag.number()?,
        "-no-tls12" => tls.no_tls12 = true,
        "-no-tls13" => tls.no_tls13 = true,
        "-no-tls1" | "-no-tls11" => {}

        // The handshake.
        "-curves" => tls.curves.push(NamedGroup::from(flag.number::<u16>()?)),
        "-new-x509-credential" => {
            tls.acceptor = true;
            auth.credentials.push(CredentialOptions::default());
        }
        "-must-match-issuer" => auth.credential().must_match_issuer = true,
        "-cert-file" => auth.credential().cert_file = Some(flag.text()?.into()),
        "-key-file" => auth.credential().key_file = Some(flag.text()?.into()),
        "-signing-prefs" => auth.credential().signing_prefs.push(flag.scheme()?),
        "-verify-prefs" => auth.verify_prefs.push(flag.scheme()?),
        "-verify-peer" if auth.client_auth == ClientAuth::None => {
            auth.client_auth = ClientAuth::Wanted;
        }
        "-require-any-client-certificate" => auth.client_auth = ClientAuth::Required,
        "-verify-fail" => tls.verify_fail = true,
        "-fail-ocsp-callback" => tls.ocsp_fail = true,
        "-use-client-ca-list" => auth.client_authorities = flag.names()?,
        "-ocsp-response" => auth.credential().ocsp_response = flag.base64()?,
        "-host-name" => tls.host_name = Some(flag.text()?.to_owned()),
        "-advertise-alpn" => tls.alpn = flag.protocols()?,
        "-select-alpn" => {
            let name = flag.text()?.as_bytes();
            expect.alpn = name.to_vec();
            tls.alpn = if name.is_empty() { Vec::new() } else { vec![name.to_vec()] };
            tls.acceptor = true;
        }
        // rustls rejects an offer if it has protocols but none in common with the peer.
        "-reject-alpn" => tls.alpn = vec![b"none of the runner's".to_vec()],
        "-no-ticket" => tls.no_tickets = true,
        "-server-preference" => tls.server_preference = true,
        "-enable-early-data" => tls.early_data = true,
        "-use-early-callback" | "-install-ddos-callback" => tls.acceptor = true,
        "-install-cert-compression-algs" => tls.compressions = Compression::select(None).collect(),
        "-install-one-cert-compression-alg" => {
            tls.compressions = Compression::select(Some(flag.number()?)).collect();
        }
        "-allow-unknown-alpn-protos" => tls.any_alpn = true,
        "-fail-early-callback" => {
            tls.acceptor = true;
            tls.rejection = Some(AlertDescription::HANDSHAKE_FAILURE);
        }
        "-fail-ddos-callback" | "-fail-cert-callback" => {
            tls.acceptor = true;
            tls.rejection = Some(AlertDescription::INTERNAL_ERROR);
        }
        "-use-custom-verify-callback" => tls.custom_verify = true,
        "-max-send-fragment" => tls.max_send_fragment = Some(flag.number()?),

        // The script.
        "-async" => script.bytewise = true,
        "-read-size" => script.read_size = flag.number()?,
        "-peek-then-read" => script.peek = true,
        "-shim-writes-first" => script.write_first = true,
        "-ech-config-list" if HAS_HPKE => tls.ech_config_list = flag.base64()?,
        "-enable-ech-grease" if HAS_HPKE => tls.ech_grease = true,
        "-early-write-after-message" => {
            script.early_write_after = Some(match flag.number()? {
                2u8 => ServerMessage::ServerHello,
                8 => ServerMessage::EncryptedExtensions,
                _ => return Err(flag.bad()),
            });
        }
        "-reverify-on-resume" => script.reverify = true,
        "-read-with-unfinished-write" => script.unfinished_write = true,
        "-write-different-record-sizes" => script.write_sizes = true,
        "-export-traffic-secrets" => script.export_traffic_secrets = true,
        "-export-keying-material" => script.export.len = flag.number()?,
        "-export-label" => script.export.label = flag.text()?.to_owned(),
        "-use-export-context" => script.export.use_context = true,
        "-export-context" => script.export.context = flag.text()?.to_owned(),
        "-send-alert" => script.send_alert = true,
        "-shim-shuts-down" => script.shut_down = true,
        "-check-close-notify" => script.check_close_notify = true,
        "-key-update-before-read" => script.key_update_before_read = true,
        "-key-update" => script.key_update_after_read = true,

        // Expectations.
        "-expect-version" => expect.version = Some(flag.number()?),
        "-expect-cipher" => expect.cipher = Some(flag.number()?),
        "-expect-alpn" => expect.alpn = flag.text()?.into(),
        "-expect-advertised-alpn" => {
            tls.acceptor = true;
            expect.advertised_alpn = flag.protocols()?;
        }
        "-expect-server-name" => {
            tls.acceptor = true;
            expect.server_name = Some(flag.text()?.to_owned());
        }
        "-expect-no-server-name" => {
            tls.acceptor = true;
            expect.no_server_name = true;
        }
        "-expect-curve-id" => expect.curve = Some(flag.number()?),
        "-expect-extended-master-secret" => expect.extended_master_secret = true,
        "-expect-ech-retry-configs" => {
            let _configs = flag.base64()?;
            expect.ech_retry = Some(true);
        }
        "-expect-no-ech-retry-configs" => expect.ech_retry = Some(false),
        "-expect-ech-name-override" => {
            expect.ech_name_override = Some(flag.text()?.to_owned());
        }
        "-expect-no-ech-name-override" => expect.ech_name_override = Some(String::new()),
        "-expect-ech-accept" => expect.ech_accept = true,
        "-expect-hrr" => expect.hello_retry_request = Some(true),
        "-expect-no-hrr" => expect.hello_retry_request = Some(false),
        "-expect-peer-signature-algorithm" => {
            expect.peer_signature_scheme = Some(flag.scheme()?);
        }
        "-expect-peer-verify-pref" => {
            tls.acceptor = true;
            expect.peer_verify_prefs.push(flag.scheme()?);
        }
        "-expect-client-ca-list" => expect.client_authorities = Some(flag.names()?),
        "-expect-session-miss" => expect.session_miss = true,
        "-expect-no-session" => expect.no_session = true,
        "-expect-ticket-supports-early-data" => expect.ticket_supports_early_data = true,
        "-expect-no-offer-early-data" => expect.no_early_data_offer = true,
        "-expect-accept-early-data" => expect.early_data = Some(true),
        "-expect-reject-early-data" => expect.early_data = Some(false),
        // Acceptance is the only reason that rustls shows.
        "-expect-early-data-reason" => expect.early_data = Some(flag.text()? == "accept"),
        "-expect-ocsp-response" => auth.expected_ocsp_response = flag.base64()?,
        "-expect-selected-credential" => expect.selected_credential = Some(flag.number()?),
        "-expect-peer-cert-file" => expect.peer_cert_file = Some(flag.text()?.into()),

        // Our own flags, which run all tests in another mode: see the README.
        "-always-acceptor" => tls.acceptor = true,
        "-always-everything" => tls.everything = true,
        "-always-moved" => tls.moves = true,

        // The shim always behaves like this, or the flag selects a way to call BoringSSL's API.
        "-verify-peer"
        | "-decline-alpn"
        | "-enable-ocsp-stapling"
        | "-forbid-renegotiation-after-handshake"
        | "-handshake-twice"
        | "-implicit-handshake"
        | "-no-op-extra-handshake"
        | "-partial-write"
        | "-permute-extensions"
        | "-renegotiate-ignore"
        | "-use-ocsp-callback"
        | "-use-old-client-cert-callback" => {}
        "-trust-cert" | "-handshaker-path" => drop(flag.text()?),

        // rustls does not expose these. The runner checks the rest of the test.
        "-expect-secure-renegotiation"
        | "-expect-session-id"
        | "-expect-no-session-id"
        | "-expect-ticket-renewal"
        | "-expect-verify-result" => {}
        "-expect-msg-callback" | "-expect-ticket-age-skew" => drop(flag.text()?),

        _ => return Err(FlagError::Unimplemented(flag.argument.to_owned())),
    }
    Ok(())
}

/// A flag, and the arguments that hold its value, if any.
struct Flag<'a, 'b> {
    argument: &'a str,
    rest: &'b mut Iter<'a, String>,
}

impl<'a> Flag<'a, '_> {
    fn text(&mut self) -> Result<&'a str> {
        self.rest.next().map(String::as_str).ok_or_else(|| self.bad())
    }

    fn number<T: std::str::FromStr<Err = ParseIntError>>(&mut self) -> Result<T> {
        self.text()?.parse().map_err(|_| self.bad())
    }

    fn base64(&mut self) -> Result<Vec<u8>> {
        BASE64_STANDARD.decode(self.text()?).map_err(|_| self.bad())
    }

    fn scheme(&mut self) -> Result<SignatureScheme> {
        Ok(SignatureScheme::from(self.number::<u16>()?))
    }

    /// Distinguished names in hexadecimal, separated by commas.
    fn names(&mut self) -> Result<Vec<Vec<u8>>> {
        let text = self.text()?;
        if matches!(text, "<EMPTY>" | "<NULL>") {
            return Ok(Vec::new());
        }
        text.split(',').map(decode_hex).collect::<Option<_>>().ok_or_else(|| self.bad())
    }

    /// Protocol names, each prefixed by its length in one byte.
    fn protocols(&mut self) -> Result<Vec<Vec<u8>>> {
        let mut names = Vec::new();
        let mut rest = self.text()?.as_bytes();
        while let Some((&len, tail)) = rest.split_first() {
            let (name, tail) = tail.split_at_checked(len.into()).ok_or_else(|| self.bad())?;
            names.push(name.to_vec());
            rest = tail;
        }
        Ok(names)
    }

    fn bad(&self) -> FlagError {
        FlagError::BadValue(self.argument.to_owned())
    }
}

fn decode_hex(hex: &str) -> Option<Vec<u8>> {
    let digits = |at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    (0..hex.len()).step_by(2).map(digits).collect()
}
