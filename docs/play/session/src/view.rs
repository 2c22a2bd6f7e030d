//! A session's view, as JSON.

use alloc::string::String;
use core::fmt::{self, Display, Formatter};

use crate::Session;
use crate::inspector::{Kind, Sealed};

impl Session {
    /// Returns everything that the page draws, as one JSON object without line breaks.
    #[must_use]
    pub fn view(&self) -> String {
        alloc::format!("{}", View(self))
    }
}

struct View<'a>(&'a Session);

impl Display for View<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(session) = *self;
        let (writer, inspector) = (session.writer(), session.inspector());
        let progress = writer.progress();
        let (accepted, refused, drained) = session.last_turn();
        let ends = progress.records_ended;
        write!(f, "{{\"turn\":{},\"writer_state\":\"{:?}\"", session.turn(), writer.state())?;
        write!(f, ",\"buffer_state\":\"{:?}\"", writer.buffer_state())?;
        write!(f, ",\"room\":{},\"waiting\":{}", writer.room(), writer.waiting())?;
        write!(f, ",\"current\":{}", inspector.current(progress.accepted))?;
        write!(f, ",\"memory_held\":{}", writer.memory_held())?;
        write!(f, ",\"turn_accepted\":{accepted},\"turn_drained\":{drained},\"refused\":")?;
        match refused {
            Some(error) => write!(f, "\"{error:?}\"")?,
            None => f.write_str("null")?,
        }
        write!(f, ",\"accepted\":{},\"drained\":{}", progress.accepted, progress.drained)?;
        write!(f, ",\"drained_plaintext\":{}", progress.drained_plaintext)?;
        write!(f, ",\"records\":{},\"key_updates\":{}", progress.records, progress.key_updates)?;
        write!(f, ",\"ended\":{{\"full\":{},\"flushed\":{}", ends.full, ends.flushed)?;
        write!(f, ",\"drained\":{},\"closed\":{}}}", ends.drained, ends.closed)?;
        f.write_str(",\"buffer\":")?;
        list(f, inspector.records())?;
        f.write_str(",\"left\":")?;
        list(f, session.left())?;
        f.write_str("}")
    }
}

/// Lists each record as `[kind, content, padding, wire length, bytes already sent]`.
fn list<'a>(f: &mut Formatter<'_>, records: impl IntoIterator<Item = &'a Sealed>) -> fmt::Result {
    f.write_str("[")?;
    for (i, record) in records.into_iter().enumerate() {
        let kind = match record.kind {
            Kind::Data(end) => end,
            Kind::KeyUpdate => "key update",
            Kind::CloseNotify => "close_notify",
        };
        let comma = if i > 0 { "," } else { "" };
        write!(f, "{comma}[\"{kind}\",{},{}", record.content, record.padding())?;
        write!(f, ",{},{}]", record.wire_len, record.gone)?;
    }
    f.write_str("]")
}
