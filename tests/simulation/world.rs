//! Two hosts and the wires between them, in virtual time. A seed decides everything.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use wantwrite::*;

use crate::draw::{self, Input};
use crate::host::Host;
use crate::wire::{Cut, Micros, Wire};
use wantwrite_testing::Rng;
use wantwrite_testing::fuzzing::{SUITES, strangers};

/// More events than any world needs.
const MAX_EVENTS: u64 = 3_000_000;

/// What can happen to a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// Its program makes a call.
    Act(usize),
    /// Its event loop has something to do.
    Turn(usize),
    /// Something may have arrived.
    Arrival(usize),
}

pub struct World {
    seed: u64,
    rng: Rng,
    now: Micros,
    events: BinaryHeap<Reverse<(Micros, u64, Event)>>,
    count: u64,
    hosts: [Host; 2],
    /// `wires[at]` leads from `hosts[at]` to the other.
    wires: [Wire; 2],
    turn_is_due: [bool; 2],
    /// A hash of everything that has happened.
    trace: u64,
    is_verbose: bool,
}

/// The outcome of a world.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub trace: u64,
    pub events: u64,
    pub bytes: u64,
    pub key_updates: u64,
    /// Whether everything written was read, and both hosts saw a clean end.
    pub is_clean: bool,
}

impl World {
    pub fn new(seed: u64, is_verbose: bool) -> Self {
        let mut rng = Rng(seed);
        let (suite, config) = settings(&mut rng).unwrap();
        let mut wires = [Wire::new(&mut rng), Wire::new(&mut rng)];
        if rng.up_to(4) == 1 {
            let at = rng.next() % [100, 2000, 20_000, 200_000][rng.up_to(4) - 1];
            let cut = if rng.up_to(2) == 1 { Cut::Eof } else { Cut::Reset };
            wires[rng.up_to(2) - 1].cut = Some((at, cut));
        }
        if is_verbose {
            eprintln!("{suite:?}\n{config:#?}\n{wires:#?}");
        }
        let (client, server) = strangers(0, suite, config.clone()).unwrap();
        let longest = wires[0].moderate_len().min(wires[1].moderate_len());
        let hosts = [client, server].map(|tls| Host::new(tls, &config, longest, &mut rng));
        let mut this = Self {
            seed,
            rng,
            now: 0,
            events: BinaryHeap::new(),
            count: 0,
            hosts,
            wires,
            turn_is_due: [false; 2],
            trace: seed,
            is_verbose,
        };
        for at in 0..2 {
            this.schedule(0, Event::Act(at));
            this.turn_when_it_can(at);
        }
        this
    }

    pub fn run(mut self) -> Outcome {
        while let Some(Reverse((now, _, event))) = self.events.pop() {
            self.now = now;
            self.count += 1;
            assert!(self.count < MAX_EVENTS, "the world does not end");
            self.happen(event);
            for at in 0..2 {
                self.hosts[at].check(&self.hosts[1 - at]);
                self.turn_when_it_can(at);
            }
        }
        self.finish()
    }

    fn happen(&mut self, event: Event) {
        let amounts = match event {
            Event::Act(at) => {
                if self.hosts[at].act(&mut self.rng) {
                    let waits = self.hosts[at].tls.writer_state() == WriterState::Negotiating;
                    let pause = [1, 100, 20_000, 1_000_000][self.rng.up_to(4) - 1];
                    self.schedule_within(if waits { 1_000_000 } else { pause }, Event::Act(at));
                }
                (0, 0)
            }
            Event::Turn(at) => self.turn(at),
            Event::Arrival(at) => {
                self.wires[1 - at].arrive(self.now);
                (0, 0)
            }
        };
        let (received, sent) = amounts;
        for fact in [self.now, event_number(event), received as u64, sent as u64] {
            self.trace = Rng(self.trace ^ fact).next();
        }
        if self.is_verbose {
            let [client, server] = &self.hosts;
            let states = [client, server].map(|host| {
                let tls = &host.tls;
                (tls.writer_state(), tls.reader_state(), host.written, host.read)
            });
            eprintln!("{:>9} {event:?} received {received}, sent {sent}: {states:?}", self.now);
        }
    }

    fn turn(&mut self, at: usize) -> (usize, usize) {
        self.turn_is_due[at] = false;
        let [first, second] = &mut self.wires;
        let (to, from) = if at == 0 { (first, second) } else { (second, first) };
        if self.rng.up_to(100) == 1 {
            self.hosts[at].pauses_until = self.now + self.rng.next() % 5_000_000;
        }
        let (received, sent, arrival) = self.hosts[at].turn(from, to, self.now, &mut self.rng);
        if let Some(arrival) = arrival {
            self.schedule(arrival, Event::Arrival(1 - at));
        }
        match self.wires[at].reaches_cut() {
            Some(Cut::Eof) if !self.wires[at].is_shut() => {
                let end = self.wires[at].shut(self.now, &mut self.rng);
                self.schedule(end, Event::Arrival(1 - at));
            }
            Some(Cut::Reset) if !(self.wires[0].is_shut() && self.wires[1].is_shut()) => {
                for wire in &mut self.wires {
                    wire.reset(self.now);
                }
            }
            _ => {}
        }
        (received, sent)
    }

    fn turn_when_it_can(&mut self, at: usize) {
        let (to, from) = (&self.wires[at], &self.wires[1 - at]);
        let is_paused = self.now < self.hosts[at].pauses_until;
        if self.turn_is_due[at] {
            return;
        }
        if self.hosts[at].can_turn(from, to, self.now) {
            self.turn_is_due[at] = true;
            self.schedule_within(20, Event::Turn(at));
        } else if is_paused {
            let end = self.hosts[at].pauses_until;
            self.turn_is_due[at] = true;
            self.schedule(end, Event::Turn(at));
        }
    }

    fn schedule_within(&mut self, pause: Micros, event: Event) {
        let time = self.now + self.rng.next() % pause;
        self.schedule(time, event);
    }

    fn schedule(&mut self, time: Micros, event: Event) {
        self.count += 1;
        self.events.push(Reverse((time, self.count, event)));
    }

    /// Computes the outcome after the last event.
    fn finish(self) -> Outcome {
        let [client, server] = &self.hosts;
        let is_whole = self.wires.iter().all(|wire| wire.reaches_cut().is_none());
        let is_clean = is_whole && client.is_honest() && server.is_honest();
        for (at, (host, other)) in [(client, server), (server, client)].into_iter().enumerate() {
            assert!(host.is_over(&self.wires[at]), "the world hangs");
            host.check_error(other, is_whole);
            if is_clean {
                host.check_clean(other);
            }
        }
        Outcome {
            trace: self.trace,
            events: self.count,
            bytes: client.read + server.read,
            key_updates: client.tls.writer().progress().key_updates
                + server.tls.writer().progress().key_updates,
            is_clean,
        }
    }
}

/// Draws the settings that both endpoints share.
fn settings(rng: &mut Rng) -> draw::Result<(CipherSuite, ConnectionConfig)> {
    let bytes = rng.bytes(200);
    let mut input = Input::new(&bytes);
    let suite = *input.choose(&SUITES)?;
    let mut config = ConnectionConfig::default();
    config.writer = draw::writer_config(&mut input)?;
    config.reader.buffers = draw::buffers(&mut input)?;
    config.reader.capacity = input.int_in_range(MAX_RECORD_LEN..=5 * MAX_RECORD_LEN)?;
    config.tls12_close = draw::tls12_close(&mut input)?;
    // A drawn key limit can be as short as one record.
    config.reader.limits.key_updates = Credit { initial: u32::MAX, saved: u32::MAX, cost: 1 };
    Ok((suite, config))
}

const fn event_number(event: Event) -> u64 {
    match event {
        Event::Act(at) => at as u64,
        Event::Turn(at) => 2 + at as u64,
        Event::Arrival(at) => 4 + at as u64,
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "seed {} at {} us; again: ./check sim --seed {}",
                self.seed, self.now, self.seed
            );
        }
    }
}
