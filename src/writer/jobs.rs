//! The work of a batch, which any thread can do.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::aead::{RecordSealer, Reserved, SharedKey};
use crate::buffer::{OutboundBuffer, Segment, copy};

/// A handle that lets another thread help to seal a batch: [`run`](Self::run) it there. Clones do
/// the same. A job that never runs, or runs late, costs nothing: [`Batch::finish`](crate::Batch::finish)
/// waits only for what was begun, and a job of a finished batch keeps neither plaintext nor any
/// other memory of it.
#[derive(Clone)]
pub struct SealJob {
    /// The batch's own is the only one that lasts.
    shared: Weak<Shared>,
}

/// The work of a batch.
#[derive(Default)]
pub(super) struct Shared {
    /// In the order of the wire.
    tasks: Vec<Mutex<Task>>,
    /// Their indices in the order of their memory. The finishing thread takes them from the
    /// beginning and a helping one from the end: so a thread seals, batch after batch, in memory that
    /// its processor has.
    order: Vec<usize>,
    taken: AtomicUsize,
    /// How many of them helping threads have taken.
    helped: AtomicUsize,
}

/// A segment, and what is to be sealed in it.
struct Task {
    segment: Option<Segment>,
    /// Empty when they are sealed.
    records: Vec<Record>,
    /// That of the batch. Each task has a handle of its own, which goes when its records are
    /// sealed: when all are, nobody holds the plaintext, not even a helper that is about to end.
    plaintext: Bytes,
}

/// A record of a task.
pub(super) struct Record {
    reserved: Reserved,
    key: SharedKey,
    /// Where it begins in the segment.
    start: usize,
    /// Where its content begins in the plaintext.
    content_start: usize,
}

/// The tasks of a batch that is being planned.
#[derive(Default)]
pub(super) struct Tasks {
    /// Index of the segment of the first record; `None` while there is no record.
    first_segment: Option<usize>,
    /// Those of each segment.
    records: Vec<Vec<Record>>,
    /// The key of the records planned last, and its generation.
    key: Option<(SharedKey, u64)>,
}

impl Tasks {
    /// The key that `sealer` has now, of this generation.
    pub(super) fn key_of(&mut self, sealer: &mut RecordSealer, generation: u64) -> SharedKey {
        match &self.key {
            Some((key, of)) if *of == generation => key.clone(),
            _ => self.key.insert((sealer.shared_key(), generation)).0.clone(),
        }
    }

    /// Adds a record in the segment of this index, the same as that of the last one or the next.
    pub(super) fn add(&mut self, segment: usize, record: Record) {
        let index = segment - *self.first_segment.get_or_insert(segment);
        if self.records.len() <= index {
            self.records.resize_with(index + 1, Vec::new);
        }
        self.records[index].push(record);
    }

    /// Takes the segments out of `buffer`, each to the task of its records.
    pub(super) fn share(mut self, buffer: &mut OutboundBuffer, plaintext: &Bytes) -> Arc<Shared> {
        let segments = buffer.detach(self.first_segment.unwrap_or(usize::MAX));
        self.records.resize_with(segments.len(), Vec::new);
        let tasks = segments.into_iter().zip(self.records).map(|(segment, records)| {
            Mutex::new(Task { segment: Some(segment), records, plaintext: plaintext.clone() })
        });
        Arc::new(Shared::new(tasks.collect()))
    }
}

impl Record {
    /// Its place begins at `start` in its segment, and its content at `content_start` in the
    /// plaintext.
    pub(super) const fn new(
        reserved: Reserved,
        key: SharedKey,
        start: usize,
        content_start: usize,
    ) -> Self {
        Self { reserved, key, start, content_start }
    }
}

impl SealJob {
    pub(super) fn of(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::downgrade(shared) }
    }

    /// Seals records until nobody is needed any more, and returns how many
    /// [`tasks`](crate::Batch::tasks) that was; 0 if it comes too late.
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

    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Seals what nobody has begun, waits for what was begun, and gives the segments back. `None`
    /// if a job has panicked: its records are missing.
    pub(super) fn finish(&self) -> Option<Vec<Segment>> {
        for &index in &self.order {
            if !self.takes_one() {
                break;
            }
            self.seal(index);
        }
        let segments = self.tasks.iter().filter_map(|task| {
            // The thread that holds it is sealing it.
            let mut task = lock(task);
            // Taken, but not begun.
            task.seal();
            task.segment.take()
        });
        let segments = segments.collect();
        let panicked = self.tasks.iter().any(Mutex::is_poisoned);
        (!panicked).then_some(segments)
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
    pub(super) fn takes_one(&self) -> bool {
        self.taken.fetch_add(1, Ordering::Relaxed) < self.tasks.len()
    }

    fn seal(&self, index: usize) {
        lock(&self.tasks[index]).seal();
    }
}

/// A poisoned task is found by [`Shared::finish`].
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
        let records = core::mem::take(&mut self.records);
        for Record { reserved, key, start, content_start } in records {
            let record = segment.sealed_mut(start..start + reserved.record_len());
            let place = &mut record[reserved.content()];
            let content = &plaintext[content_start..content_start + place.len()];
            copy(place, content);
            reserved.seal(&key, record);
        }
    }
}

impl fmt::Debug for SealJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealJob").finish_non_exhaustive()
    }
}
