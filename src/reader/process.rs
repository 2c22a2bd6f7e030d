//! Opens records in place and dispatches their content.
#![deny(clippy::indexing_slicing)]

use core::ops::Range;

use super::expected::Expected;
use super::{HandshakeJoiner, PostHandshake, Reader};
use crate::aead::RecordOpener;
use crate::alert::AlertDescription;
use crate::error::{Error, PeerFault};
use crate::record::{
    ContentType, HEADER_LEN, KeyUpdateRequest, RecordHeader, Version, decode_key_update,
};

/// Why reading has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadEnd {
    NotYet,
    /// The transport has ended. Complete records in the buffer are still read.
    Transport,
    CloseNotify,
    /// The transport ended without `close_notify`, and that was reported.
    Truncated,
    /// Plaintext that was opened before can still be read.
    Failed(Error),
}

/// What to do after a record.
enum AfterRecord {
    Continue,
    Stop,
}

impl Reader {
    /// Opens records until one has plaintext, input is needed, or the peer has closed.
    pub(crate) fn process_with(&mut self, handler: &mut dyn PostHandshake) -> Result<(), Error> {
        if let Some(error) = self.error() {
            return Err(error);
        }
        if self.end == ReadEnd::Truncated {
            return Ok(());
        }
        let result = self.process_records(handler);
        self.buffer.release_if_empty();
        if let Err(error) = result {
            self.wipe(error);
        }
        result
    }

    pub(super) fn wipe(&mut self, error: Error) {
        self.end = match error {
            Error::Truncated => ReadEnd::Truncated,
            _ => ReadEnd::Failed(error),
        };
        self.plaintext = 0..0;
        self.opened_record_len = 0;
        self.joiner = HandshakeJoiner::default();
        match error {
            // The transport may still be writing.
            Error::Truncated => self.buffer.wipe_held(),
            _ => self.buffer.wipe(),
        }
    }

    fn process_records(&mut self, handler: &mut dyn PostHandshake) -> Result<(), Error> {
        while self.opened_record_len == 0 && self.end != ReadEnd::CloseNotify {
            let Some((record_len, content_type, content)) = self.open_next()? else {
                // RFC 9846 §6.1: without close_notify, someone else may have caused the end.
                return if self.end == ReadEnd::Transport { Err(Error::Truncated) } else { Ok(()) };
            };
            self.opened += 1;
            match self.dispatch(content_type, &content, handler)? {
                AfterRecord::Continue => {
                    self.buffer.consume(record_len);
                    if handler.has_news() {
                        break;
                    }
                }
                AfterRecord::Stop => {
                    self.opened_record_len = record_len;
                    self.plaintext = content;
                    return Ok(());
                }
            }
        }
        if self.end == ReadEnd::CloseNotify {
            // RFC 9846 §6.1: whatever follows a closure alert is ignored.
            self.buffer.consume(self.buffer.len());
        }
        Ok(())
    }

    /// Opens the record at the front and returns its length, its type and the range of its content.
    /// `None` if the record is incomplete.
    #[inline]
    fn open_next(&mut self) -> Result<Option<(usize, ContentType, Range<usize>)>, PeerFault> {
        let Some(opener) = &mut self.opener else { return Ok(None) };
        let held = self.buffer.bytes_mut();
        let Some(header) = RecordHeader::decode_protected(held, opener.format())? else {
            return Ok(None);
        };
        let record_len = header.record_len();
        let Some(record) = held.get_mut(..record_len) else { return Ok(None) };
        let (content_type, content) = opener.open(header, record)?;
        Ok(Some((record_len, content_type, content)))
    }

    /// The length of the record at the front, as far as that is known, if the record is incomplete;
    /// otherwise 0. If nothing is held, nothing needs to be moved, whatever the length.
    #[inline]
    pub(super) fn needed(&self) -> usize {
        if self.opened_record_len > 0 || self.buffer.len() == 0 {
            return 0;
        }
        let needed = match self.next_header() {
            Ok(header) => header.map_or(HEADER_LEN, RecordHeader::record_len),
            Err(_) => 0,
        };
        if needed > self.buffer.len() { needed } else { 0 }
    }

    #[inline]
    pub(super) fn next_header(&self) -> Result<Option<RecordHeader>, PeerFault> {
        match &self.opener {
            Some(opener) => RecordHeader::decode_protected(self.buffer.bytes(), opener.format()),
            None => Ok(None),
        }
    }

    fn dispatch(
        &mut self,
        content_type: ContentType,
        content: &Range<usize>,
        handler: &mut dyn PostHandshake,
    ) -> Result<AfterRecord, Error> {
        // RFC 9846 §5.1: nothing is allowed between the parts of a handshake message.
        if self.joiner.is_joining() && content_type != ContentType::Handshake {
            return Err(PeerFault::InterleavedHandshake.into());
        }
        if content_type == ContentType::ApplicationData && !content.is_empty() {
            self.counts.on_application_data(content.len());
            return Ok(AfterRecord::Stop);
        }
        self.counts.settle(handler.records_sealed());
        match content_type {
            ContentType::ApplicationData => self.counts.on_empty_record()?,
            ContentType::Alert => self.on_alert(content.clone())?,
            ContentType::Handshake => self.on_handshake(content.clone(), handler)?,
            ContentType::ChangeCipherSpec => return Err(PeerFault::UnexpectedContentType.into()),
        }
        Ok(AfterRecord::Continue)
    }

    fn version(&self) -> Version {
        self.opener.as_ref().map_or(Version::Tls13, RecordOpener::version)
    }

    fn on_alert(&mut self, content: Range<usize>) -> Result<(), Error> {
        let (level, description) = match self.buffer.bytes().get(content).unwrap_or(&[]) {
            &[level, description] => (level, AlertDescription(description)),
            [] => return Err(PeerFault::EmptyFragment.into()),
            _ => return Err(PeerFault::BadMessageLength.into()),
        };
        // RFC 9846 §6: in TLS 1.3 the level has no meaning. In TLS 1.2 it decides.
        let is_warning = match (self.version(), level) {
            (Version::Tls13, _) => description == AlertDescription::USER_CANCELED,
            (Version::Tls12, 0x01) => true,
            (Version::Tls12, 0x02) => false,
            (Version::Tls12, _) => return Err(PeerFault::BadAlertLevel.into()),
        };
        if description == AlertDescription::CLOSE_NOTIFY {
            self.end = ReadEnd::CloseNotify;
            return Ok(());
        }
        if is_warning {
            return Ok(self.counts.on_warning()?);
        }
        Err(Error::PeerAlert(description))
    }

    fn on_handshake(
        &mut self,
        content: Range<usize>,
        handler: &mut dyn PostHandshake,
    ) -> Result<(), Error> {
        let (version, role) = (self.version(), self.role);
        let Self { buffer, joiner, counts, .. } = self;
        let fragment = buffer.bytes().get(content).unwrap_or(&[]);
        if fragment.is_empty() {
            return Err(PeerFault::EmptyFragment.into());
        }
        let max_len = counts.handshake_len();
        let check = |kind, len| match len {
            len if len > max_len => Err(PeerFault::HandshakeTooLong),
            len => Expected::of(version, role, kind, len),
        };
        let mut next_keys = None;
        joiner.push(fragment, check, |message, body, ends_record| -> Result<(), Error> {
            match message {
                Expected::KeyUpdate => {
                    let request = decode_key_update(body)?;
                    // An answer that we asked for costs no credit. An answer never asks for one.
                    let is_answer =
                        request == KeyUpdateRequest::NotRequested && handler.expects_key_update();
                    if !is_answer {
                        counts.on_key_update()?;
                    }
                    // RFC 9846 §5.1: what follows must be under the next key.
                    if !ends_record {
                        return Err(PeerFault::KeyUpdateNotLast.into());
                    }
                    next_keys = Some(handler.key_update(request)?);
                }
                Expected::Ticket => {
                    counts.on_ticket()?;
                    handler.ticket(body)?;
                }
                Expected::RenegotiationRequest => {
                    counts.on_renegotiation_request()?;
                    handler.renegotiation_request();
                }
            }
            Ok(())
        })?;
        if let Some(keys) = next_keys {
            self.begin(keys);
        }
        Ok(())
    }
}
