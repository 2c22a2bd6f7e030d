//! Opens records one by one with its own keys. It uses ring and the RFCs, and no code of the crate.

use ring::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf;
use wantwrite::{CipherSuite, Version};

pub const TAG_LEN: usize = 16;
pub const HANDSHAKE: u8 = 0x16;
pub const ALERT: u8 = 0x15;
pub const APPLICATION_DATA: u8 = 0x17;

/// The keys that [`super::writer::writer_and_reader`] gives its writer, derived from the secret.
pub struct Opener {
    suite: CipherSuite,
    secret: Vec<u8>,
    key: LessSafeKey,
    /// The bytes of the key.
    key_bytes: Vec<u8>,
    iv: [u8; 12],
    /// The key generation that the next record must be sealed with.
    pub generation: u64,
    pub seq: u64,
}

pub struct Opened {
    pub content_type: u8,
    pub content: Vec<u8>,
    /// The length of content, type byte and padding.
    pub inner_len: usize,
    pub generation: u64,
    pub seq: u64,
}

impl Opener {
    pub fn new(suite: CipherSuite) -> Self {
        match suite.version() {
            Version::Tls13 => {
                let secret = vec![7; suite.secret_len()];
                let (key_bytes, iv) = key_and_iv(suite, &secret);
                let key = bind(suite, &key_bytes);
                Self { suite, secret, key, key_bytes, iv, generation: 0, seq: 0 }
            }
            Version::Tls12 => {
                let key_bytes = vec![3; suite.key_len()];
                let key = bind(suite, &key_bytes);
                let (secret, iv) = (Vec::new(), [5; 12]);
                Self { suite, secret, key, key_bytes, iv, generation: 0, seq: 1 }
            }
        }
    }

    /// Opens the record that must come next. A KeyUpdate changes the keys for the records after it.
    pub fn open(&mut self, record: &[u8]) -> Opened {
        let (header, body) = record.split_at(5);
        assert_eq!(header[1..3], [3, 3], "version");
        let opened = match self.suite.version() {
            Version::Tls13 => self.open_tls13(header, body),
            Version::Tls12 => self.open_tls12(header, body),
        };
        self.seq += 1;
        if opened.content_type == HANDSHAKE {
            assert!(matches!(opened.content[..], [24, 0, 0, 1, 0 | 1]), "a KeyUpdate, alone");
            self.secret =
                expand_label(self.suite, &self.secret, b"traffic upd", self.suite.secret_len());
            (self.key_bytes, self.iv) = key_and_iv(self.suite, &self.secret);
            self.key = bind(self.suite, &self.key_bytes);
            self.generation += 1;
            self.seq = 0;
        }
        opened
    }

    fn open_tls13(&self, header: &[u8], body: &[u8]) -> Opened {
        assert_eq!(header[0], APPLICATION_DATA, "outer type");
        let mut inner = self.open_body(self.nonce(), header, body);
        let inner_len = inner.len();
        let type_at = inner.iter().rposition(|&byte| byte != 0).expect("a content type");
        let content_type = inner[type_at];
        inner.truncate(type_at);
        self.opened(content_type, inner, inner_len)
    }

    fn open_tls12(&self, header: &[u8], body: &[u8]) -> Opened {
        let mut nonce = self.nonce();
        let explicit_len = if is_chacha(self.suite) { 0 } else { 8 };
        let (explicit, body) = body.split_at(explicit_len);
        assert_eq!(explicit, &nonce[12 - explicit_len..], "the explicit nonce counts");
        nonce[12 - explicit_len..].copy_from_slice(explicit);
        let content_len = u16::try_from(body.len() - TAG_LEN).unwrap();
        let aad =
            [&self.seq.to_be_bytes()[..], &header[..3], &content_len.to_be_bytes()[..]].concat();
        let content = self.open_body(nonce, &aad, body);
        let inner_len = content.len();
        self.opened(header[0], content, inner_len)
    }

    fn open_body(&self, nonce: [u8; 12], aad: &[u8], body: &[u8]) -> Vec<u8> {
        let mut body = body.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let opened = self.key.open_in_place(nonce, Aad::from(aad), &mut body);
        let (generation, seq) = (self.generation, self.seq);
        let len = opened
            .unwrap_or_else(|_| panic!("record {seq} of generation {generation} does not open"))
            .len();
        body.truncate(len);
        body
    }

    fn opened(&self, content_type: u8, content: Vec<u8>, inner_len: usize) -> Opened {
        Opened { content_type, content, inner_len, generation: self.generation, seq: self.seq }
    }

    /// The key that the next record must be sealed with.
    pub fn key(&self) -> &[u8] {
        &self.key_bytes
    }

    /// The IV that the nonces are derived from.
    pub const fn iv(&self) -> [u8; 12] {
        self.iv
    }

    /// The nonce that the next record must be sealed with.
    pub fn nonce(&self) -> [u8; 12] {
        let mut nonce = self.iv;
        for (byte, seq) in nonce[4..].iter_mut().zip(self.seq.to_be_bytes()) {
            *byte ^= seq;
        }
        nonce
    }
}

fn is_chacha(suite: CipherSuite) -> bool {
    matches!(suite.to_wire(), 0x1303 | 0xcca8 | 0xcca9)
}

fn bind(suite: CipherSuite, key: &[u8]) -> LessSafeKey {
    let algorithm = match (is_chacha(suite), key.len()) {
        (true, _) => &aead::CHACHA20_POLY1305,
        (false, 16) => &aead::AES_128_GCM,
        (false, _) => &aead::AES_256_GCM,
    };
    LessSafeKey::new(UnboundKey::new(algorithm, key).unwrap())
}

/// RFC 9846 §7.3.
fn key_and_iv(suite: CipherSuite, secret: &[u8]) -> (Vec<u8>, [u8; 12]) {
    let iv = expand_label(suite, secret, b"iv", 12);
    (expand_label(suite, secret, b"key", suite.key_len()), iv.try_into().unwrap())
}

/// RFC 9846 §7.1, with an empty context.
fn expand_label(suite: CipherSuite, secret: &[u8], label: &[u8], len: usize) -> Vec<u8> {
    struct Len(usize);
    impl hkdf::KeyType for Len {
        fn len(&self) -> usize {
            self.0
        }
    }
    let hash = if suite.secret_len() == 48 { hkdf::HKDF_SHA384 } else { hkdf::HKDF_SHA256 };
    let (len_bytes, label_len) = ((len as u16).to_be_bytes(), [label.len() as u8 + 6]);
    let info = [&len_bytes[..], &label_len, b"tls13 ", label, &[0]];
    let mut out = vec![0; len];
    let prk = hkdf::Prk::new_less_safe(hash, secret);
    prk.expand(&info, Len(len)).unwrap().fill(&mut out).unwrap();
    out
}
