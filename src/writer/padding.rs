//! Record padding (RFC 9846 §5.4).

use crate::error::ConfigError;
use crate::num::to_u64;

/// How long the inner plaintext of a TLS 1.3 record becomes: content, type byte and zeros. Padding
/// hides lengths, not timing. TLS 1.2 has no padding, so this setting has no effect there.
///
/// The result is never shorter than content and type byte, and never longer than the hard cap
/// allows (16,385 bytes by default).
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub enum Padding {
    /// No zeros.
    #[default]
    None,
    /// Up to the next multiple of this many bytes, 1 or more. 16, the AEAD's block size, makes
    /// short records faster, because ring handles a partial block separately. With AES-128-GCM and
    /// vector AES, sealing was measured to take 0.83 of the time at 16 bytes, 0.86 at 64, 0.92 at
    /// 1,000, 0.98 at 4,096, and the same time at full length.
    Multiple(usize),
    /// Up to the smallest of these lengths that fits. List them in rising order. Anything longer
    /// than the last one is not padded.
    Sizes(&'static [usize]),
    /// Up to what the function returns for the length of content and type byte. It must always
    /// return the same result for the same length.
    With(fn(usize) -> usize),
}

impl Padding {
    pub(super) fn check(self) -> Result<(), ConfigError> {
        match self {
            Self::None | Self::With(_) => Ok(()),
            Self::Multiple(multiple) => {
                ConfigError::check("Padding::Multiple", to_u64(multiple), 1..=u64::MAX)
            }
            Self::Sizes(sizes) => sizes.windows(2).try_for_each(|pair| match *pair {
                [one, next] => {
                    ConfigError::check("Padding::Sizes", to_u64(next), to_u64(one)..=u64::MAX)
                }
                _ => Ok(()),
            }),
        }
    }

    #[inline]
    pub(super) const fn is_none(self) -> bool {
        matches!(self, Self::None)
    }

    /// Whether a longer inner plaintext never becomes shorter than a shorter one.
    #[inline]
    pub(super) const fn is_monotone(self) -> bool {
        !matches!(self, Self::With(_))
    }

    /// The padded length of `inner_len` bytes, at most `max`.
    #[inline]
    pub(super) fn padded_len(self, inner_len: usize, max: usize) -> usize {
        let padded = match self {
            Self::None => return inner_len,
            Self::Multiple(multiple) => inner_len.checked_next_multiple_of(multiple).unwrap_or(max),
            Self::Sizes(sizes) => smallest_fit(sizes, inner_len).unwrap_or(inner_len),
            Self::With(function) => function(inner_len),
        };
        padded.min(max).max(inner_len)
    }

    /// The longest inner plaintext, up to `wanted`, for which it and every shorter one are padded
    /// to at most `space` bytes.
    pub(super) fn longest_within(self, wanted: usize, space: usize, max: usize) -> usize {
        match self {
            Self::None => wanted.min(space),
            _ if space >= max => wanted,
            // The function could return anything.
            Self::With(_) => 0,
            Self::Multiple(multiple) => {
                wanted.min(space - space.checked_rem(multiple).unwrap_or(space))
            }
            Self::Sizes(sizes) => match sizes.partition_point(|&size| size <= space) {
                // Anything longer than the last length is not padded.
                longer if longer == sizes.len() => wanted.min(space),
                longer => wanted.min(sizes[..longer].last().copied().unwrap_or(0)),
            },
        }
    }

    /// The longest that `inner_len` bytes, or fewer, can be padded to.
    pub(super) fn longest_of(self, inner_len: usize, max: usize) -> usize {
        if self.is_monotone() { self.padded_len(inner_len, max) } else { max }
    }
}

/// The smallest of these lengths that is at least `len`. They are in rising order.
#[inline]
fn smallest_fit(sizes: &[usize], len: usize) -> Option<usize> {
    // The steps through a short list are predicted, but those of a binary search wait for each
    // other.
    let sizes = match sizes.len() {
        0..=16 => sizes,
        _ => &sizes[sizes.partition_point(|&size| size < len)..],
    };
    sizes.iter().copied().find(|&size| size >= len)
}

impl PartialEq for Padding {
    /// Functions never compare equal: their addresses are meaningless.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Multiple(a), Self::Multiple(b)) => a == b,
            (Self::Sizes(a), Self::Sizes(b)) => a == b,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn policies_are_equal_only_if_they_certainly_pad_alike() {
        let policies = [
            Padding::None,
            Padding::Multiple(16),
            Padding::Multiple(32),
            Padding::Sizes(&[100]),
            Padding::Sizes(&[100, 200]),
        ];
        for (i, one) in policies.iter().enumerate() {
            for (j, other) in policies.iter().enumerate() {
                assert_eq!(one == other, i == j);
            }
        }
    }

    const MAX: usize = 16385;

    #[test]
    fn padding_gives_the_requested_length_within_its_bounds() {
        let cases = [
            (Padding::None, 100, 100),
            (Padding::Multiple(16), 1, 16),
            (Padding::Multiple(16), 16, 16),
            (Padding::Multiple(16), 17, 32),
            (Padding::Multiple(16), MAX, MAX),
            (Padding::Multiple(usize::MAX), 5, MAX),
            (Padding::Sizes(&[100, 1000]), 1, 100),
            (Padding::Sizes(&[100, 1000]), 101, 1000),
            (Padding::Sizes(&[100, 1000]), 1001, 1001),
            (Padding::With(|len| len * 2), 50, 100),
            (Padding::With(|_| 0), 50, 50),
            (Padding::With(|_| usize::MAX), 50, MAX),
        ];
        for (padding, len, expected) in cases {
            assert_eq!(padding.padded_len(len, MAX), expected, "{padding:?} {len}");
        }
    }

    #[test]
    fn the_smallest_size_that_fits_is_found_in_short_and_long_lists() {
        for count in [0, 1, 2, 3, 15, 16, 17, 18, 40] {
            let sizes: Vec<usize> = (0..count).map(|n| 10 * (n / 2)).collect();
            for len in 0..250 {
                let smallest = sizes.iter().copied().filter(|&size| size >= len).min();
                assert_eq!(smallest_fit(&sizes, len), smallest, "{len} in {count}");
            }
        }
    }

    #[test]
    fn longest_within_is_the_longest_that_fits() {
        for padding in [Padding::None, Padding::Multiple(48), Padding::Sizes(&[10, 64, 300])] {
            for space in 0..400 {
                let longest = padding.longest_within(350, space, MAX);
                let fits = |len| padding.padded_len(len, MAX) <= space;
                assert!((1..=longest).all(fits), "{padding:?} {space}");
                assert!(longest == 350 || !fits(longest + 1), "{padding:?} {space}");
            }
        }
    }

    #[test]
    fn everything_fits_where_the_longest_does() {
        for padding in [
            Padding::Multiple(48),
            Padding::Sizes(&[10, 300]),
            Padding::With(|_| 5),
            Padding::With(|len| len),
        ] {
            assert_eq!(padding.longest_within(MAX, MAX, MAX), MAX, "{padding:?}");
        }
    }
}
