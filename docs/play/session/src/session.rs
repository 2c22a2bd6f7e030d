//! A writer between a program and a transport.

use alloc::vec;
use alloc::vec::Vec;

use wantwrite::{KeyUpdateRequest, TrafficSecret, WriteError, WriteKeys, Writer, WriterState};

use crate::inspector::{Inspector, Sealed};
use crate::settings::{self, SECRET, SUITE, Settings};
use crate::{Command, CommandError};

/// A writer, the program that writes to it, and the transport that drains it.
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    writer: Writer,
    inspector: Inspector,
    turn: u32,
    /// What the program wrote in the last turn.
    accepted: usize,
    refused: Option<WriteError>,
    /// What the transport accepted in the last turn.
    drained: usize,
    /// The last records that were sent whole, newest last.
    left: Vec<Sealed>,
}

/// How many sent records are remembered.
const LOG_LEN: usize = 8;

impl Session {
    /// Creates a session with the page's initial settings.
    ///
    /// # Errors
    /// Never returned: these settings are valid.
    pub fn new() -> Result<Self, CommandError> {
        Self::with(Settings::DEFAULT)
    }

    fn with(settings: Settings) -> Result<Self, CommandError> {
        let secret = TrafficSecret::new(SUITE, &SECRET).map_err(|_| CommandError::Unknown)?;
        Ok(Self {
            settings,
            writer: Writer::new(WriteKeys::from_secret(secret), settings.writer_config())?,
            inspector: Inspector::new().ok_or(CommandError::Unknown)?,
            turn: 0,
            accepted: 0,
            refused: None,
            drained: 0,
            left: Vec::new(),
        })
    }

    /// Performs a command.
    ///
    /// # Errors
    /// [`CommandError`]. The session is unchanged if a setting was rejected.
    pub fn run(&mut self, command: Command) -> Result<(), CommandError> {
        let settings = self.settings;
        match command {
            Command::Capacity(capacity) => *self = Self::with(Settings { capacity, ..settings })?,
            Command::Coalescing(coalescing) => {
                *self = Self::with(Settings { coalescing, ..settings })?;
            }
            Command::Restart => *self = Self::with(settings)?,
            Command::Write(write) => self.settings.write = write,
            Command::Drain(drain) => self.settings.drain = drain,
            Command::Sizing(sizing) => {
                self.writer.set_sizing(sizing)?;
                self.settings.sizing = sizing;
            }
            Command::Padding(padding) => {
                self.writer.set_padding(padding)?;
                self.settings.padding = padding;
            }
            Command::Turn => self.take_turn()?,
            Command::Flush => self.refused = self.writer.flush().err(),
            Command::Update => {
                self.refused = self.writer.update_keys(KeyUpdateRequest::NotRequested).err();
            }
            Command::Close => self.refused = self.writer.close().err(),
        }
        self.look()
    }

    fn look(&mut self) -> Result<(), CommandError> {
        self.inspector.look(&mut self.writer).map_err(CommandError::Unreadable)
    }

    /// The program writes once, then the transport accepts what it can.
    fn take_turn(&mut self) -> Result<(), CommandError> {
        self.turn = self.turn.saturating_add(1);
        self.writer.observe(settings::conditions(self.turn));
        let written = match self.writer.state() {
            WriterState::Open => self.writer.write(&vec![b'x'; self.settings.write]),
            _ => Err(WriteError::Closed),
        };
        self.accepted = written.unwrap_or_else(WriteError::accepted);
        self.refused = written.err();
        self.look()?;
        self.drained = 0;
        while self.drained < self.settings.drain {
            // This seals the current record if no sealed bytes are pending.
            let waits = self.writer.drain().remaining();
            self.look()?;
            let n = waits.min(self.settings.drain - self.drained);
            if n == 0 || self.writer.drain().advance(n).is_err() {
                break;
            }
            self.drained += n;
            self.inspector.on_drained(n, |record| self.left.push(record));
        }
        let too_many = self.left.len().saturating_sub(LOG_LEN);
        self.left.drain(..too_many);
        Ok(())
    }

    pub(crate) const fn writer(&self) -> &Writer {
        &self.writer
    }

    pub(crate) const fn inspector(&self) -> &Inspector {
        &self.inspector
    }

    pub(crate) const fn turn(&self) -> u32 {
        self.turn
    }

    pub(crate) const fn last_turn(&self) -> (usize, Option<WriteError>, usize) {
        (self.accepted, self.refused, self.drained)
    }

    pub(crate) fn left(&self) -> &[Sealed] {
        &self.left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The script that checks the page.
    const SCRIPT: &str = include_str!("../../session.script");

    fn replay(mut look: impl FnMut(&str, &Session)) {
        let mut session = Session::new().expect("the settings are legal");
        for line in SCRIPT.lines() {
            let command = line.parse().expect("the script contains only commands");
            session.run(command).expect("the script contains nothing illegal");
            look(line, &session);
        }
    }

    #[test]
    fn the_records_shown_are_the_pending_bytes() {
        replay(|line, session| {
            let shown: usize = session
                .inspector
                .records()
                .iter()
                .map(|record| record.wire_len - record.gone)
                .sum();
            assert_eq!(shown, session.writer.waiting(), "{line}");
        });
    }

    #[test]
    fn the_plaintext_shown_is_what_was_accepted() {
        replay(|line, session| {
            let progress = session.writer.progress();
            let waiting: usize =
                session.inspector.records().iter().map(|record| record.content).sum();
            let current = session.inspector.current(progress.accepted);
            let shown = progress.drained_plaintext + u64::try_from(waiting).unwrap_or(0) + current;
            assert_eq!(shown, progress.accepted, "{line}");
            assert!(session.writer.state() == WriterState::Open || current == 0, "{line}");
        });
    }

    #[test]
    fn the_same_commands_give_the_same_views() {
        let mut views = [Vec::new(), Vec::new()];
        for views in &mut views {
            replay(|_, session| views.push(session.view()));
        }
        assert_eq!(views[0], views[1]);
    }

    #[test]
    fn a_refused_setting_changes_nothing() {
        let mut session = Session::new().expect("the settings are legal");
        let before = session.view();
        for line in ["capacity 0", "sizing fixed 0", "sizing fixed 16385", "padding multiple 0"] {
            let command = line.parse().expect("it is a command");
            assert!(matches!(session.run(command), Err(CommandError::Config(_))), "{line}");
            assert_eq!(session.view(), before, "{line}");
        }
    }
}
