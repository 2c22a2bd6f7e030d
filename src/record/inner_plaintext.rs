//! TLSInnerPlaintext: content, type byte, zero padding (RFC 9846 §5.2, §5.4).
#![deny(clippy::indexing_slicing)]

use super::ContentType;
use crate::error::PeerFault;

/// Finds the end of the content and its type in an opened TLS 1.3 record, whose header has said
/// that it is not too long.
pub(crate) fn split_inner_plaintext(inner: &[u8]) -> Result<(usize, ContentType), PeerFault> {
    let content_len = inner.iter().rposition(|&byte| byte != 0).ok_or(PeerFault::NoContentType)?;
    let content_type = inner
        .get(content_len)
        .and_then(|&byte| ContentType::from_wire(byte))
        .ok_or(PeerFault::UnexpectedContentType)?;
    Ok((content_len, content_type))
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
}
