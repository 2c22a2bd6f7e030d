//! The policies that decide how records are cut.

use alloc::boxed::Box;

use super::config::{CONTROL_RESERVE, SEGMENT_LEN, WriterConfig};
use super::control::Control;
use super::current::CurrentRecord;
use super::padding::Padding;
use super::policy::{Cap, RecordPolicy};
use super::shape::{Dynamic, Shape, Shapes};
use super::sizing::{Conditions, Sizer, Sizing};
use crate::aead::KeyBudget;
use crate::buffer::OutboundBuffer;
use crate::num::to_u64;
use crate::record::{MAX_FRAGMENT_LEN, RecordFormat, TAG_LEN};

/// The policies: how long records become. A [`Cursor`](super::cursor::Cursor) decides where they
/// go; the planner itself knows only the most common plan.
#[derive(Debug)]
pub(super) struct Planner {
    /// Plaintext sent since the start or the last idle time.
    sent: u64,
    /// `None` while nothing was set that needs it.
    settings: Option<Box<Settings>>,
    /// A record that is as long as the policies allow, after the short ones at the start.
    full: Shape,
    /// The cap of the next record.
    cap: Cap,
}

/// The policies that most writers do not have.
#[derive(Debug)]
struct Settings {
    padding: Padding,
    sizer: Sizer,
    /// What the sizer results in.
    dynamic: Dynamic,
    /// The policy that the current record was begun with, if it [is
    /// older](CurrentRecord::is_older) than the last change.
    kept: RecordPolicy,
}

/// A record is not begun in the tail of a segment if it could hold neither this much content nor
/// its intended size: it would cost more than the memory it saves.
pub(super) const MIN_TAIL: usize = 1024;

impl Planner {
    pub(super) fn new(format: RecordFormat, config: &WriterConfig) -> Self {
        let cap = Cap::new(format, config.max_fragment_len);
        let policy = RecordPolicy::new(cap, config.padding);
        let sizer = Sizer::new(config.sizing);
        let full = Shape::full(&sizer, policy, SEGMENT_LEN);
        let mut this = Self { sent: 0, settings: None, full, cap };
        if config.sizing != Sizing::Max || policy.pads() {
            (this.settings().sizer, this.settings().padding) = (sizer, config.padding);
            this.reshape();
        }
        this
    }

    #[inline]
    pub(super) const fn format(&self) -> RecordFormat {
        self.cap.format()
    }

    /// The cap of the next record, in the units of the setting.
    pub(super) fn max_fragment_len(&self) -> usize {
        self.cap.max_inner().min(MAX_FRAGMENT_LEN)
    }

    /// The cap and the padding of the next record.
    #[inline]
    pub(super) fn policy(&self) -> RecordPolicy {
        match &self.settings {
            None => RecordPolicy::unpadded(self.cap),
            Some(settings) => RecordPolicy::new(self.cap, settings.padding),
        }
    }

    /// The cap and the padding of this record, which is the current one.
    #[inline]
    pub(super) fn policy_of(&self, record: &CurrentRecord) -> RecordPolicy {
        match &self.settings {
            Some(settings) if record.is_older() => settings.kept,
            _ => self.policy(),
        }
    }

    /// The number of zeros in the current record if it gets no more content.
    #[inline]
    pub(super) fn padding_of(&self, record: Option<&CurrentRecord>) -> usize {
        match (&self.settings, record) {
            (Some(_), Some(record)) => self.policy_of(record).padding(record.len()),
            _ => 0,
        }
    }

    #[inline]
    pub(super) fn shapes(&self) -> Shapes<'_> {
        match &self.settings {
            None => Shapes::unchanging(&self.full),
            Some(settings) => Shapes::new(&self.full, &settings.dynamic),
        }
    }

    /// Plaintext sent since the start or the last idle time.
    #[inline]
    pub(super) const fn sent(&self) -> u64 {
        self.sent
    }

    /// The format of the records is now known. Until then it was that of TLS 1.3, and there was no
    /// record.
    pub(super) fn set_format(&mut self, format: RecordFormat) {
        self.cap = Cap::new(format, self.cap.max_inner());
        self.reshape();
    }

    /// Changes the padding of the records after the current one.
    pub(super) fn set_padding(&mut self, padding: Padding, record: Option<&mut CurrentRecord>) {
        if padding.is_none() && self.settings.is_none() {
            return;
        }
        if let Some(record) = record {
            self.keep_policy_of(record);
        }
        self.settings().padding = padding;
        self.reshape();
    }

    /// Changes the cap. Returns whether the current record, if there is one, still takes plaintext
    /// under it.
    pub(super) fn set_max_fragment_len(
        &mut self,
        len: usize,
        record: Option<&mut CurrentRecord>,
    ) -> bool {
        let cap = Cap::new(self.format(), len);
        let Some(record) = record else {
            self.cap = cap;
            self.reshape();
            return true;
        };
        self.keep_policy_of(record);
        self.cap = cap;
        self.reshape();
        let capped = self.settings().kept.capped_by(cap);
        let Some(capped) = capped else { return !record.is_full() };
        if record.cap(capped.max_content()) {
            self.settings().kept = capped;
        }
        record.len() < record.limit().min(capped.max_content())
    }

    /// Adds a cap on records, before the first one: the lowest cap applies.
    pub(super) fn lower_max_fragment_len(&mut self, len: usize) {
        self.set_max_fragment_len(len.min(self.cap.max_inner()), None);
    }

    pub(super) fn observe(&mut self, conditions: Conditions) {
        // Without settings, records are as long as they can be under all conditions.
        let Some(settings) = &mut self.settings else { return };
        if settings.sizer.starts_again(conditions) {
            self.sent = 0;
        }
        if settings.sizer.observe(conditions) {
            self.reshape_to_window();
        }
    }

    pub(super) fn set_sizing(&mut self, sizing: Sizing) {
        if sizing != Sizing::Max || self.settings.is_some() {
            self.settings().sizer = Sizer::new(sizing);
            self.reshape();
        }
    }

    /// A record with this much content was sealed.
    #[inline]
    pub(super) fn on_sealed(&mut self, content_len: usize) {
        self.sent = self.sent.saturating_add(to_u64(content_len));
        if let Some(settings) = &mut self.settings {
            settings.sizer.on_sealed();
        }
    }

    fn settings(&mut self) -> &mut Settings {
        let Self { settings, full, cap, .. } = self;
        settings.get_or_insert_with(|| {
            let kept = RecordPolicy::unpadded(*cap);
            let (padding, sizer) = (Padding::None, Sizer::new(Sizing::Max));
            Box::new(Settings { padding, sizer, dynamic: Dynamic::none(*full), kept })
        })
    }

    /// The policy changes, but not that of the record.
    fn keep_policy_of(&mut self, record: &mut CurrentRecord) {
        self.settings().kept = self.policy_of(record);
        record.keep_policy();
    }

    /// The same as [`reshape`](Self::reshape) if only the transport's window has changed.
    fn reshape_to_window(&mut self) {
        let policy = self.policy();
        let Settings { sizer, dynamic, .. } = self.settings();
        let len = sizer.full_content_len(policy);
        dynamic.set_sealed_ahead(sizer.sealed_ahead());
        if len != self.full.content_len() {
            self.reshape();
        }
    }

    /// Finds out how long records are after a change.
    fn reshape(&mut self) {
        let policy = self.policy();
        match &mut self.settings {
            None => self.full = Shape::new(policy.max_content(), policy, SEGMENT_LEN),
            Some(settings) => {
                self.full = Shape::full(&settings.sizer, policy, SEGMENT_LEN);
                settings.dynamic = Dynamic::new(&settings.sizer, policy, SEGMENT_LEN, self.full);
            }
        }
    }

    /// The most common plan, found without a cursor and regardless of how much the caller wants: a
    /// record in a tail that holds a whole one, with no control record before it. Returns the
    /// length of its content.
    #[inline(always)]
    pub(super) fn whole_record_in_tail(
        &self,
        buffer: &OutboundBuffer,
        budget: KeyBudget,
        control: &Control,
    ) -> Option<usize> {
        let shape = match &self.settings {
            None => &self.full,
            Some(settings) => settings.shape(&self.full, self.sent, buffer.waiting())?,
        };
        if buffer.tail_len() < shape.needed() {
            return None;
        }
        whole_record(shape, budget, control)
    }

    /// The same for a record in a new segment, because a tail of `tail` bytes is too short to begin
    /// one.
    pub(super) fn whole_record_behind(
        &self,
        tail: usize,
        waiting: usize,
        budget: KeyBudget,
        control: &Control,
    ) -> Option<usize> {
        let shapes = self.shapes();
        if waiting >= shapes.sealed_ahead() {
            return None;
        }
        let limit = whole_record(shapes.at(self.sent), budget, control)?;
        let format = self.format();
        let serves = tail_needed(format, limit.min(MIN_TAIL) + format.inner_type_len());
        (tail < serves).then_some(limit)
    }

    /// The content of the next record if neither memory nor keys limit it.
    #[inline]
    pub(super) fn fragment_len(&self) -> usize {
        self.shapes().at(self.sent).content_len()
    }
}

impl Settings {
    /// The next record; `None` if no more may be sealed ahead.
    #[inline(never)]
    fn shape<'a>(&'a self, full: &'a Shape, sent: u64, waiting: usize) -> Option<&'a Shape> {
        let shapes = Shapes::new(full, &self.dynamic);
        (waiting < shapes.sealed_ahead()).then(|| shapes.at(sent))
    }
}

/// The content of a record for which there is memory, with no control record before it.
#[inline(always)]
fn whole_record(shape: &Shape, budget: KeyBudget, control: &Control) -> Option<usize> {
    let allowed = budget.allows_application_blocks(shape.blocks());
    (allowed && !control.is_due()).then(|| shape.content_len())
}

/// How many free bytes a record with this inner plaintext needs, including those that must stay
/// free after it.
#[inline]
pub(super) const fn tail_needed(format: RecordFormat, inner_len: usize) -> usize {
    format.prefix_len() + inner_len + TAG_LEN + CONTROL_RESERVE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Version;

    #[test]
    fn a_cap_limits_what_the_record_still_accepts() {
        // A cap of 64 includes the type byte.
        for (len, takes_more, limit) in [(62, true, 63), (63, false, 63), (64, false, 99)] {
            let config = WriterConfig { max_fragment_len: 100, ..WriterConfig::default() };
            let mut planner = Planner::new(RecordFormat::new(Version::Tls13, 0), &config);
            let mut record = CurrentRecord::new(99);
            record.grow(len);
            assert_eq!(planner.set_max_fragment_len(64, Some(&mut record)), takes_more, "{len}");
            assert_eq!(record.limit(), limit, "{len}");
            let takes_more = planner.set_max_fragment_len(200, Some(&mut record));
            assert_eq!(takes_more, len < limit, "a higher cap changes nothing");
        }
    }

    #[test]
    fn a_record_keeps_the_policy_it_was_begun_with() {
        let format = RecordFormat::new(Version::Tls13, 0);
        let mut planner = Planner::new(format, &WriterConfig::default());
        let mut record = CurrentRecord::new(1_000);
        record.grow(10);
        planner.set_padding(Padding::Multiple(100), Some(&mut record));
        planner.set_padding(Padding::Multiple(200), Some(&mut record));
        assert_eq!(planner.padding_of(Some(&record)), 0);
        let mut next = CurrentRecord::new(1_000);
        next.grow(10);
        assert_eq!(planner.padding_of(Some(&next)), 200 - 11);
        planner.set_max_fragment_len(150, Some(&mut next));
        planner.set_padding(Padding::None, Some(&mut next));
        assert_eq!(planner.padding_of(Some(&next)), 150 - 11);
    }
}
