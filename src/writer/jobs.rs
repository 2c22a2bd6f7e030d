//! The work of a batch, which any thread can do.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::aead::{RecordSealer, Reserved, SharedKey};
use crate::buffer::{OutboundBuffer, Segment, copy};

/// A handle that lets another thread help seal a batch: call [`run`](Self::run) there. Clones are
/// equivalent. A job that never runs, or runs late, does no harm:
/// [`Batch::finish`](crate::Batch::finish) waits only for work that has begun, and a job of a
/// finished batch does not keep its plaintext or other memory alive.
#[derive(Clone)]
pub struct SealJob {
    /// `Weak`, so that only the batch keeps the work alive.
    shared: Weak<Shared>,
}

/// The work of a batch.
#[derive(Default)]
pub(super) struct Shared {
    /// In wire order.
    tasks: Vec<Mutex<Task>>,
    /// Task indices, sorted by memory address. The finishing thread takes tasks from the front and
    /// a helping thread from the back, so that each thread keeps sealing, batch after batch, in
    /// memory that its processor has cached.
    order: Vec<usize>,
    taken: AtomicUsize,
    /// How many tasks helping threads have taken.
    helped: AtomicUsize,
}

/// A segment and the records to seal in it.
struct Task {
    segment: Option<Segment>,
    /// Empty once they are sealed.
    records: Vec<Record>,
    /// The plaintext of the batch. Each task has its own handle and drops it once its records are
    /// sealed. When all are sealed, no thread holds the plaintext any longer, not even a helper
    /// that is about to stop.
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

/// The tasks of a batch while it is planned.
#[derive(Default)]
pub(super) struct Tasks {
    /// The index of the segment of the first record; `None` while there are no records.
    first_segment: Option<usize>,
    /// The records of each segment.
    records: Vec<Vec<Record>>,
    /// The key of the last planned record, and its generation.
    key: Option<(SharedKey, u64)>,
}

impl Tasks {
    /// The current key of `sealer`, which has this generation.
    pub(super) fn key_of(&mut self, sealer: &mut RecordSealer, generation: u64) -> SharedKey {
        match &self.key {
            Some((key, of)) if *of == generation => key.clone(),
            _ => self.key.insert((sealer.shared_key(), generation)).0.clone(),
        }
    }

    /// Adds a record to the segment with this index, which is the last record's segment or the next
    /// one.
    pub(super) fn add(&mut self, segment: usize, record: Record) {
        let index = segment - *self.first_segment.get_or_insert(segment);
        if self.records.len() <= index {
            self.records.resize_with(index + 1, Vec::new);
        }
        self.records[index].push(record);
    }

    /// Takes the segments out of `buffer` and gives each to the task of its records.
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
    /// The record begins at `start` in its segment, and its content at `content_start` in the
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

    /// Seals records until no more help is needed, and returns how many
    /// [`tasks`](crate::Batch::tasks) it did: 0 if it was too late.
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

    /// Seals the tasks that no thread has begun, waits for the others, and returns the segments.
    /// Returns `None` if a job panicked, because its records are missing.
    pub(super) fn finish(&self) -> Option<Vec<Segment>> {
        for &index in &self.order {
            if !self.takes_one() {
                break;
            }
            self.seal(index);
        }
        let segments = self.tasks.iter().filter_map(|task| {
            // A thread that holds the lock is sealing this task.
            let mut task = lock(task);
            // Another thread may have taken this task without beginning it.
            task.seal();
            task.segment.take()
        });
        let segments = segments.collect();
        let panicked = self.tasks.iter().any(Mutex::is_poisoned);
        (!panicked).then_some(segments)
    }

    /// Seals tasks until none are left to take. Returns how many it sealed.
    fn help(&self) -> usize {
        let mut done = 0;
        while self.takes_one() {
            let from_end = self.helped.fetch_add(1, Ordering::Relaxed);
            self.seal(self.order[self.order.len() - 1 - from_end]);
            done += 1;
        }
        done
    }

    /// Takes a task. The finishing thread and the helpers together take each task at most once.
    pub(super) fn takes_one(&self) -> bool {
        self.taken.fetch_add(1, Ordering::Relaxed) < self.tasks.len()
    }

    fn seal(&self, index: usize) {
        lock(&self.tasks[index]).seal();
    }
}

/// [`Shared::finish`] detects a poisoned task.
fn lock(task: &Mutex<Task>) -> MutexGuard<'_, Task> {
    task.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Task {
    /// The address of its segment.
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
