//! What the server does with a connection's plaintext.

use std::path::PathBuf;

use crate::Error;
use crate::args::Mode;
use crate::echo::Echo;
use crate::engine::Engine;
use crate::http::Http;
use crate::stats::Stats;

/// What all connections share.
pub(crate) struct Site {
    /// The directory of static files, with all links resolved.
    pub(crate) root: Option<PathBuf>,
    pub(crate) update_keys_every: Option<u64>,
    pub(crate) stats: Stats,
}

pub(crate) enum App {
    Http(Http),
    Echo(Echo),
}

impl App {
    pub(crate) fn new(mode: Mode) -> Self {
        match mode {
            Mode::Http => Self::Http(Http::default()),
            Mode::Echo => Self::Echo(Echo::default()),
        }
    }

    /// Takes one step, if there is plaintext or room for it. Returns whether it did anything.
    ///
    /// # Errors
    /// The connection must be closed.
    pub(crate) fn step(&mut self, tls: &mut impl Engine, site: &mut Site) -> Result<bool, Error> {
        match self {
            Self::Http(http) => http.step(tls, site),
            Self::Echo(echo) => echo.step(tls),
        }
    }

    /// Returns whether everything has been written, so that the connection should be closed.
    pub(crate) const fn is_done(&self) -> bool {
        match self {
            Self::Http(http) => http.is_done(),
            Self::Echo(echo) => echo.is_done(),
        }
    }

    /// Returns whether the client may stay silent for as long as it likes.
    pub(crate) const fn is_patient(&self) -> bool {
        match self {
            Self::Http(http) => http.is_patient(),
            Self::Echo(_) => false,
        }
    }

    /// Ends the connection once work in progress is finished.
    pub(crate) fn stop(&mut self) {
        match self {
            Self::Http(http) => http.stop(),
            Self::Echo(echo) => echo.stop(),
        }
    }
}
