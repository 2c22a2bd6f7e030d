//! A peer that can send anything. Stock rustls performs the handshake; then this module takes its
//! keys and seals and opens every record by hand.

use std::sync::{Arc, Mutex};

use ring::{aead, hkdf};
use rustls::{ConnectionTrafficSecrets, KeyLog};
use wantwrite::{CipherSuite, Connection, ConnectionConfig, Role, Version};

use super::{Identity, Peer, client_config, drain, feed, negotiate, server_config, server_name};

pub const CHANGE_CIPHER_SPEC: u8 = 20;
pub const ALERT: u8 = 21;
pub const HANDSHAKE: u8 = 22;
pub const APPLICATION_DATA: u8 = 23;

pub const KEY_UPDATE: [u8; 5] = [24, 0, 0, 1, 0];
pub const KEY_UPDATE_REQUEST: [u8; 5] = [24, 0, 0, 1, 1];

pub const HEADER_LEN: usize = 5;
pub const TAG_LEN: usize = 16;

/// The record layer of one endpoint, without any rules.
pub struct RawPeer {
    write: Direction,
    read: Direction,
    pub version: Version,
}

impl RawPeer {
    /// Our connection as `role` and a raw peer in the other role, after the handshake, with nothing
    /// in flight.
    pub fn established(suite: CipherSuite, role: Role) -> (Connection, Self) {
        Self::established_with(suite, role, ConnectionConfig::default())
    }

    pub fn established_with(
        suite: CipherSuite,
        role: Role,
        config: ConnectionConfig,
    ) -> (Connection, Self) {
        let identity = Identity::for_suite(suite);
        let mut client = client_config(suite, &identity);
        let mut server = server_config(suite, &identity);
        let log = Arc::new(Secrets::default());
        let (mut ours, mut peer) = match role {
            Role::Client => {
                server.enable_secret_extraction = true;
                server.key_log = log.clone();
                (
                    Connection::client_with(client.into(), server_name(), config).unwrap(),
                    Peer::server(server),
                )
            }
            Role::Server => {
                client.enable_secret_extraction = true;
                client.key_log = log.clone();
                (Connection::server_with(server.into(), config).unwrap(), Peer::client(client))
            }
        };
        negotiate(&mut ours, &mut peer);
        let this = Self::take_over(suite, role, peer, &log);
        (ours, this)
    }

    /// TLS 1.2: our client before the server's last flight, that flight with `behind` in the record
    /// of its Finished, and the raw peer that takes over from there.
    pub fn finished_and(suite: CipherSuite, behind: &[u8]) -> (Connection, Vec<u8>, Self) {
        let identity = Identity::for_suite(suite);
        let client = client_config(suite, &identity);
        let mut server = server_config(suite, &identity);
        server.enable_secret_extraction = true;
        let mut ours = Connection::client(client.into(), server_name()).unwrap();
        let mut peer = Peer::server(server);
        peer.feed(&drain(&mut ours)).unwrap();
        feed(&mut ours, &peer.take_wire());
        peer.feed(&drain(&mut ours)).unwrap();
        let flight = peer.take_wire();
        let mut this = Self::take_over(suite, Role::Client, peer, &Secrets::default());
        let (change_cipher_spec, finished) = flight.split_at(HEADER_LEN + 1);
        this.write.seq = 0;
        let (content_type, finished) = this.write.open(finished).unwrap();
        this.write.seq = 0;
        let finished = this.seal(content_type, &[&finished[..], behind].concat());
        (ours, [change_cipher_spec, &finished].concat(), this)
    }

    /// The peer of a connection without a handshake (TLS 1.3). Takes its traffic secret and ours,
    /// each with the number of its next record.
    pub fn from_secrets(suite: CipherSuite, write: (&[u8], u64), read: (&[u8], u64)) -> Self {
        Self {
            write: Direction::of_secret(suite, write),
            read: Direction::of_secret(suite, read),
            version: Version::Tls13,
        }
    }

    /// The TLS 1.2 equivalent: the key and IV of both directions, and the number of the next
    /// record.
    pub fn from_key(suite: CipherSuite, key: &[u8], iv: [u8; 12], seq: u64) -> Self {
        let direction = || Direction { suite, key: bind(suite, key), iv, seq, secret: Vec::new() };
        Self { write: direction(), read: direction(), version: Version::Tls12 }
    }

    /// Takes over the record layer of `peer`. Our connection has `role`; `log` is the key log of
    /// `peer`.
    pub fn take_over(suite: CipherSuite, role: Role, peer: Peer, log: &Secrets) -> Self {
        let secrets = peer.0.dangerous_extract_secrets().unwrap();
        let (of_peer, of_ours) = match role {
            Role::Client => ("SERVER_TRAFFIC_SECRET_0", "CLIENT_TRAFFIC_SECRET_0"),
            Role::Server => ("CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"),
        };
        Self {
            write: Direction::new(suite, secrets.tx, log.get(of_peer)),
            read: Direction::new(suite, secrets.rx, log.get(of_ours)),
            version: suite.version(),
        }
    }

    /// Seals `content` as a record.
    pub fn seal(&mut self, content_type: u8, content: &[u8]) -> Vec<u8> {
        match self.version {
            Version::Tls13 => {
                let inner = [content, &[content_type]].concat();
                self.seal_inner(APPLICATION_DATA, &inner)
            }
            Version::Tls12 => self.write.seal_tls12(content_type, content),
        }
    }

    /// TLS 1.3: seals a record whose whole inner plaintext is `inner`.
    pub fn seal_inner(&mut self, outer_type: u8, inner: &[u8]) -> Vec<u8> {
        self.write.seal_tls13(outer_type, inner)
    }

    /// TLS 1.3: seals a KeyUpdate; everything after it uses the next key.
    pub fn key_update(&mut self, message: [u8; 5]) -> Vec<u8> {
        let wire = self.seal(HANDSHAKE, &message);
        self.write.update();
        wire
    }

    /// TLS 1.3: switches to the next write key.
    pub fn update_write_key(&mut self) {
        self.write.update();
    }

    /// Opens one whole record and returns its content type and content, or `None` if it was not
    /// sealed under the next number. Follows KeyUpdates.
    pub fn open_record(&mut self, record: &[u8]) -> Option<(u8, Vec<u8>)> {
        let opened = self.read.open(record)?;
        if self.version == Version::Tls13 && opened.0 == HANDSHAKE && opened.1.first() == Some(&24)
        {
            self.read.update();
        }
        Some(opened)
    }

    /// Opens whole records. Each of them must open.
    pub fn open(&mut self, mut wire: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let mut records = Vec::new();
        while let Some(header) = wire.first_chunk::<HEADER_LEN>() {
            let len = usize::from(u16::from_be_bytes([header[3], header[4]]));
            let (record, rest) = wire.split_at(HEADER_LEN + len);
            wire = rest;
            records.push(self.open_record(record).expect("our record opens under the peer's key"));
        }
        assert!(wire.is_empty(), "half a header: {wire:?}");
        records
    }
}

/// Key, IV and sequence number of one direction.
struct Direction {
    suite: CipherSuite,
    key: aead::LessSafeKey,
    iv: [u8; 12],
    seq: u64,
    /// TLS 1.3 only.
    secret: Vec<u8>,
}

impl Direction {
    fn new(
        suite: CipherSuite,
        (seq, secrets): (u64, ConnectionTrafficSecrets),
        secret: Vec<u8>,
    ) -> Self {
        let (ConnectionTrafficSecrets::Aes128Gcm { key, iv }
        | ConnectionTrafficSecrets::Aes256Gcm { key, iv }
        | ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv }) = secrets
        else {
            panic!("an unknown AEAD")
        };
        Self {
            suite,
            key: bind(suite, key.as_ref()),
            iv: iv.as_ref().try_into().unwrap(),
            seq,
            secret,
        }
    }

    /// RFC 9846 §7.3.
    fn of_secret(suite: CipherSuite, (secret, seq): (&[u8], u64)) -> Self {
        let key = bind(suite, &expand(suite, secret, b"key", suite.key_len()));
        let iv = expand(suite, secret, b"iv", 12).try_into().unwrap();
        Self { suite, key, iv, seq, secret: secret.to_vec() }
    }

    /// RFC 9846 §7.2.
    fn update(&mut self) {
        let next = expand(self.suite, &self.secret, b"traffic upd", self.secret.len());
        *self = Self::of_secret(self.suite, (&next, 0));
    }

    fn next_nonce(&mut self) -> [u8; 12] {
        let mut nonce = self.iv;
        for (byte, seq) in nonce[4..].iter_mut().zip(self.seq.to_be_bytes()) {
            *byte ^= seq;
        }
        self.seq += 1;
        nonce
    }

    fn seal_tls13(&mut self, outer_type: u8, inner: &[u8]) -> Vec<u8> {
        let mut wire = header(outer_type, inner.len() + TAG_LEN).to_vec();
        let aad = aead::Aad::from(wire.clone());
        let mut body = inner.to_vec();
        let nonce = aead::Nonce::assume_unique_for_key(self.next_nonce());
        self.key.seal_in_place_append_tag(nonce, aad, &mut body).unwrap();
        wire.append(&mut body);
        wire
    }

    fn seal_tls12(&mut self, content_type: u8, content: &[u8]) -> Vec<u8> {
        let aad = aad_tls12(self.seq, content_type, content.len());
        let nonce = self.next_nonce();
        let explicit = if self.has_explicit_nonce() { &nonce[4..] } else { &[] };
        let mut body = content.to_vec();
        self.key
            .seal_in_place_append_tag(
                aead::Nonce::assume_unique_for_key(nonce),
                aead::Aad::from(aad),
                &mut body,
            )
            .unwrap();
        let header = header(content_type, explicit.len() + body.len());
        [&header[..], explicit, &body].concat()
    }

    fn open(&mut self, record: &[u8]) -> Option<(u8, Vec<u8>)> {
        let (header, body) = record.split_at(HEADER_LEN);
        assert_eq!(header[1..3], [3, 3]);
        if self.suite.version() == Version::Tls12 {
            return self.open_tls12(header[0], body);
        }
        if header[0] != APPLICATION_DATA {
            return None;
        }
        let nonce = aead::Nonce::assume_unique_for_key(self.next_nonce());
        let mut body = body.to_vec();
        let inner = self.key.open_in_place(nonce, aead::Aad::from(header), &mut body).ok()?;
        let end = inner.iter().rposition(|&byte| byte != 0).unwrap();
        Some((inner[end], inner[..end].to_vec()))
    }

    fn open_tls12(&mut self, content_type: u8, body: &[u8]) -> Option<(u8, Vec<u8>)> {
        let seq = self.seq;
        let mut nonce = self.next_nonce();
        let mut body = body.to_vec();
        if self.has_explicit_nonce() {
            if body.len() < 8 {
                return None;
            }
            let sealed = body.split_off(8);
            nonce[..4].copy_from_slice(&self.iv[..4]);
            nonce[4..].copy_from_slice(&body);
            body = sealed;
        }
        let aad = aad_tls12(seq, content_type, body.len().checked_sub(TAG_LEN)?);
        let content = self
            .key
            .open_in_place(
                aead::Nonce::assume_unique_for_key(nonce),
                aead::Aad::from(aad),
                &mut body,
            )
            .ok()?;
        Some((content_type, content.to_vec()))
    }

    /// RFC 5288 §3.
    fn has_explicit_nonce(&self) -> bool {
        self.key.algorithm() != &aead::CHACHA20_POLY1305
    }
}

pub fn header(content_type: u8, len: usize) -> [u8; HEADER_LEN] {
    let [hi, lo] = u16::try_from(len).unwrap().to_be_bytes();
    [content_type, 3, 3, hi, lo]
}

/// RFC 5246 §6.2.3.3.
fn aad_tls12(seq: u64, content_type: u8, content_len: usize) -> Vec<u8> {
    let header = header(content_type, content_len);
    [&seq.to_be_bytes()[..], &header].concat()
}

fn bind(suite: CipherSuite, key: &[u8]) -> aead::LessSafeKey {
    let name = format!("{suite:?}");
    let algorithm = if name.contains("CHACHA20") {
        &aead::CHACHA20_POLY1305
    } else if name.contains("AES_128") {
        &aead::AES_128_GCM
    } else {
        &aead::AES_256_GCM
    };
    aead::LessSafeKey::new(aead::UnboundKey::new(algorithm, key).unwrap())
}

/// HKDF-Expand-Label with an empty context (RFC 9846 §7.1).
pub fn expand(suite: CipherSuite, secret: &[u8], label: &[u8], len: usize) -> Vec<u8> {
    struct Len(usize);
    impl hkdf::KeyType for Len {
        fn len(&self) -> usize {
            self.0
        }
    }

    let hash = match suite.secret_len() {
        48 => hkdf::HKDF_SHA384,
        _ => hkdf::HKDF_SHA256,
    };
    let mut out = vec![0; len];
    let lens = [0, len as u8, 6 + label.len() as u8];
    hkdf::Prk::new_less_safe(hash, secret)
        .expand(&[&lens, b"tls13 ", label, &[0]], Len(len))
        .and_then(|okm| okm.fill(&mut out))
        .unwrap();
    out
}

/// What rustls would write to SSLKEYLOGFILE.
#[derive(Debug, Default)]
pub struct Secrets(Mutex<Vec<(String, Vec<u8>)>>);

impl Secrets {
    /// The secret with this label. It is empty in TLS 1.2.
    pub fn get(&self, label: &str) -> Vec<u8> {
        let secrets = self.0.lock().unwrap();
        let found = secrets.iter().find(|(of, _)| of == label);
        found.map_or_else(Vec::new, |(_, secret)| secret.clone())
    }
}

impl KeyLog for Secrets {
    fn log(&self, label: &str, _client_random: &[u8], secret: &[u8]) {
        let mut secrets = self.0.lock().unwrap();
        secrets.push((label.to_owned(), secret.to_vec()));
    }
}
