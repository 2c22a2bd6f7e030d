//! Compares our record layer with rustls's under the same keys: both make the same bytes from the
//! same plaintext, and give the same verdict on altered records.

use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, Iv, MessageDecrypter, MessageEncrypter, OutboundChunks,
    OutboundPlainMessage,
};
use rustls::{ContentType, ProtocolVersion, SupportedCipherSuite};
use wantwrite::*;

use super::draw::{self, Input, Result};
use wantwrite_testing::model::plaintext;
use wantwrite_testing::provider;

/// The suites with a 32-byte key: rustls accepts external keys of this length only.
const SUITES: [CipherSuite; 4] = [
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
];
const HEADER_LEN: usize = 5;
const MAX_RECORDS: usize = 20;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let _input_is_used_up = compare(&mut input, draw::aeads(data));
}

fn compare(input: &mut Input<'_>, aeads: [AeadProvider; 2]) -> Result<()> {
    let suite = *input.choose(&SUITES)?;
    let (key, iv): ([u8; 32], [u8; 12]) = (input.arbitrary()?, input.arbitrary()?);
    // Leaves enough sequence numbers for the records below.
    let first_seq = input.int_in_range(0..=u64::MAX - 1000)?;
    let mut config = WriterConfig::default();
    config.max_fragment_len = draw::max_fragment_len(input)?;
    let mut reading = ReaderConfig::default();
    [config.aead, reading.aead] = aeads;
    let mut writer =
        Writer::new(WriteKeys::new(suite, &key, iv, first_seq).unwrap(), config).unwrap();
    let read = || ReadKeys::new(suite, &key, iv, first_seq).unwrap();
    let mut reader = Reader::new(read(), Role::Client, reading).unwrap();
    let mut rustls = Rustls::new(suite, key, iv, first_seq);
    let mut written = 0;
    for _ in 0..MAX_RECORDS {
        if input.is_empty() {
            break;
        }
        let content = plaintext(written, draw::len(input)?.clamp(1, MAX_FRAGMENT_LEN));
        let n = writer.write(content).unwrap_or_else(WriteError::accepted);
        if n == 0 {
            break;
        }
        written += n as u64;
        writer.flush().unwrap();
        let mut ours = Vec::new();
        while writer.wants_drain() {
            let mut drain = writer.drain();
            let chunk = drain.chunk();
            ours.extend_from_slice(chunk);
            let len = chunk.len();
            drain.advance(len).unwrap();
        }
        let mut left = &content[..n];
        for record in records(&ours) {
            let (fragment, rest) = left.split_at(content_len(suite, record.len()));
            left = rest;
            let theirs = rustls.seal(fragment);
            assert!(theirs == record, "rustls seals different bytes");
            let mut wire = theirs;
            if input.ratio(1, 4)? {
                let at = input.int_in_range(HEADER_LEN..=wire.len() - 1)?;
                wire[at] ^= input.arbitrary::<u8>()?;
            }
            assert_eq!(reader.receive(&wire), wire.len());
            let result = reader.process();
            let opened = rustls.open(&mut wire);
            assert_eq!(result.is_ok(), opened.is_some(), "only one of them opens it");
            let Some(opened) = opened else { return Ok(()) };
            assert!(opened == fragment && reader.plaintext() == fragment);
            reader.consume_all();
        }
    }
    Ok(())
}

fn records(mut wire: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    while let [_, _, _, hi, lo, ..] = *wire {
        let len = HEADER_LEN + usize::from(u16::from_be_bytes([hi, lo]));
        let (record, rest) = wire.split_at(len);
        records.push(record);
        wire = rest;
    }
    assert!(wire.is_empty(), "half a record");
    records
}

fn content_len(suite: CipherSuite, record_len: usize) -> usize {
    let overhead = match (suite.version(), suite) {
        (Version::Tls13, _) => 1 + 16,
        (_, CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256) => 16,
        _ => 8 + 16,
    };
    record_len - HEADER_LEN - overhead
}

/// The two directions of rustls's record layer, without a connection.
struct Rustls {
    version: ProtocolVersion,
    encrypter: Box<dyn MessageEncrypter>,
    decrypter: Box<dyn MessageDecrypter>,
    write_seq: u64,
    read_seq: u64,
}

impl Rustls {
    fn new(suite: CipherSuite, key: [u8; 32], iv: [u8; 12], seq: u64) -> Self {
        let key = || AeadKey::from(key);
        let (encrypter, decrypter) = match provider(suite).cipher_suites[0] {
            SupportedCipherSuite::Tls13(suite) => {
                let aead = suite.aead_alg;
                (aead.encrypter(key(), Iv::from(iv)), aead.decrypter(key(), Iv::from(iv)))
            }
            SupportedCipherSuite::Tls12(suite) => {
                let aead = suite.aead_alg;
                let (fixed, explicit) = iv.split_at(aead.key_block_shape().fixed_iv_len);
                (aead.encrypter(key(), fixed, explicit), aead.decrypter(key(), fixed))
            }
        };
        let version = match suite.version() {
            Version::Tls13 => ProtocolVersion::TLSv1_3,
            Version::Tls12 => ProtocolVersion::TLSv1_2,
        };
        Self { version, encrypter, decrypter, write_seq: seq, read_seq: seq }
    }

    fn seal(&mut self, content: &[u8]) -> Vec<u8> {
        let payload = OutboundChunks::Single(content);
        let message = OutboundPlainMessage {
            typ: ContentType::ApplicationData,
            version: self.version,
            payload,
        };
        let sealed = self.encrypter.encrypt(message, self.write_seq).unwrap();
        self.write_seq += 1;
        sealed.encode()
    }

    /// Opens a record of application data. Returns `None` if it is rejected.
    fn open<'a>(&mut self, record: &'a mut [u8]) -> Option<&'a [u8]> {
        let typ = ContentType::from(record[0]);
        let version = ProtocolVersion::TLSv1_2;
        let message = InboundOpaqueMessage::new(typ, version, &mut record[HEADER_LEN..]);
        let opened = self.decrypter.decrypt(message, self.read_seq).ok()?;
        self.read_seq += 1;
        assert_eq!(opened.typ, ContentType::ApplicationData);
        Some(opened.payload)
    }
}
