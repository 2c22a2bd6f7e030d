//! One direction of the simulated link: a stream of bytes with a window, delays, stalls, and
//! possibly an early end.

use std::collections::VecDeque;

use wantwrite_testing::Rng;
use wantwrite_testing::raw_peer::HEADER_LEN;

/// Microseconds of the world's time.
pub type Micros = u64;

/// What happens where the stream is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Later bytes are lost, and the receiver sees the end of the stream.
    Eof,
    /// Both directions are lost, including the bytes in transit.
    Reset,
}

#[derive(Debug)]
pub struct Wire {
    /// How many bytes can be in transit or waiting to be received.
    window: usize,
    /// The longest segment.
    mtu: usize,
    latency: Micros,
    jitter: Micros,
    /// One in this many segments stalls.
    stalls: usize,
    pub cut: Option<(u64, Cut)>,

    sent: u64,
    on_the_way: VecDeque<(Micros, Vec<u8>)>,
    held: VecDeque<u8>,
    /// When everything sent so far will have arrived.
    last_arrival: Micros,
    is_shut: bool,
    end_arrives: Option<Micros>,
    records: Records,
}

impl Wire {
    pub fn new(rng: &mut Rng) -> Self {
        let window = match rng.up_to(16) {
            1 => rng.up_to(3),
            2..=4 => rng.up_to(100),
            5..=8 => rng.up_to(3000),
            _ => rng.up_to(200_000),
        };
        Self {
            window,
            mtu: if rng.up_to(4) == 1 { rng.up_to(50) } else { rng.up_to(20_000) },
            latency: [0, 1, 100, 50_000][rng.up_to(4) - 1],
            jitter: [1, 1, 1000, 100_000][rng.up_to(4) - 1],
            stalls: [50, 1000, usize::MAX][rng.up_to(3) - 1],
            cut: None,
            sent: 0,
            on_the_way: VecDeque::new(),
            held: VecDeque::new(),
            last_arrival: 0,
            is_shut: false,
            end_arrives: None,
            records: Records::default(),
        }
    }

    /// How many bytes the sender can send now.
    pub fn room(&self) -> usize {
        let waits = self.on_the_way.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
        if self.is_shut { 0 } else { self.window - waits - self.held.len() }
    }

    /// A length that does not take forever with a window of a few bytes.
    pub fn moderate_len(&self) -> usize {
        (self.window * 50).clamp(300, 60_000)
    }

    /// Sends bytes. Returns how many were sent, and when they arrive.
    pub fn send(&mut self, bytes: &[u8], now: Micros, rng: &mut Rng) -> (usize, Micros) {
        let len = bytes.len().min(self.room()).min(self.mtu);
        let mut bytes = &bytes[..len];
        self.records.pass(bytes);
        if let Some((at, _)) = self.cut {
            bytes = &bytes[..len.min((at - self.sent.min(at)) as usize)];
        }
        self.sent += len as u64;
        let arrival = self.arrival(now, rng);
        if bytes.is_empty() {
            return (len, arrival);
        }
        self.on_the_way.push_back((arrival, bytes.to_vec()));
        (len, arrival)
    }

    /// Ends the stream. Returns when the receiver sees the end.
    pub fn shut(&mut self, now: Micros, rng: &mut Rng) -> Micros {
        self.is_shut = true;
        let arrival = self.arrival(now, rng);
        self.end_arrives = Some(arrival);
        arrival
    }

    pub fn is_shut(&self) -> bool {
        self.is_shut
    }

    /// The cut, if the sent bytes have reached it.
    pub fn reaches_cut(&self) -> Option<Cut> {
        self.cut.filter(|(at, _)| self.sent >= *at).map(|(_, cut)| cut)
    }

    /// Discards everything in transit.
    pub fn reset(&mut self, now: Micros) {
        self.on_the_way.clear();
        self.is_shut = true;
        self.end_arrives = Some(now);
    }

    /// Delivers what has arrived by now.
    pub fn arrive(&mut self, now: Micros) {
        while self.on_the_way.front().is_some_and(|(arrival, _)| *arrival <= now) {
            self.held.extend(self.on_the_way.pop_front().unwrap().1);
        }
    }

    /// The bytes that can be received.
    pub fn held(&mut self) -> &[u8] {
        self.held.make_contiguous()
    }

    pub fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    pub fn received(&mut self, n: usize) {
        self.held.drain(..n);
    }

    /// Whether the receiver has received everything and sees the end.
    pub fn has_ended(&self, now: Micros) -> bool {
        let is_last = self.on_the_way.is_empty() && self.held.is_empty();
        is_last && self.end_arrives.is_some_and(|arrival| arrival <= now)
    }

    /// Whether the sent bytes end with a whole record.
    pub fn ends_with_a_record(&self) -> bool {
        self.records.missing == 0 && self.records.header.is_empty()
    }

    fn arrival(&mut self, now: Micros, rng: &mut Rng) -> Micros {
        const STALL: Micros = 10_000_000;
        let stall = if rng.up_to(self.stalls) == 1 { STALL } else { 0 };
        let delay = self.latency + rng.next() % self.jitter + stall;
        self.last_arrival = self.last_arrival.max(now + delay);
        self.last_arrival
    }
}

/// Checks that the stream is a sequence of records, none longer than the protocol allows.
#[derive(Debug, Default)]
struct Records {
    header: Vec<u8>,
    /// Bytes of the record that are still missing.
    missing: usize,
}

impl Records {
    fn pass(&mut self, mut bytes: &[u8]) {
        const MAX_CIPHERTEXT_LEN: usize = 16_384 + 256;
        while !bytes.is_empty() {
            if self.missing == 0 {
                let (head, rest) = bytes.split_at(bytes.len().min(HEADER_LEN - self.header.len()));
                self.header.extend_from_slice(head);
                bytes = rest;
                if let [kind, major, _, hi, lo] = self.header[..] {
                    self.missing = usize::from(u16::from_be_bytes([hi, lo]));
                    assert!((20..=23).contains(&kind) && major == 3, "not a record");
                    assert!((1..=MAX_CIPHERTEXT_LEN).contains(&self.missing), "its length");
                    self.header.clear();
                }
            }
            let n = self.missing.min(bytes.len());
            self.missing -= n;
            bytes = &bytes[n..];
        }
    }
}
