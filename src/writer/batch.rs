//! One connection's records sealed on several processors.
//!
//! The order of things is settled first: each record gets its place, its number and its share of
//! the key's budget. What is left, copying and sealing, is the same work in any order.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Buf, Bytes};

use super::Writer;
use super::state::Life;
use crate::aead::{RecordSealer, Reserved, SharedKey};
use crate::buffer::Segment;
use crate::error::{Error, WriteError};

/// Records that were accepted and are being sealed, by [`SealJob`]s on other threads and by
/// [`finish`](Self::finish) on this one. Dropping it finishes it.
///
/// The bytes are those of [`write`](crate::Writer::write) and then
/// [`flush`](crate::Writer::flush), whoever seals them and in whatever order.
///
/// A batch that is leaked ([`core::mem::forget`]) leaves a gap in the records: the writer has
/// failed then, with [`Error::SealingAbandoned`].
#[must_use = "dropping a batch finishes it, but tells of no error"]
pub struct Batch<'a> {
    unfinished: Option<Unfinished<'a>>,
    shared: Arc<Shared>,
    result: Result<usize, WriteError>,
}

/// What is to be put right when all is sealed.
struct Unfinished<'a> {
    writer: &'a mut Writer,
    /// Of its buffer, while they are not in the tasks.
    segments: Vec<Segment>,
}

/// Leave to seal records of a batch: [`run`](Self::run) it on any thread. Clones are worth the
/// same. One that is never run, or late, costs nothing: [`Batch::finish`] waits only for what was
/// begun, and a job of a finished batch keeps neither plaintext nor any other memory of it.
#[derive(Clone)]
pub struct SealJob {
    /// The batch's own is the only one that lasts.
    shared: Weak<Shared>,
}

struct Shared {
    /// In the order of the wire.
    tasks: Vec<Mutex<Task>>,
    /// Their indices in the order of their memory. Whoever finishes takes them from its
    /// beginning and whoever helps from its end: so a thread seals, batch after batch, in memory
    /// that its processor has.
    order: Vec<usize>,
    taken: AtomicUsize,
    /// How many of those that were taken, by whoever helps.
    helped: AtomicUsize,
}

/// A segment, and what is to be sealed in it.
struct Task {
    segment: Option<Segment>,
    records: Records,
    /// That of the batch. Each task has a handle of its own, which goes when its records are
    /// sealed: when all are, nobody holds the plaintext, not even a helper that is about to end.
    plaintext: Bytes,
}

/// The records of one segment: most often one, which is kept without an allocation. Empty when
/// they are sealed.
#[derive(Default)]
struct Records {
    first: Option<Record>,
    more: Vec<Record>,
}

struct Record {
    reserved: Reserved,
    key: SharedKey,
    /// Where it begins in the segment.
    start: usize,
    /// Where its content begins in the plaintext.
    content_start: usize,
}

impl Writer {
    /// Takes as long a prefix of `plaintext` as there is room for, removes it there, and has its
    /// records sealed by this thread and by every other that runs a [`job`](Batch::job) of the
    /// batch. The records are those of `write` and then [`flush`](Self::flush).
    ///
    /// The thread that seals a record also copies it. Worth it from 128 KiB on with threads
    /// that are awake, and from 512 KiB on with threads that sleep.
    ///
    /// ```
    /// # use bytes::Bytes;
    /// # use wantwrite::{CipherSuite, TrafficSecret, WriteKeys, Writer, WriterConfig};
    /// # let secret = TrafficSecret::new(CipherSuite::TLS_AES_128_GCM_SHA256, &[7; 32])?;
    /// # let mut config = WriterConfig::default();
    /// config.capacity = 1 << 20;
    /// let mut writer = Writer::new(WriteKeys::from_secret(secret), config)?;
    /// let mut plaintext = Bytes::from(vec![1; 500_000]);
    /// let batch = writer.seal_batch(&mut plaintext)?;
    /// let job = batch.job();
    /// let helper = std::thread::spawn(move || job.run());
    /// assert_eq!(batch.finish()?, 500_000);
    /// # helper.join().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`write`](Self::write); those after partial acceptance come from [`Batch::finish`].
    pub fn seal_batch(&mut self, plaintext: &mut Bytes) -> Result<Batch<'_>, WriteError> {
        self.check_open()?;
        let filled = self.fill_current(plaintext)?;
        let mut tasks = Tasks::new();
        let (reserved, end) = self.reserve_records(plaintext.len(), &mut tasks);
        let result = match end {
            Ok(()) => Ok(filled + reserved),
            Err(error) => Err(error.after(filled)),
        };
        if reserved == 0 {
            return match result {
                Err(error) if filled == 0 => Err(error),
                _ => Ok(Batch::of_nothing(result)),
            };
        }
        let plaintext = plaintext.split_to(reserved);
        let mut segments = self.buffer.detach(tasks.first_segment);
        let shared = Shared::new(tasks.with_segments(&mut segments, &plaintext));
        self.life = Life::Sealing;
        let unfinished = Some(Unfinished { writer: self, segments });
        Ok(Batch { unfinished, shared: Arc::new(shared), result })
    }

    /// What the current record has room for is written into it. Returns how much that was, which is
    /// removed from `plaintext`.
    fn fill_current(&mut self, plaintext: &mut Bytes) -> Result<usize, WriteError> {
        if self.record.is_none() || plaintext.is_empty() {
            return Ok(0);
        }
        let mut front = plaintext.split_to(plaintext.len().min(self.free_range().len()));
        self.write_and_end(&mut front)
    }

    /// As `write`, and ends the record. What was taken of `plaintext` is removed there.
    pub(super) fn write_and_end(&mut self, plaintext: &mut Bytes) -> Result<usize, WriteError> {
        let result = self.write(plaintext);
        let accepted = result.unwrap_or_else(WriteError::accepted);
        plaintext.advance(accepted);
        if accepted > 0 {
            self.end_record(accepted)?;
        }
        result
    }

    /// Plans records for `len` bytes as `write` does. Returns for how many there was room.
    fn reserve_records(
        &mut self,
        len: usize,
        tasks: &mut Tasks,
    ) -> (usize, Result<(), WriteError>) {
        let mut accepted = 0;
        while accepted < len {
            match self.begin_record(len - accepted) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return (accepted, Err(error.after(accepted))),
            }
            let Some(record) = self.record.take() else { break };
            let record_limit = record.limit();
            let content_len = record_limit.min(len - accepted);
            let padding = record.policy().padding(content_len);
            let reserved = self.sealer.as_mut().and_then(|sealer| {
                let reserved = sealer.reserve(content_len, padding)?;
                Some((reserved, tasks.key_of(sealer, self.counts.key_updates)))
            });
            let Some((reserved, key)) = reserved else {
                // Not reached: the budget, which counts the sequence numbers, was asked.
                self.end_with(Error::KeysExhausted);
                return (accepted, Err(WriteError::Failed { accepted }));
            };
            let (segment, start) = self.buffer.seal_later(reserved.record_len(), content_len);
            tasks.add(Record { reserved, key, start, content_start: accepted }, segment);
            accepted += content_len;
            self.count_record(content_len, content_len == record_limit);
        }
        (accepted, Ok(()))
    }
}

/// The tasks of a batch that is being planned.
struct Tasks {
    /// Index of the segment of the first record; of none while there is no record.
    first_segment: usize,
    records: Vec<Records>,
    /// The key of the records planned last, and its generation.
    key: Option<(SharedKey, u64)>,
}

impl Tasks {
    const fn new() -> Self {
        Self { first_segment: usize::MAX, records: Vec::new(), key: None }
    }

    fn key_of(&mut self, sealer: &mut RecordSealer, generation: u64) -> SharedKey {
        match &self.key {
            Some((key, of)) if *of == generation => key.clone(),
            _ => self.key.insert((sealer.shared_key(), generation)).0.clone(),
        }
    }

    fn add(&mut self, record: Record, segment: usize) {
        self.first_segment = self.first_segment.min(segment);
        let index = segment - self.first_segment;
        if self.records.len() <= index {
            self.records.resize_with(index + 1, Records::default);
        }
        let Records { first, more } = &mut self.records[index];
        match first {
            None => *first = Some(record),
            Some(_) => more.push(record),
        }
    }

    /// Gives each segment to the task of its records.
    fn with_segments(mut self, segments: &mut Vec<Segment>, plaintext: &Bytes) -> Vec<Mutex<Task>> {
        self.records.resize_with(segments.len(), Records::default);
        let tasks = segments.drain(..).zip(self.records).map(|(segment, records)| Task {
            segment: Some(segment),
            records,
            plaintext: plaintext.clone(),
        });
        tasks.map(Mutex::new).collect()
    }
}

impl Batch<'_> {
    /// Nothing is left to seal.
    pub(crate) fn of_nothing(result: Result<usize, WriteError>) -> Self {
        Self { unfinished: None, shared: Arc::new(Shared::new(Vec::new())), result }
    }

    /// Leave for another thread to seal some of the records.
    #[must_use]
    pub fn job(&self) -> SealJob {
        SealJob { shared: Arc::downgrade(&self.shared) }
    }

    /// Pieces of work that can be done at the same time, each a segment of some 16 KiB: more
    /// threads than that are of no use.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.shared.tasks.len()
    }

    /// Seals what nobody has begun, waits for what was begun, and returns how many bytes of
    /// plaintext were accepted.
    ///
    /// # Errors
    /// As [`write`](crate::Writer::write).
    pub fn finish(mut self) -> Result<usize, WriteError> {
        self.end()
    }

    fn end(&mut self) -> Result<usize, WriteError> {
        let Some(Unfinished { writer, mut segments }) = self.unfinished.take() else {
            return self.result;
        };
        self.shared.finish();
        for task in &self.shared.tasks {
            // Whoever holds it is sealing it.
            let mut task = lock(task);
            // Taken, but not begun.
            task.seal();
            segments.extend(task.segment.take());
        }
        if self.shared.tasks.iter().any(Mutex::is_poisoned) {
            // A job has panicked, and its records are missing.
            writer.life = Life::Failed(Error::SealingAbandoned);
            return Err(WriteError::Failed { accepted: 0 });
        }
        writer.life = Life::Open;
        writer.buffer.attach(segments);
        self.result
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        // Whoever wants to know of errors finishes it.
        let _unasked = self.end();
    }
}

impl SealJob {
    /// Seals records until nobody is needed any more, and returns how many
    /// [`tasks`](Batch::tasks) that was; 0 if it comes too late.
    pub fn run(&self) -> usize {
        self.shared.upgrade().map_or(0, |shared| shared.help())
    }
}

impl Shared {
    fn new(tasks: Vec<Mutex<Task>>) -> Self {
        let mut order: Vec<usize> = (0..tasks.len()).collect();
        order.sort_unstable_by_key(|&index| lock(&tasks[index]).address());
        Self { tasks, order, taken: AtomicUsize::new(0), helped: AtomicUsize::new(0) }
    }

    fn finish(&self) {
        for &index in &self.order {
            if !self.takes_one() {
                break;
            }
            self.seal(index);
        }
    }

    /// Returns how many tasks it did.
    fn help(&self) -> usize {
        let mut done = 0;
        while self.takes_one() {
            let from_end = self.helped.fetch_add(1, Ordering::Relaxed);
            self.seal(self.order[self.order.len() - 1 - from_end]);
            done += 1;
        }
        done
    }

    /// Both ends together are taken no oftener than there are tasks.
    fn takes_one(&self) -> bool {
        self.taken.fetch_add(1, Ordering::Relaxed) < self.tasks.len()
    }

    fn seal(&self, index: usize) {
        lock(&self.tasks[index]).seal();
    }
}

/// A poisoned task is found by [`Batch::finish`].
fn lock(task: &Mutex<Task>) -> MutexGuard<'_, Task> {
    task.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Task {
    /// Of its memory.
    fn address(&self) -> usize {
        self.segment.as_ref().map_or(0, Segment::address)
    }

    /// Seals the records that are not sealed yet.
    fn seal(&mut self) {
        let plaintext = core::mem::take(&mut self.plaintext);
        let Some(segment) = &mut self.segment else {
            return;
        };
        let Records { first, more } = core::mem::take(&mut self.records);
        for Record { reserved, key, start, content_start } in first.into_iter().chain(more) {
            let record = segment.sealed_mut(start..start + reserved.record_len());
            let place = &mut record[reserved.content()];
            place.copy_from_slice(&plaintext[content_start..content_start + place.len()]);
            reserved.seal(&key, record);
        }
    }
}

impl fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("tasks", &self.tasks()).finish_non_exhaustive()
    }
}

impl fmt::Debug for SealJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealJob").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aead::{CipherSuite, WriteKeys};
    use crate::writer::{Writer, WriterConfig};

    fn writer() -> Writer {
        let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
        Writer::new(WriteKeys::new(suite, &[7; 16], [5; 12], 0).unwrap(), WriterConfig::default())
            .unwrap()
    }

    fn drain(writer: &mut Writer) -> Bytes {
        let mut drain = writer.drain();
        let wire: Vec<u8> = drain.chunks().flatten().copied().collect();
        drain.advance(wire.len()).unwrap();
        wire.into()
    }

    #[test]
    fn finish_seals_what_was_taken_and_never_begun() {
        let plaintext = Bytes::from_static(&[1; 60_000]);
        let mut serial = writer();
        serial.write_atomic(&plaintext).unwrap();
        serial.flush().unwrap();
        let expected = drain(&mut serial);
        for taken in 0..=4 {
            let mut writer = writer();
            let batch = writer.seal_batch(&mut plaintext.clone()).unwrap();
            assert_eq!(batch.tasks(), 4);
            // As a thread does that is interrupted then.
            assert!((0..taken).all(|_| batch.shared.takes_one()));
            assert_eq!(batch.finish(), Ok(60_000));
            assert!(drain(&mut writer) == expected, "{taken} taken");
        }
    }
}
