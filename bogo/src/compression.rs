//! The runner's toy algorithms for certificate compression (RFC 8879).

use wantwrite::rustls::CertificateCompressionAlgorithm;
use wantwrite::rustls::compress::{
    CertCompressor, CertDecompressor, CompressionFailed, CompressionLevel, DecompressionFailed,
};

use crate::provider::default_provider;

/// The bytes that compression adds to the start of a certificate, or removes.
#[derive(Debug)]
pub(crate) enum Compression {
    Expanding,
    Shrinking,
    /// Adds a random byte.
    Random,
}

/// In our order of preference.
const ALL: [&Compression; 3] =
    [&Compression::Expanding, &Compression::Shrinking, &Compression::Random];

const ADDED: &[u8] = &[1, 2, 3, 4];

/// The start of every Certificate message of a handshake.
const LOST: &[u8] = &[0, 0];

impl Compression {
    /// The algorithms with this number; all of them for `None`.
    pub(crate) fn select(number: Option<u16>) -> impl Iterator<Item = &'static Self> {
        ALL.into_iter().filter(move |this| number.is_none_or(|number| this.number() == number))
    }

    pub(crate) const fn compressor(&'static self) -> &'static dyn CertCompressor {
        self
    }

    pub(crate) const fn decompressor(&'static self) -> &'static dyn CertDecompressor {
        self
    }

    const fn number(&self) -> u16 {
        match self {
            Self::Shrinking => 0xff01,
            Self::Expanding => 0xff02,
            Self::Random => 0xff03,
        }
    }

    fn prefixed(&self, input: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Expanding => Some([ADDED, input].concat()),
            Self::Shrinking => input.strip_prefix(LOST).map(<[u8]>::to_vec),
            Self::Random => {
                let mut byte = [0];
                default_provider().secure_random.fill(&mut byte).ok()?;
                Some([&byte[..], input].concat())
            }
        }
    }

    fn restored(&self, input: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Expanding => input.strip_prefix(ADDED).map(<[u8]>::to_vec),
            Self::Shrinking => Some([LOST, input].concat()),
            Self::Random => input.get(1..).map(<[u8]>::to_vec),
        }
    }
}

impl CertCompressor for Compression {
    fn compress(
        &self,
        input: Vec<u8>,
        _level: CompressionLevel,
    ) -> Result<Vec<u8>, CompressionFailed> {
        self.prefixed(&input).ok_or(CompressionFailed)
    }

    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        self.number().into()
    }
}

impl CertDecompressor for Compression {
    fn decompress(&self, input: &[u8], output: &mut [u8]) -> Result<(), DecompressionFailed> {
        let restored = self.restored(input).filter(|restored| restored.len() == output.len());
        output.copy_from_slice(&restored.ok_or(DecompressionFailed)?);
        Ok(())
    }

    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        self.number().into()
    }
}
