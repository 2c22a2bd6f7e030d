//! Threads that help seal records.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hint::spin_loop;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use bytes::Bytes;

use super::Writer;
use super::batch::Batch;
use super::jobs::SealJob;
use crate::error::WriteError;
use crate::record::MAX_FRAGMENT_LEN;

/// The minimum length for which threads that are awake help. The calling thread seals anything
/// shorter sooner alone (`cargo run --release -p parallel`).
const MIN_LEN: usize = 8 * MAX_FRAGMENT_LEN;

/// The minimum length for which sleeping threads are woken, if they then stay awake. This time,
/// waking them costs as much as it gains; the next time they are ready.
const MIN_LEN_TO_WAKE: usize = 16 * MAX_FRAGMENT_LEN;

/// The same for threads that go back to sleep immediately.
const MIN_LEN_TO_WAKE_ONCE: usize = 32 * MAX_FRAGMENT_LEN;

/// How many jobs can wait for one thread. More would probably run too late.
const MAX_JOBS: usize = 4;

/// Threads that seal records for any number of writers. Dropping this stops and joins the threads.
///
/// After sealing, a thread keeps looking for work for a while before it sleeps, because waking it
/// takes longer than sealing a few records. During that time it keeps its processor busy.
#[derive(Debug)]
pub struct SealWorkers {
    workers: Vec<Worker>,
    /// How long each thread looks for work.
    awake: Duration,
}

#[derive(Debug)]
struct Worker {
    /// `None` only while the worker is being dropped.
    jobs: Option<SyncSender<SealJob>>,
    is_awake: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl SealWorkers {
    /// Starts `count` threads; one fewer than there are processors is a good choice. Each thread
    /// looks for work for `awake` before it sleeps. Use about 50 microseconds if there is always
    /// something to seal, and zero if processors are scarce.
    ///
    /// # Errors
    /// The operating system's error if it cannot start a thread.
    pub fn new(count: usize, awake: Duration) -> io::Result<Self> {
        let workers: io::Result<_> = (0..count).map(|index| Worker::new(index, awake)).collect();
        Ok(Self { workers: workers?, awake })
    }

    /// Has the threads help with `batch`, as many as there is work for. Sleeping threads are woken;
    /// threads that already have enough to do are not asked.
    pub fn help(&self, batch: &Batch<'_>) {
        help(batch, self.workers.iter());
    }

    /// The workers whose help with this many bytes pays off.
    fn worth_it(&self, len: usize) -> impl Iterator<Item = &Worker> {
        let to_wake = if self.awake.is_zero() { MIN_LEN_TO_WAKE_ONCE } else { MIN_LEN_TO_WAKE };
        self.workers.iter().filter(move |worker| {
            len >= to_wake || len >= MIN_LEN && worker.is_awake.load(Ordering::Relaxed)
        })
    }
}

fn help<'a>(batch: &Batch<'_>, workers: impl Iterator<Item = &'a Worker>) {
    // The calling thread does its share.
    let needed = batch.tasks().saturating_sub(1);
    let _asked = workers.filter(|worker| worker.takes(batch)).take(needed).count();
}

impl Worker {
    fn new(index: usize, awake: Duration) -> io::Result<Self> {
        let (jobs, received) = sync_channel(MAX_JOBS);
        let is_awake = Arc::new(AtomicBool::new(false));
        let builder = Builder::new().name(format!("seal-{index}"));
        let flag = Arc::clone(&is_awake);
        let thread = builder.spawn(move || work(&received, awake, &flag))?;
        Ok(Self { jobs: Some(jobs), is_awake, thread: Some(thread) })
    }

    /// Asks this worker to help, unless too many jobs already wait for it. A worker that has
    /// panicked does no harm, because the batch does not depend on it.
    fn takes(&self, batch: &Batch<'_>) -> bool {
        self.jobs.as_ref().is_some_and(|jobs| jobs.try_send(batch.job()).is_ok())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // The panic was reported where the batch was finished.
            let _panicked = thread.join();
        }
    }
}

/// Runs jobs until no sender is left.
fn work(jobs: &Receiver<SealJob>, awake: Duration, is_awake: &AtomicBool) {
    while let Ok(job) = jobs.recv() {
        is_awake.store(true, Ordering::Relaxed);
        job.run();
        drop(job);
        let mut since = Instant::now();
        while since.elapsed() < awake {
            match jobs.try_recv() {
                Ok(job) => {
                    job.run();
                    drop(job);
                    since = Instant::now();
                }
                Err(TryRecvError::Empty) => spin_loop(),
                Err(TryRecvError::Disconnected) => return,
            }
        }
        is_awake.store(false, Ordering::Relaxed);
    }
}

impl Writer {
    /// Like [`seal_batch`](Self::seal_batch) with the help of `workers`, or on this thread alone if
    /// help would not pay off: with less than 128 KiB of [`room`](Self::room) or plaintext, or,
    /// while the workers sleep, less than 256 KiB (512 KiB if they go back to sleep immediately).
    /// The records are the same.
    ///
    /// # Errors
    /// The same as [`write`](Self::write). Whatever was not accepted stays in `plaintext`.
    pub fn write_parallel(
        &mut self,
        plaintext: &mut Bytes,
        workers: &SealWorkers,
    ) -> Result<usize, WriteError> {
        let mut len = plaintext.len();
        if len >= MIN_LEN {
            // What matters is how much will be accepted, not how much was offered.
            len = self.room_up_to(len).0.min(len);
        }
        let mut helpers = workers.worth_it(len).peekable();
        if helpers.peek().is_none() {
            return self.write_and_end(plaintext);
        }
        let batch = self.seal_batch(plaintext)?;
        help(&batch, helpers);
        batch.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    use crate::aead::{CipherSuite, WriteKeys};
    use crate::writer::{Writer, WriterConfig};

    /// A busy worker: its jobs wait in a queue that the test reads.
    fn busy(is_awake: bool) -> (Worker, Receiver<SealJob>) {
        let (jobs, received) = sync_channel(MAX_JOBS);
        let is_awake = Arc::new(AtomicBool::new(is_awake));
        (Worker { jobs: Some(jobs), is_awake, thread: None }, received)
    }

    fn writer(capacity: usize) -> Writer {
        let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
        let keys = WriteKeys::new(suite, &[7; 16], [5; 12], 0).unwrap();
        Writer::new(keys, WriterConfig { capacity, ..WriterConfig::default() }).unwrap()
    }

    fn write_and_drain(writer: &mut Writer, plaintext: &mut Bytes, workers: &SealWorkers) -> usize {
        let accepted = writer.write_parallel(plaintext, workers).unwrap();
        let mut drain = writer.drain();
        drain.advance(drain.remaining()).unwrap();
        accepted
    }

    #[test]
    fn few_jobs_wait_for_a_busy_worker() {
        let (worker, received) = busy(true);
        let workers = SealWorkers { workers: vec![worker], awake: Duration::ZERO };
        let mut writer = writer(1 << 20);
        for _ in 0..319 {
            let mut plaintext = Bytes::from(vec![1; 600_000]);
            assert_eq!(write_and_drain(&mut writer, &mut plaintext, &workers), 600_000);
        }
        let waiting = received.try_iter().count();
        assert_eq!(waiting, MAX_JOBS, "waiting jobs");
    }

    #[test]
    fn threads_are_woken_by_the_room_and_not_by_the_plaintext() {
        for (awake, is_awake) in
            [(Duration::ZERO, false), (Duration::MAX, false), (Duration::ZERO, true)]
        {
            let (worker, received) = busy(is_awake);
            let workers = SealWorkers { workers: vec![worker], awake };
            let mut writer = writer(65_536);
            let mut plaintext = Bytes::from(vec![1; 100 * 65_536]);
            for _ in 0..100 {
                assert_eq!(write_and_drain(&mut writer, &mut plaintext, &workers), 65_536);
            }
            assert_eq!(received.try_iter().count(), 0, "jobs for 100 batches of 64 KiB");
        }
    }
}
