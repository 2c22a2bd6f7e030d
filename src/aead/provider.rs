//! The library whose AEADs seal and open records.

/// The library whose AEADs seal and open records. All of them produce the same bytes; they differ
/// in speed.
///
/// On a processor with AVX-512, AWS-LC takes 0.6 to 0.9 of ring's time for long AES-GCM records; on
/// others it takes longer than ring. With `std`, `fastest` checks the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AeadProvider {
    /// [ring](https://docs.rs/ring). The default if it is built in.
    #[cfg(feature = "ring")]
    Ring,
    /// AWS-LC, through [aws-lc-rs](https://docs.rs/aws-lc-rs).
    #[cfg(feature = "aws-lc-rs")]
    AwsLc,
}

impl AeadProvider {
    /// The providers that are built in.
    pub const ALL: &'static [Self] = &[
        #[cfg(feature = "ring")]
        Self::Ring,
        #[cfg(feature = "aws-lc-rs")]
        Self::AwsLc,
    ];

    /// Returns the provider that is expected to seal long records faster on this processor.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn fastest() -> Self {
        #[cfg(all(feature = "aws-lc-rs", target_arch = "x86_64"))]
        if std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("vaes")
            && std::arch::is_x86_feature_detected!("vpclmulqdq")
        {
            return Self::AwsLc;
        }
        Self::default()
    }
}

impl AeadProvider {
    /// Whether it can seal from one buffer into another.
    #[cfg(feature = "aws-lc-rs")]
    #[inline]
    pub(crate) const fn seals_from(self) -> bool {
        match self {
            #[cfg(feature = "ring")]
            Self::Ring => false,
            Self::AwsLc => true,
        }
    }
}

impl Default for AeadProvider {
    fn default() -> Self {
        #[cfg(feature = "ring")]
        return Self::Ring;
        #[cfg(not(feature = "ring"))]
        return Self::AwsLc;
    }
}
