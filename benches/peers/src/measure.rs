//! Contestants take turns within one process, so that changes in the machine's speed affect all of
//! them.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::Error;
use crate::peer::{Peer, Sealing};
#[cfg(feature = "boring")]
use crate::peers::BoringSsl;
#[cfg(feature = "rustls-next")]
use crate::peers::RustlsNext;
#[cfg(feature = "s2n")]
use crate::peers::S2n;
use crate::peers::{
    Coalesced, OpenSsl, Ours, Rustls, RustlsBehindBufWriter, Slot, Write, WriteOwned,
};
#[cfg(feature = "gnutls")]
use crate::peers::{GnuTls, GnuTlsCorked};
#[cfg(feature = "aws-lc")]
use crate::peers::{SlotByAwsLc, WriteByAwsLc};
use crate::server::Setup;
#[cfg(feature = "aws-lc")]
use contestants::AwsLcEach;
use contestants::{Contestant, RingAndCopy, RingEach, Suite};

/// A number of writes of a number of bytes each, and then a drain.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) bytes: usize,
    pub(crate) writes: usize,
}

pub(crate) const CASES: [Case; 9] = [
    Case { bytes: 16, writes: 1 },
    Case { bytes: 64, writes: 1 },
    Case { bytes: 256, writes: 1 },
    Case { bytes: 1 << 10, writes: 1 },
    Case { bytes: 4 << 10, writes: 1 },
    Case { bytes: 16 << 10, writes: 1 },
    Case { bytes: 64 << 10, writes: 1 },
    Case { bytes: 1 << 20, writes: 1 },
    Case { bytes: 64, writes: 100 },
];

/// The bytes that a contestant seals in one turn, with an allowance per record.
const WORK: usize = 1 << 20;
/// The bytes that are prepared together, with an allowance for memory. Few enough to still be in
/// the cache when they are used, and enough that reading the clock costs little in comparison.
const BATCH: usize = 256 << 10;

pub(crate) struct Measured {
    /// The time that ring alone takes for one write, in nanoseconds.
    pub(crate) ring: f64,
    /// The others' times as multiples of that.
    pub(crate) ratios: Vec<(&'static str, f64)>,
}

/// Returns medians over the rounds. Each ratio is of times from the same round.
pub(crate) fn measure(suite: Suite, case: Case, rounds: usize) -> Result<Measured, Error> {
    let mut contestants = line_up(suite, case)?;
    let Case { bytes, writes } = case;
    let batch = (BATCH / (writes * (bytes + 64))).max(1);
    let batches = (WORK / (writes * (bytes + 1024))).div_ceil(batch).max(1);
    let mut times = vec![Vec::with_capacity(rounds); contestants.len()];
    for _ in 0..rounds {
        for (contestant, times) in contestants.iter_mut().zip(&mut times) {
            // Brings the contestant's memory back into the cache.
            contestant.prepare(1);
            contestant.seal()?;
            let mut time = Duration::ZERO;
            for _ in 0..batches {
                contestant.prepare(batch);
                let start = cpu_time()?;
                for _ in 0..batch {
                    contestant.seal()?;
                }
                time += cpu_time()? - start;
            }
            times.push(time.as_secs_f64());
        }
    }
    let (ring, others) = times.split_first().ok_or("no contestant")?;
    let sealed = f64::from(u32::try_from(batches * batch * writes)?);
    let ratios = others.iter().zip(&contestants[1..]).map(|(times, contestant)| {
        let ratios = times.iter().zip(ring).map(|(time, ring)| time / ring);
        (contestant.name(), median(ratios.collect()))
    });
    Ok(Measured {
        ring: median(ring.iter().map(|time| time * 1e9 / sealed).collect()),
        ratios: ratios.collect(),
    })
}

/// ring alone comes first.
fn line_up(suite: Suite, case: Case) -> Result<Vec<Box<dyn Contestant>>, Error> {
    let mut line_up = LineUp { setup: Setup::new(suite)?, case, contestants: Vec::new() };
    line_up.contestants.push(Box::new(RingEach::new(suite, case.bytes, case.writes)?));
    if case.writes == 1 {
        line_up.contestants.push(Box::new(RingAndCopy::new(suite, case.bytes)?));
    }
    line_up.peer::<Ours<Write>>()?;
    line_up.peer::<Ours<Slot>>()?;
    line_up.peer::<Ours<WriteOwned>>()?;
    #[cfg(feature = "aws-lc")]
    {
        line_up.contestants.push(Box::new(AwsLcEach::new(suite, case.bytes, case.writes)?));
        line_up.peer::<Ours<WriteByAwsLc>>()?;
        line_up.peer::<Ours<SlotByAwsLc>>()?;
    }
    line_up.peer::<Rustls>()?;
    #[cfg(feature = "rustls-next")]
    line_up.peer::<RustlsNext>()?;
    #[cfg(feature = "s2n")]
    line_up.peer::<S2n>()?;
    #[cfg(feature = "boring")]
    line_up.peer::<BoringSsl>()?;
    #[cfg(feature = "gnutls")]
    line_up.peer::<GnuTls>()?;
    line_up.peer::<OpenSsl>()?;
    if case.writes > 1 {
        line_up.peer::<Ours<Coalesced>>()?;
        line_up.peer::<RustlsBehindBufWriter>()?;
        #[cfg(feature = "gnutls")]
        line_up.peer::<GnuTlsCorked>()?;
    }
    Ok(line_up.contestants)
}

struct LineUp {
    setup: Setup,
    case: Case,
    contestants: Vec<Box<dyn Contestant>>,
}

impl LineUp {
    fn peer<P: Peer + 'static>(&mut self) -> Result<(), Error> {
        self.contestants.push(Box::new(Sealing::<P>::new(&self.setup, self.case)?));
        Ok(())
    }
}

/// The CPU time of this thread, which does not include other work on the machine.
fn cpu_time() -> Result<Duration, Error> {
    Ok(clock_gettime(ClockId::ThreadCPUTime).try_into()?)
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
