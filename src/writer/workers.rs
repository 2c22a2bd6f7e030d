//! Threads that help to seal.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hint::spin_loop;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use bytes::Bytes;

use super::batch::{Batch, SealJob};
use super::half::WriteHalf;
use crate::aead::KeySchedule;
use crate::error::WriteError;
use crate::record::MAX_FRAGMENT_LEN;

/// From this length on, threads that are awake help; what is shorter is sealed sooner by the
/// calling thread alone (`cargo run --release -p parallel`).
const MIN_LEN: usize = 8 * MAX_FRAGMENT_LEN;

/// From this length on, threads that sleep are woken, if they stay awake then: this time waking
/// costs what it gains, the next time they are there.
const MIN_LEN_TO_WAKE: usize = 16 * MAX_FRAGMENT_LEN;

/// The same for threads that go to sleep again at once.
const MIN_LEN_TO_WAKE_ONCE: usize = 32 * MAX_FRAGMENT_LEN;

/// Threads that seal records for any number of writers. The caller keeps them; dropping them ends
/// and joins them.
///
/// A thread that has sealed goes on looking for work for a while before it sleeps, because waking
/// it takes longer than sealing some records. While it does, it keeps its processor busy.
#[derive(Debug)]
pub struct SealWorkers {
    workers: Vec<Worker>,
    /// How long each looks for work.
    awake: Duration,
}

#[derive(Debug)]
struct Worker {
    /// `None` only while it is dropped.
    jobs: Option<Sender<SealJob>>,
    is_awake: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl SealWorkers {
    /// Starts `count` threads; one less than there are processors is sensible. Each looks for
    /// work for `awake` before it sleeps: some 50 microseconds if there is always something to
    /// seal, zero if processors are scarce.
    ///
    /// # Errors
    /// The system's, if it does not give a thread.
    pub fn new(count: usize, awake: Duration) -> io::Result<Self> {
        let workers: io::Result<_> = (0..count).map(|index| Worker::new(index, awake)).collect();
        Ok(Self { workers: workers?, awake })
    }

    /// How many threads there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.workers.len()
    }

    /// Lets the threads help with `batch`, as many as there is work for. Those that sleep are
    /// woken.
    pub fn help(&self, batch: &Batch<'_>) {
        help(batch, self.workers.iter());
    }

    /// Those whose help with so many bytes gains something.
    fn worth_it(&self, len: usize) -> impl Iterator<Item = &Worker> {
        let to_wake = if self.awake.is_zero() { MIN_LEN_TO_WAKE_ONCE } else { MIN_LEN_TO_WAKE };
        self.workers.iter().filter(move |worker| {
            len >= to_wake || len >= MIN_LEN && worker.is_awake.load(Ordering::Relaxed)
        })
    }
}

fn help<'a>(batch: &Batch<'_>, workers: impl Iterator<Item = &'a Worker>) {
    // The calling thread does its part.
    let needed = batch.tasks().saturating_sub(1);
    for jobs in workers.take(needed).filter_map(|worker| worker.jobs.as_ref()) {
        // A thread that has panicked is not missed: a job that nobody runs costs nothing.
        let _ended = jobs.send(batch.job());
    }
}

impl Worker {
    fn new(index: usize, awake: Duration) -> io::Result<Self> {
        let (jobs, received) = channel();
        let is_awake = Arc::new(AtomicBool::new(false));
        let builder = Builder::new().name(format!("seal-{index}"));
        let flag = Arc::clone(&is_awake);
        let thread = builder.spawn(move || work(&received, awake, &flag))?;
        Ok(Self { jobs: Some(jobs), is_awake, thread: Some(thread) })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // Its panic has shown itself where the batch was finished.
            let _panicked = thread.join();
        }
    }
}

/// Runs jobs until there is nobody who could send any.
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

impl WriteHalf {
    /// As `seal_batch` with the help of `workers`, or by this thread alone if there is little to
    /// seal.
    pub(crate) fn write_parallel(
        &mut self,
        plaintext: &mut Bytes,
        workers: &SealWorkers,
        keys: &mut dyn KeySchedule,
    ) -> Result<usize, WriteError> {
        let mut helpers = workers.worth_it(plaintext.len()).peekable();
        if helpers.peek().is_none() {
            return self.write_and_end(plaintext, keys);
        }
        let batch = self.seal_batch(plaintext, keys)?;
        help(&batch, helpers);
        batch.finish()
    }
}
