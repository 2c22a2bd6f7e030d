//! The table that is printed.

use std::io::{self, Write};

use crate::args::Options;
use crate::work::{BURST_LEN, BURST_WRITE, Outcome};

pub(crate) fn print_stream_head(out: &mut dyn Write, options: &Options) -> io::Result<()> {
    let Options { capacity, drain, bytes, write_size, .. } = options;
    write!(out, "{bytes} bytes, capacity {capacity}, {drain} bytes per drain, ")?;
    if *write_size < *bytes {
        writeln!(out, "writes of {write_size} bytes")?;
    } else {
        writeln!(out, "writes of everything left")?;
    }
    writeln!(
        out,
        "records in bytes of content; ideal: as many as the policy needs, never cut short\n"
    )?;
    writeln!(
        out,
        "{:<26} {:>8} {:>8} {:>8} {:>8} {:>10} {:>10} {:>8}",
        "contestant", "records", "smallest", "mean", "largest", "wire bytes", "overhead", "ideal"
    )
}

pub(crate) fn print_stream_row(
    out: &mut dyn Write,
    name: &str,
    outcome: &Outcome,
) -> io::Result<()> {
    let Outcome { lengths, plaintext_len, wire_len, ideal, .. } = outcome;
    writeln!(
        out,
        "{name:<26} {:>8} {:>8} {:>8} {:>8} {wire_len:>10} {:>10} {ideal:>8}{}",
        lengths.len(),
        lengths.iter().min().unwrap_or(&0),
        plaintext_len.checked_div(lengths.len()).unwrap_or(0),
        lengths.iter().max().unwrap_or(&0),
        percent(wire_len.saturating_sub(*plaintext_len), *plaintext_len),
        verdict(outcome),
    )
}

pub(crate) fn print_burst_head(out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "\n{} writes of {BURST_WRITE} bytes between two drains\n",
        BURST_LEN / BURST_WRITE
    )?;
    writeln!(out, "{:<26} {:>8} {:>10} {:>10}", "contestant", "records", "wire bytes", "overhead")
}

pub(crate) fn print_burst_row(
    out: &mut dyn Write,
    name: &str,
    outcome: &Outcome,
) -> io::Result<()> {
    let Outcome { lengths, plaintext_len, wire_len, .. } = outcome;
    writeln!(
        out,
        "{name:<26} {:>8} {wire_len:>10} {:>10}{}",
        lengths.len(),
        percent(wire_len.saturating_sub(*plaintext_len), *plaintext_len),
        verdict(outcome),
    )
}

/// Formats a percentage with two decimals.
fn percent(part: usize, whole: usize) -> String {
    let hundredths = part.saturating_mul(10_000) / whole.max(1);
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

const fn verdict(outcome: &Outcome) -> &'static str {
    if outcome.intact { "" } else { "  BYTES DIFFER" }
}
