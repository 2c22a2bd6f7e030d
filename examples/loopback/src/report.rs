//! The table printed at the end.

use std::fmt;

use program::{Size, per_second};
use ring::digest::Digest;

use crate::args::Options;
use crate::transfer::Sent;
use loopback::peer::Received;

pub(crate) struct Report<'a> {
    pub(crate) options: &'a Options,
    pub(crate) sent: &'a Sent,
    pub(crate) received: &'a Received,
}

impl Report<'_> {
    /// Returns whether the peer has received exactly the plaintext that was to be sent.
    pub(crate) fn is_intact(&self) -> bool {
        self.sent.progress.drained_plaintext == self.options.bytes
            && self.received.bytes == self.options.bytes
            && self.received.digest.as_ref() == self.sent.digest.as_ref()
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (options, received) = (self.options, self.received);
        let (progress, counts) = (&self.sent.progress, &self.sent.counts);
        let per_second = per_second(progress.drained_plaintext, self.sent.elapsed);
        let record = mean(progress.accepted, progress.records);
        let drain = mean(progress.drained, counts.drains);

        row(f, "ours", format_args!("{:?}, {:?}", options.role, options.suite))?;
        row(f, "sent", format_args!("{} bytes", progress.drained_plaintext))?;
        row(f, "received", format_args!("{} bytes", received.bytes))?;
        row(
            f,
            "throughput",
            format_args!(
                "{}/s (the peer paused {} times, {} of {} ms)",
                Size(per_second),
                received.pauses,
                received.paused.as_millis(),
                self.sent.elapsed.as_millis(),
            ),
        )?;
        row(f, "records", progress.records)?;
        row(f, "mean record", format_args!("{record} bytes of plaintext"))?;
        row(f, "bytes per drain", format_args!("{drain} in {} drains", counts.drains))?;
        row(f, "short drains", counts.short_drains)?;
        row(f, "buffer full (want write)", counts.full)?;
        row(f, "partial writes", counts.partial_writes)?;
        row(f, "waits for the socket", counts.waits)?;
        row(f, "KeyUpdates", progress.key_updates)?;
        row(
            f,
            "peak held",
            format_args!(
                "{} bytes sealed; buffers of {} bytes",
                counts.peak_waiting, counts.peak_memory
            ),
        )?;
        row(f, "SHA-256 sent", hex(&self.sent.digest))?;
        row(f, "SHA-256 received", hex(&received.digest))?;
        row(f, "verdict", if self.is_intact() { "same" } else { "DIFFERENT" })
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, value: impl fmt::Display) -> fmt::Result {
    writeln!(f, "{name:<25} {value}")
}

fn mean(sum: u64, count: u64) -> u64 {
    sum.checked_div(count).unwrap_or(0)
}

fn hex(digest: &Digest) -> String {
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
