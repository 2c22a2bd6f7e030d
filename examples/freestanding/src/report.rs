//! The report that is printed for a transfer.

use core::fmt;

use ring::digest::Digest;

use crate::transfer::Transferred;

pub(crate) struct Report<'a>(pub(crate) &'a Transferred);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Transferred { agreed, progress, counts, .. } = self.0;
        row(f, "suite", format_args!("{:?}, {:?}", agreed.suite.version(), agreed.suite))?;
        row(f, "resumed", if agreed.resumed { "yes" } else { "no" })?;
        row(f, "heap after the handshake", format_args!("{} bytes", agreed.heap))?;
        row(
            f,
            "sent",
            format_args!("{} bytes in {} records", progress.drained_plaintext, progress.records),
        )?;
        row(f, "ciphertext", format_args!("{} bytes", progress.drained))?;
        row(f, "KeyUpdates", progress.key_updates)?;
        row(f, "sends", format_args!("{}, {} of them short", counts.sends, counts.short_sends))?;
        row(
            f,
            "received",
            format_args!("{} bytes in {} records", self.0.received, self.0.records_opened),
        )?;
        row(f, "receives", counts.receives)?;
        row(f, "waits in poll", counts.waits)?;
        row(f, "SHA-256 sent", Hex(&self.0.digest_sent))?;
        row(f, "SHA-256 received", Hex(&self.0.digest_received))?;
        row(f, "verdict", if self.0.is_intact() { "same" } else { "DIFFERENT" })
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, value: impl fmt::Display) -> fmt::Result {
    writeln!(f, "{name:<24} {value}")
}

struct Hex<'a>(&'a Digest);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
