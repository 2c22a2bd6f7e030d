//! Ways to run the jobs of a batch.

use core::time::Duration;
use std::thread;

use bytes::Bytes;
use wantwrite::{SealWorkers, WriteError, Writer};

use crate::Error;

pub trait Executor {
    fn name(&self) -> &'static str;

    /// Returns how many bytes were accepted.
    fn seal(&mut self, writer: &mut Writer, plaintext: Bytes) -> Result<usize, WriteError>;
}

/// No executor: the calling thread uses `write`.
pub struct Serial;

impl Executor for Serial {
    fn name(&self) -> &'static str {
        "write"
    }

    fn seal(&mut self, writer: &mut Writer, plaintext: Bytes) -> Result<usize, WriteError> {
        let accepted = writer.write(&plaintext)?;
        writer.flush()?;
        Ok(accepted)
    }
}

/// The crate's own threads.
pub struct Workers {
    name: &'static str,
    workers: SealWorkers,
}

impl Workers {
    pub fn new(name: &'static str, threads: usize, awake: Duration) -> Result<Self, Error> {
        Ok(Self { name, workers: SealWorkers::new(threads, awake)? })
    }
}

impl Executor for Workers {
    fn name(&self) -> &'static str {
        self.name
    }

    fn seal(&mut self, writer: &mut Writer, mut plaintext: Bytes) -> Result<usize, WriteError> {
        writer.write_parallel(&mut plaintext, &self.workers)
    }
}

/// A thread pool of another crate, shared with the caller's other work.
pub struct Rayon {
    pool: rayon::ThreadPool,
}

impl Rayon {
    pub fn new(threads: usize) -> Result<Self, Error> {
        Ok(Self { pool: rayon::ThreadPoolBuilder::new().num_threads(threads).build()? })
    }
}

impl Executor for Rayon {
    fn name(&self) -> &'static str {
        "rayon"
    }

    fn seal(&mut self, writer: &mut Writer, mut plaintext: Bytes) -> Result<usize, WriteError> {
        let batch = writer.seal_batch(&mut plaintext)?;
        for _ in 0..self.pool.current_num_threads() {
            let job = batch.job();
            self.pool.spawn(move || {
                job.run();
            });
        }
        batch.finish()
    }
}

/// New threads for every batch.
pub struct Spawned {
    threads: usize,
}

impl Spawned {
    pub const fn new(threads: usize) -> Self {
        Self { threads }
    }
}

impl Executor for Spawned {
    fn name(&self) -> &'static str {
        "spawned"
    }

    fn seal(&mut self, writer: &mut Writer, mut plaintext: Bytes) -> Result<usize, WriteError> {
        let batch = writer.seal_batch(&mut plaintext)?;
        let job = batch.job();
        let helpers: Vec<_> = (0..self.threads)
            .map(|_| {
                let job = job.clone();
                thread::spawn(move || job.run())
            })
            .collect();
        let result = batch.finish();
        for helper in helpers {
            // If a helper panicked, the result shows it.
            let _panicked = helper.join();
        }
        result
    }
}
