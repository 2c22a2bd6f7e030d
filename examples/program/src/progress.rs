//! The progress of long work, for a user who watches it on a terminal.

use std::fmt;
use std::io::{self, IsTerminal, Read, Write};
use std::time::{Duration, Instant};

/// Shows on standard error how much of the work is done. Without a terminal, it prints nothing.
///
/// It redraws one line, without colours or escape sequences, and erases it when it is dropped.
/// Drop it before printing anything else.
#[derive(Debug)]
pub struct ProgressLine {
    unit: Unit,
    total: Option<u64>,
    done: u64,
    start: Instant,
    /// When the line is due. `None` without a terminal.
    due: Option<Instant>,
    /// The length of the line on the terminal, in columns.
    drawn: usize,
}

#[derive(Debug)]
enum Unit {
    Bytes,
    Steps(&'static str),
}

/// How long a line stays before it is drawn again.
const INTERVAL: Duration = Duration::from_millis(200);

impl ProgressLine {
    /// Counts bytes. The total can be unknown.
    #[must_use]
    pub fn bytes(total: Option<u64>) -> Self {
        Self::new(Unit::Bytes, total)
    }

    /// Counts `total` steps of the same kind, which are named in the plural.
    #[must_use]
    pub fn steps(total: u64, name: &'static str) -> Self {
        Self::new(Unit::Steps(name), Some(total))
    }

    fn new(unit: Unit, total: Option<u64>) -> Self {
        let start = Instant::now();
        let due = io::stderr().is_terminal().then_some(start);
        let mut this = Self { unit, total, done: 0, start, due, drawn: 0 };
        this.set(0);
        this
    }

    /// Sets how many bytes or steps are done.
    pub fn set(&mut self, done: u64) {
        self.done = done;
        if self.is_due() {
            self.due = Some(Instant::now() + INTERVAL);
            self.draw(&self.line());
        }
    }

    /// Adds to the number of bytes or steps that are done.
    pub fn add(&mut self, more: u64) {
        self.set(self.done + more);
    }

    /// Returns how many bytes or steps are done.
    #[must_use]
    pub const fn done(&self) -> u64 {
        self.done
    }

    /// Returns whether the next [`set`](Self::set) draws the line. Only then is it worth finding
    /// out how much is done, if that takes long.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.due.is_some_and(|due| Instant::now() >= due)
    }

    fn line(&self) -> String {
        let elapsed = self.start.elapsed();
        match (&self.unit, self.total) {
            (Unit::Bytes, total) => {
                let of = total.map_or_else(String::new, |total| format!(" of {}", Size(total)));
                format!("{}{of}, {}/s", Size(self.done), Size(per_second(self.done, elapsed)))
            }
            (Unit::Steps(name), total) => {
                format!("{} of {} {name}, {} s", self.done, total.unwrap_or(0), elapsed.as_secs())
            }
        }
    }

    /// Spaces overwrite the rest of a longer line.
    fn draw(&mut self, line: &str) {
        let _unseen = write!(io::stderr(), "\r{line:0$}", self.drawn);
        self.drawn = line.len();
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if self.drawn > 0 {
            self.draw("");
            let _unseen = write!(io::stderr(), "\r");
        }
    }
}

/// A source whose bytes are counted.
#[derive(Debug)]
pub struct Counted<R> {
    source: R,
    progress: ProgressLine,
}

impl<R> Counted<R> {
    /// Counts the bytes of `source`, and shows them if `progress` does.
    pub const fn new(source: R, progress: ProgressLine) -> Self {
        Self { source, progress }
    }

    /// Returns how many bytes were read.
    pub const fn done(&self) -> u64 {
        self.progress.done()
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(buf)?;
        self.progress.add(n.try_into().unwrap_or(u64::MAX));
        Ok(n)
    }
}

/// A number of bytes, printed with a binary prefix: "1.50 MiB".
#[derive(Clone, Copy, Debug)]
pub struct Size(pub u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(bytes) = *self;
        for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] {
            if bytes >> shift > 0 {
                let hundredths = (u128::from(bytes) * 100 + (1 << (shift - 1))) >> shift;
                return write!(f, "{}.{:02} {unit}", hundredths / 100, hundredths % 100);
            }
        }
        write!(f, "{bytes} B")
    }
}

/// Returns a rate in bytes per second.
#[must_use]
pub fn per_second(bytes: u64, elapsed: Duration) -> u64 {
    let nanos = elapsed.as_nanos().max(1);
    u64::try_from(u128::from(bytes) * 1_000_000_000 / nanos).unwrap_or(u64::MAX)
}
