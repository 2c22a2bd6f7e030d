//! The work that every contestant does, and the measurements.

use program::ProgressLine;

use crate::Error;

/// A contestant: seals plaintext into records and holds them for a slow transport.
pub(crate) trait Sender {
    fn name(&self) -> String;

    /// Offers `plaintext`, and returns how much was accepted.
    fn write(&mut self, plaintext: &[u8]) -> Result<usize, Error>;

    /// Moves at most `max` bytes to the end of `wire`, as the transport, and returns how many.
    fn drain(&mut self, max: usize, wire: &mut Vec<u8>) -> Result<usize, Error>;

    /// Returns the most content that the policy now allows in a record that begins after `sent`
    /// bytes of plaintext. At least 1.
    fn content_limit(&self, sent: usize) -> usize;

    /// Opens everything that was drained.
    fn open(&mut self, wire: &[u8]) -> Result<Opened, Error>;
}

/// What a receiver finds in the wire bytes.
#[derive(Default)]
pub(crate) struct Opened {
    /// The content of each record, in bytes.
    pub(crate) lengths: Vec<usize>,
    pub(crate) plaintext: Vec<u8>,
}

pub(crate) struct Outcome {
    /// The content of each record, in bytes.
    pub(crate) lengths: Vec<usize>,
    pub(crate) plaintext_len: usize,
    pub(crate) wire_len: usize,
    /// The number of records that the policy needs if nothing cuts a record short.
    pub(crate) ideal: usize,
    /// Whether the receiver got exactly the plaintext sent, all of it in records that were counted.
    pub(crate) intact: bool,
}

/// Offers all of `plaintext`, at most `write_size` bytes at a time, whenever there is room. In
/// between, the transport accepts `drain` bytes.
pub(crate) fn stream(
    sender: &mut dyn Sender,
    plaintext: &[u8],
    write_size: usize,
    drain: usize,
    line: &mut ProgressLine,
) -> Result<Outcome, Error> {
    let mut wire = Vec::new();
    let mut ideal = Ideal::default();
    let mut rest = plaintext;
    loop {
        while !rest.is_empty() {
            let taken = sender.write(&rest[..rest.len().min(write_size)])?;
            if taken == 0 {
                break;
            }
            ideal.add(taken, sender);
            rest = &rest[taken..];
            line.add(taken.try_into()?);
        }
        if sender.drain(drain, &mut wire)? == 0 {
            break;
        }
    }
    if !rest.is_empty() {
        return Err(
            format!("{} accepts nothing although everything is drained", sender.name()).into()
        );
    }
    outcome(sender, plaintext, &wire, &ideal)
}

/// Writes `plaintext`, [`BURST_WRITE`] bytes at a time, without draining, and then drains it all.
pub(crate) fn burst(
    sender: &mut dyn Sender,
    plaintext: &[u8],
    drain: usize,
) -> Result<Outcome, Error> {
    let mut wire = Vec::new();
    let mut ideal = Ideal::default();
    for write in plaintext.chunks(BURST_WRITE) {
        if sender.write(write)? < write.len() {
            return Err(format!("{} has no room for the burst", sender.name()).into());
        }
        ideal.add(write.len(), sender);
    }
    while sender.drain(drain, &mut wire)? > 0 {}
    outcome(sender, plaintext, &wire, &ideal)
}

pub(crate) const BURST_WRITE: usize = 10;

/// The length of 100 writes.
pub(crate) const BURST_LEN: usize = 100 * BURST_WRITE;

fn outcome(
    sender: &mut dyn Sender,
    plaintext: &[u8],
    wire: &[u8],
    ideal: &Ideal,
) -> Result<Outcome, Error> {
    let opened = sender.open(wire)?;
    Ok(Outcome {
        intact: opened.plaintext == plaintext
            && opened.lengths.iter().sum::<usize>() == plaintext.len(),
        lengths: opened.lengths,
        plaintext_len: plaintext.len(),
        wire_len: wire.len(),
        ideal: ideal.records,
    })
}

/// Counts the records that accepted plaintext needs, if each is as long as the policy allows when
/// it begins.
#[derive(Default)]
struct Ideal {
    records: usize,
    /// The plaintext so far.
    sent: usize,
    /// The space left in the last record.
    free: usize,
}

impl Ideal {
    fn add(&mut self, len: usize, sender: &dyn Sender) {
        let end = self.sent + len;
        while self.sent < end {
            if self.free == 0 {
                self.free = sender.content_limit(self.sent);
                self.records += 1;
            }
            let n = self.free.min(end - self.sent);
            self.free -= n;
            self.sent += n;
        }
    }
}
