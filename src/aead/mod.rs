//! Keys, nonces, and sealing and opening single records. This is the only module that uses ring and
//! AWS-LC.

mod aead_key;
mod budget;
mod cipher_key;
#[cfg(feature = "rustls")]
mod exporter;
mod hash;
mod keys;
mod nonce;
mod opener;
mod protection;
mod provider;
#[cfg(feature = "parallel")]
mod reserved;
mod schedule;
mod sealer;
mod secret;
mod secret_box;
mod stack;
mod suite;
#[cfg(test)]
mod vectors;

pub use budget::KeyLimits;
pub(crate) use budget::{Cost, KeyBudget, MAX_RECORD_BLOCKS, blocks};
#[cfg(feature = "rustls")]
pub use exporter::ExportError;
#[cfg(feature = "rustls")]
pub(crate) use exporter::ExporterSecret;
pub use keys::{ReadKeys, WriteKeys};
pub(crate) use opener::RecordOpener;
pub use provider::AeadProvider;
#[cfg(feature = "parallel")]
pub(crate) use reserved::{Reserved, SharedKey};
#[cfg(feature = "rustls")]
pub(crate) use schedule::KeySchedule;
#[cfg(feature = "rustls")]
pub(crate) use schedule::MAX_GENERATION;
pub(crate) use schedule::NextKeys;
pub(crate) use sealer::{Envelope, RecordSealer};
pub use secret::TrafficSecret;
pub use suite::{CipherSuite, InvalidKeyLength};
