//! Our writer, with an artificial clock and congestion window.

use std::time::Duration;

use wantwrite::{
    CipherSuite, Coalescing, Conditions, MAX_FRAGMENT_LEN, ReadKeys, Reader, ReaderConfig, Role,
    Sizing, TrafficSecret, Window, WriteKeys, Writer, WriterConfig,
};

use crate::Error;
use crate::work::{Opened, Sender};

pub(crate) struct Ours {
    writer: Writer,
    sizing: Sizing,
    coalescing: Coalescing,
    now: Duration,
    window: Window,
    /// The wire bytes drained since the window last grew.
    drained_in_round: usize,
}

impl Ours {
    pub(crate) fn new(
        capacity: usize,
        sizing: Sizing,
        coalescing: Coalescing,
    ) -> Result<Self, Error> {
        let mut config = WriterConfig::default();
        config.capacity = capacity;
        config.sizing = sizing;
        config.coalescing = coalescing;
        let mut ours = Self {
            writer: Writer::new(WriteKeys::from_secret(secret()?), config)?,
            sizing,
            coalescing,
            now: Duration::ZERO,
            window: FIRST_WINDOW,
            drained_in_round: 0,
        };
        ours.observe();
        Ok(ours)
    }

    /// The window doubles each time that all of it has been drained.
    fn pass_time(&mut self, drained: usize) {
        self.now += DRAIN_TIME;
        self.drained_in_round += drained;
        let round = self.window.mss.saturating_mul(self.window.cwnd);
        if self.drained_in_round >= round {
            self.drained_in_round -= round;
            self.window.cwnd = self.window.cwnd.saturating_mul(2);
        }
        self.observe();
    }

    fn observe(&mut self) {
        self.writer.observe(Conditions::at(self.now).with_window(self.window));
    }
}

impl Sender for Ours {
    fn name(&self) -> String {
        let sizing = match self.sizing {
            Sizing::Max => "Max".to_owned(),
            Sizing::Fixed(len) => format!("Fixed({len})"),
            Sizing::SlowStart(_) => "SlowStart".to_owned(),
            Sizing::Congestion(_) => "Congestion".to_owned(),
            other => format!("{other:?}"),
        };
        format!("{sizing}, coalescing {:?}", self.coalescing)
    }

    fn write(&mut self, plaintext: &[u8]) -> Result<usize, Error> {
        Ok(self.writer.write(plaintext)?)
    }

    fn drain(&mut self, max: usize, wire: &mut Vec<u8>) -> Result<usize, Error> {
        let mut drain = self.writer.drain();
        let drained = drain.remaining().min(max);
        let mut left = drained;
        while left > 0 {
            // The copy stands in for the transport.
            let len = drain.chunk().len().min(left);
            wire.extend_from_slice(&drain.chunk()[..len]);
            drain.advance(len)?;
            left -= len;
        }
        self.pass_time(drained);
        Ok(drained)
    }

    fn content_limit(&self, sent: usize) -> usize {
        let len = match self.sizing {
            Sizing::Fixed(len) => len,
            Sizing::SlowStart(slow_start)
                if u64::try_from(sent).is_ok_and(|sent| sent < slow_start.threshold) =>
            {
                slow_start.record_len.saturating_sub(RECORD_OVERHEAD)
            }
            Sizing::Congestion(_) => {
                self.window.mss.saturating_mul(self.window.cwnd).saturating_sub(RECORD_OVERHEAD)
            }
            _ => MAX_FRAGMENT_LEN,
        };
        len.clamp(1, MAX_FRAGMENT_LEN)
    }

    fn open(&mut self, mut wire: &[u8]) -> Result<Opened, Error> {
        let keys = ReadKeys::from_secret(secret()?);
        let mut reader = Reader::new(keys, Role::Server, ReaderConfig::default())?;
        let mut opened = Opened::default();
        loop {
            let taken = reader.receive(wire);
            wire = &wire[taken..];
            // There is no one to report a KeyUpdate to: this reader has no writer.
            let _events = reader.process()?;
            let content = reader.plaintext();
            let len = content.len();
            if len == 0 && taken == 0 {
                break;
            }
            if len > 0 {
                opened.lengths.push(len);
                opened.plaintext.extend_from_slice(content);
                reader.consume(len)?;
            }
        }
        Ok(opened)
    }
}

fn secret() -> Result<TrafficSecret, Error> {
    Ok(TrafficSecret::new(CipherSuite::TLS_AES_128_GCM_SHA256, &[7; 32])?)
}

/// RFC 6928's initial window over Ethernet, with TCP timestamps.
const FIRST_WINDOW: Window = Window { mss: 1448, cwnd: 10 };

const DRAIN_TIME: Duration = Duration::from_millis(1);

/// The header, the content type and the tag.
const RECORD_OVERHEAD: usize = 5 + 1 + 16;
