//! TLSInnerPlaintext: content, type byte, zero padding (RFC 9846 §5.2, §5.4).
#![deny(clippy::indexing_slicing)]

use super::ContentType;
use crate::error::PeerFault;

/// Finds the end of the content and its type in an opened TLS 1.3 record, whose length was checked
/// in its header.
pub(crate) fn split_inner_plaintext(inner: &[u8]) -> Result<(usize, ContentType), PeerFault> {
    let content_len = last_nonzero(inner).ok_or(PeerFault::NoContentType)?;
    let content_type = inner
        .get(content_len)
        .and_then(|&byte| ContentType::from_wire(byte))
        .ok_or(PeerFault::UnexpectedContentType)?;
    Ok((content_len, content_type))
}

/// Scans word by word, so that a record full of padding costs a tenth of what opening it costs.
fn last_nonzero(bytes: &[u8]) -> Option<usize> {
    let (&last, mut rest) = bytes.split_last()?;
    if last != 0 {
        return Some(rest.len());
    }
    while let Some((front, word)) = rest.split_last_chunk() {
        if u128::from_ne_bytes(*word) != 0 {
            break;
        }
        rest = front;
    }
    rest.iter().rposition(|&byte| byte != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_stripped_to_the_last_nonzero_byte() {
        let inner = [0, 7, 0, 0x17, 0, 0, 0];
        assert_eq!(split_inner_plaintext(&inner), Ok((3, ContentType::ApplicationData)));
    }

    #[test]
    fn zeros_only_and_unknown_types_are_refused() {
        assert_eq!(split_inner_plaintext(&[]), Err(PeerFault::NoContentType));
        assert_eq!(split_inner_plaintext(&[0; 9]), Err(PeerFault::NoContentType));
        assert_eq!(split_inner_plaintext(&[1, 0x63]), Err(PeerFault::UnexpectedContentType));
    }

    #[test]
    fn the_last_nonzero_byte_is_found_at_every_position() {
        for len in 0..70 {
            let mut bytes = [0; 70];
            assert_eq!(last_nonzero(&bytes[..len]), None);
            for at in 0..len {
                bytes[at] = 1 << (at % 8);
                assert_eq!(last_nonzero(&bytes[..len]), Some(at), "{len}");
            }
        }
    }
}
