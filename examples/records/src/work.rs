//! The work that every contestant does, and what is measured.

use crate::Error;

/// Something that makes records of plaintext and holds them for a slow transport.
pub(crate) trait Sender {
    fn name(&self) -> String;

    /// Offers `plaintext`; returns how much was taken.
    fn write(&mut self, plaintext: &[u8]) -> Result<usize, Error>;

    /// The transport takes at most `max` bytes, which go to the end of `wire`. Returns how many.
    fn drain(&mut self, max: usize, wire: &mut Vec<u8>) -> Result<usize, Error>;

    /// The most content that the policy allows, now, for a record behind `sent` bytes of
    /// plaintext. At least 1.
    fn content_limit(&self, sent: usize) -> usize;

    /// Opens all that was drained.
    fn open(&mut self, wire: &[u8]) -> Result<Opened, Error>;
}

/// What a receiver finds in the wire bytes.
#[derive(Default)]
pub(crate) struct Opened {
    /// Content of each record, in bytes.
    pub(crate) lengths: Vec<usize>,
    pub(crate) plaintext: Vec<u8>,
}

pub(crate) struct Outcome {
    /// Content of each record, in bytes.
    pub(crate) lengths: Vec<usize>,
    pub(crate) plaintext_len: usize,
    pub(crate) wire_len: usize,
    /// Records that the policy needs if it is never cut short.
    pub(crate) ideal: usize,
    /// Whether the receiver has got what was sent, all of it in records that were counted.
    pub(crate) intact: bool,
}

/// Offers all of `plaintext`, at most `write_size` bytes at a time, whenever there is room;
/// between that the transport takes `drain` bytes.
pub(crate) fn stream(
    sender: &mut dyn Sender,
    plaintext: &[u8],
    write_size: usize,
    drain: usize,
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
        }
        if sender.drain(drain, &mut wire)? == 0 {
            break;
        }
    }
    if !rest.is_empty() {
        return Err(format!("{} takes nothing though all is drained", sender.name()).into());
    }
    outcome(sender, plaintext, &wire, &ideal)
}

/// Writes `plaintext`, [`BURST_WRITE`] bytes at a time, while nothing is drained; then drains.
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

/// 100 writes.
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

/// Packs what was taken into records each of which is as long as the policy allows when it begins.
#[derive(Default)]
struct Ideal {
    records: usize,
    /// Plaintext so far.
    sent: usize,
    /// What the last record can still hold.
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
