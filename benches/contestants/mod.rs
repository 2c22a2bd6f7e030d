//! The contestants: each seals the same plaintext into TLS 1.3 records.
#![expect(missing_docs, missing_debug_implementations, reason = "for these benchmarks alone")]

mod baseline;
mod ours;
mod plaintexts;
mod stock;

use core::str::FromStr;

#[cfg(feature = "aws-lc")]
pub use baseline::AwsLcEach;
pub use baseline::{RingAlone, RingAndCopy, RingEach, RingOwned};
pub use ours::{Coalesced, Slot, Write, WriteFresh, WriteOwned};
pub use stock::Rustls;

use wantwrite::CipherSuite;

/// Any error that ends a benchmark. It is only printed.
pub type Error = Box<dyn core::error::Error>;

/// Seals the same plaintext repeatedly.
pub trait Contestant {
    fn name(&self) -> &'static str;

    /// Does the unmeasured preparation for `iterations` calls of [`seal`](Self::seal).
    fn prepare(&mut self, _iterations: usize) {}

    /// Seals the plaintext once and discards the ciphertext.
    fn seal(&mut self) -> Result<(), Error>;
}

#[derive(Clone, Copy, Debug)]
pub enum Suite {
    Aes128,
    Aes256,
    Chacha20,
}

impl Suite {
    pub const fn ring(self) -> &'static ring::aead::Algorithm {
        match self {
            Self::Aes128 => &ring::aead::AES_128_GCM,
            Self::Aes256 => &ring::aead::AES_256_GCM,
            Self::Chacha20 => &ring::aead::CHACHA20_POLY1305,
        }
    }

    #[cfg(feature = "aws-lc")]
    pub const fn aws_lc(self) -> &'static aws_lc_rs::aead::Algorithm {
        match self {
            Self::Aes128 => &aws_lc_rs::aead::AES_128_GCM,
            Self::Aes256 => &aws_lc_rs::aead::AES_256_GCM,
            Self::Chacha20 => &aws_lc_rs::aead::CHACHA20_POLY1305,
        }
    }

    pub const fn tls(self) -> CipherSuite {
        match self {
            Self::Aes128 => CipherSuite::TLS_AES_128_GCM_SHA256,
            Self::Aes256 => CipherSuite::TLS_AES_256_GCM_SHA384,
            Self::Chacha20 => CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
        }
    }
}

impl FromStr for Suite {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "aes128" => Ok(Self::Aes128),
            "aes256" => Ok(Self::Aes256),
            "chacha20" => Ok(Self::Chacha20),
            _ => Err(format!("no such suite: {name} (of: aes128, aes256, chacha20)")),
        }
    }
}
