//! The commands of a session.

use wantwrite::{ConfigError, Error, Padding, Sizing};

use crate::settings::{self, MAX_CAPACITY, MAX_PER_TURN};

/// One line of a script, or one move of a control on the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Command {
    /// `capacity N`: starts over with an outbound buffer of this capacity, in bytes.
    Capacity(usize),
    /// `coalescing on` or `coalescing off`: starts over with this setting.
    Coalescing(bool),
    /// `write N`: how many bytes the program offers each turn.
    Write(usize),
    /// `drain N`: how many bytes the transport accepts each turn.
    Drain(usize),
    /// `sizing max`, `sizing fixed N`, `sizing slow-start` or `sizing congestion`.
    Sizing(Sizing),
    /// `padding none`, `padding multiple N` or `padding sizes`.
    Padding(Padding),
    /// `turn`: the program writes once, then the transport drains once.
    Turn,
    /// `flush`: seals the current record.
    Flush,
    /// `update`: asks for a KeyUpdate at the next record boundary.
    Update,
    /// `close`: ends the writing half with `close_notify`.
    Close,
    /// `restart`: starts over with the same settings.
    Restart,
}

/// Why a command had no effect.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CommandError {
    /// The text is not a command.
    Unknown,
    /// The number is missing or invalid.
    NotANumber,
    /// The number is larger than the page offers.
    TooLarge {
        /// The number given.
        given: usize,
        /// The largest one allowed.
        most: usize,
    },
    /// The engine rejects the setting.
    Config(ConfigError),
    /// A record that the writer sealed could not be opened.
    Unreadable(Error),
}

impl core::fmt::Display for CommandError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Unknown => f.write_str("expected a command, got something else"),
            Self::NotANumber => f.write_str("expected a number of bytes"),
            Self::TooLarge { given, most } => write!(f, "expected at most {most}, got {given}"),
            Self::Config(error) => write!(f, "{error}"),
            Self::Unreadable(error) => write!(f, "a sealed record does not open: {error}"),
        }
    }
}

impl core::error::Error for CommandError {}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl core::str::FromStr for Command {
    type Err = CommandError;

    fn from_str(line: &str) -> Result<Self, CommandError> {
        let mut words = line.split_whitespace();
        let mut word = || words.next().ok_or(CommandError::Unknown);
        let command = match word()? {
            "capacity" => Self::Capacity(number(word(), MAX_CAPACITY)?),
            "coalescing" => Self::Coalescing(match word()? {
                "on" => true,
                "off" => false,
                _ => return Err(CommandError::Unknown),
            }),
            "write" => Self::Write(number(word(), MAX_PER_TURN)?),
            "drain" => Self::Drain(number(word(), MAX_PER_TURN)?),
            "sizing" => Self::Sizing(match word()? {
                "max" => Sizing::Max,
                "fixed" => Sizing::Fixed(number(word(), usize::MAX)?),
                "slow-start" => settings::slow_start(),
                "congestion" => settings::congestion(),
                _ => return Err(CommandError::Unknown),
            }),
            "padding" => Self::Padding(match word()? {
                "none" => Padding::None,
                "multiple" => Padding::Multiple(number(word(), usize::MAX)?),
                "sizes" => Padding::Sizes(&settings::PADDED_SIZES),
                _ => return Err(CommandError::Unknown),
            }),
            "turn" => Self::Turn,
            "flush" => Self::Flush,
            "update" => Self::Update,
            "close" => Self::Close,
            "restart" => Self::Restart,
            _ => return Err(CommandError::Unknown),
        };
        match words.next() {
            None => Ok(command),
            Some(_) => Err(CommandError::Unknown),
        }
    }
}

fn number(word: Result<&str, CommandError>, most: usize) -> Result<usize, CommandError> {
    let given = word.ok().and_then(|word| word.parse().ok()).ok_or(CommandError::NotANumber)?;
    if given > most { Err(CommandError::TooLarge { given, most }) } else { Ok(given) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_read_with_its_number() {
        assert_eq!("write 1000".parse(), Ok(Command::Write(1000)));
        assert_eq!("  sizing fixed 512 ".parse(), Ok(Command::Sizing(Sizing::Fixed(512))));
        assert_eq!("padding multiple 16".parse(), Ok(Command::Padding(Padding::Multiple(16))));
    }

    #[test]
    fn unknown_commands_are_refused() {
        for line in ["", "writes 1", "turn 2", "coalescing maybe", "sizing"] {
            assert_eq!(line.parse::<Command>(), Err(CommandError::Unknown), "{line:?}");
        }
        for line in ["write", "write x", "drain -1", "sizing fixed"] {
            assert_eq!(line.parse::<Command>(), Err(CommandError::NotANumber), "{line:?}");
        }
        let given = MAX_CAPACITY + 1;
        let too_large = CommandError::TooLarge { given, most: MAX_CAPACITY };
        assert_eq!(alloc::format!("capacity {given}").parse::<Command>(), Err(too_large));
    }
}
