//! Sealing one connection's records on several processors.
//!
//! The order is fixed first: each record gets its place, its sequence number and its share of the
//! key's budget. After that, the records can be copied and sealed in any order.

use alloc::sync::Arc;
use core::{fmt, mem};

use bytes::{Buf, Bytes};

use super::Writer;
use super::jobs::{Record, SealJob, Shared, Tasks};
use super::state::Life;
use crate::error::{Error, WriteError};

/// Accepted records that are being sealed, by [`SealJob`]s on other threads and by
/// [`finish`](Self::finish) on this one. Dropping a batch finishes it.
///
/// The bytes are the same as those of [`write`](crate::Writer::write) followed by
/// [`flush`](crate::Writer::flush), regardless of which thread seals which record and in what
/// order.
///
/// Leaking a batch ([`core::mem::forget`]) leaves a gap in the records, so the writer fails with
/// [`Error::SealingAbandoned`]. Sealed bytes that share a segment with the batch's first record are
/// lost too, so what you can still drain does not have to end with a whole record.
#[must_use = "dropping a batch finishes it but discards its error"]
pub struct Batch<'a> {
    /// `None` once the batch is finished.
    writer: Option<&'a mut Writer>,
    /// What the writer may seal after the batch: it can have failed after some records were planned.
    life: Life,
    shared: Arc<Shared>,
    result: Result<usize, WriteError>,
}

impl Writer {
    /// Accepts as much of the start of `plaintext` as there is room for and removes it from
    /// `plaintext`. This thread seals its records together with every thread that runs a
    /// [`job`](Batch::job) of the batch. The records are the same as those of `write` followed by
    /// [`flush`](Self::flush).
    ///
    /// The thread that seals a record also copies its plaintext. This pays off from about 128 KiB
    /// with threads that are awake, and from about 512 KiB with threads that sleep.
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
    /// The same as [`write`](Self::write). Errors after partial acceptance are returned by
    /// [`Batch::finish`].
    pub fn seal_batch(&mut self, plaintext: &mut Bytes) -> Result<Batch<'_>, WriteError> {
        self.check_open()?;
        let filled = self.fill_current(plaintext)?;
        let mut tasks = Tasks::default();
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
        let shared = tasks.share(&mut self.buffer, &plaintext);
        let life = mem::replace(&mut self.life, Life::Sealing);
        Ok(Batch { writer: Some(self), life, shared, result })
    }

    /// Fills the current record as far as it has room. Returns how many bytes were removed from
    /// `plaintext`.
    fn fill_current(&mut self, plaintext: &mut Bytes) -> Result<usize, WriteError> {
        if self.record.is_none() || plaintext.is_empty() {
            return Ok(0);
        }
        let mut front = plaintext.split_to(plaintext.len().min(self.free_range().len()));
        self.write_and_end(&mut front)
    }

    /// Like `write`, but ends the record. Removes what was accepted from `plaintext`.
    pub(super) fn write_and_end(&mut self, plaintext: &mut Bytes) -> Result<usize, WriteError> {
        let result = self.write(plaintext);
        let accepted = result.unwrap_or_else(WriteError::accepted);
        plaintext.advance(accepted);
        if accepted > 0 {
            self.end_record(accepted)?;
        }
        result
    }

    /// Plans records for `len` bytes as `write` does. Returns how many bytes there was room for.
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
            let padding = self.planner.policy_of(&record).padding(content_len);
            let reserved = self.sealer.as_mut().and_then(|sealer| {
                let reserved = sealer.reserve(content_len, padding)?;
                Some((reserved, tasks.key_of(sealer, self.counts.key_updates())))
            });
            let Some((reserved, key)) = reserved else {
                // Not reached: the budget, which counts sequence numbers, was checked.
                self.end_with(Error::KeysExhausted);
                return (accepted, Err(WriteError::Failed { accepted }));
            };
            let (segment, start) = self.buffer.seal_later(reserved.record_len(), content_len);
            tasks.add(segment, Record::new(reserved, key, start, accepted));
            accepted += content_len;
            self.count_record(content_len, content_len == record_limit);
        }
        (accepted, Ok(()))
    }
}

impl Batch<'_> {
    /// A batch with nothing left to seal.
    pub(crate) fn of_nothing(result: Result<usize, WriteError>) -> Self {
        Self { writer: None, life: Life::Open, shared: Arc::default(), result }
    }

    /// Returns a job that lets another thread seal some of the records.
    #[must_use]
    pub fn job(&self) -> SealJob {
        SealJob::of(&self.shared)
    }

    /// The number of tasks that can run in parallel, each a segment of about 16 KiB. More threads
    /// than that do not help.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.shared.len()
    }

    /// Seals the tasks that no thread has begun, waits for the others, and returns how many bytes
    /// of plaintext were accepted.
    ///
    /// # Errors
    /// The same as [`write`](crate::Writer::write).
    pub fn finish(mut self) -> Result<usize, WriteError> {
        self.end()
    }

    fn end(&mut self) -> Result<usize, WriteError> {
        let Some(writer) = self.writer.take() else {
            return self.result;
        };
        let Some(segments) = self.shared.finish() else {
            writer.life = Life::Failed(Error::SealingAbandoned);
            return Err(WriteError::Failed { accepted: 0 });
        };
        writer.life = self.life;
        writer.buffer.attach(segments);
        self.result
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        // To see the error, the caller uses `finish`.
        let _unasked = self.end();
    }
}

impl fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("tasks", &self.tasks()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

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
    fn finish_seals_jobs_that_were_taken_but_never_started() {
        let plaintext = Bytes::from_static(&[1; 60_000]);
        let mut serial = writer();
        serial.write_atomic(&plaintext).unwrap();
        serial.flush().unwrap();
        let expected = drain(&mut serial);
        for taken in 0..=4 {
            let mut writer = writer();
            let batch = writer.seal_batch(&mut plaintext.clone()).unwrap();
            assert_eq!(batch.tasks(), 4);
            // Like a thread that is interrupted at this point.
            assert!((0..taken).all(|_| batch.shared.takes_one()));
            assert_eq!(batch.finish(), Ok(60_000));
            assert!(drain(&mut writer) == expected, "{taken} taken");
        }
    }
}
