//! What is done with a connection's plaintext.

use std::path::PathBuf;

use crate::Error;
use crate::args::Mode;
use crate::echo::Echo;
use crate::engine::Engine;
use crate::http::Http;
use crate::stats::Stats;

/// What the connections share.
pub(crate) struct Site {
    /// Of the static files, without links in it.
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

    /// One step, if there is plaintext or room for it; says whether there was.
    ///
    /// # Errors
    /// The connection is to be closed.
    pub(crate) fn step(&mut self, tls: &mut impl Engine, site: &mut Site) -> Result<bool, Error> {
        match self {
            Self::Http(http) => http.step(tls, site),
            Self::Echo(echo) => echo.step(tls),
        }
    }

    /// Whether everything has been written: the connection is to be closed.
    pub(crate) const fn is_done(&self) -> bool {
        match self {
            Self::Http(http) => http.is_done(),
            Self::Echo(echo) => echo.is_done(),
        }
    }

    /// Whether the client may say nothing for as long as it likes.
    pub(crate) const fn is_patient(&self) -> bool {
        match self {
            Self::Http(http) => http.is_patient(),
            Self::Echo(_) => false,
        }
    }

    /// Ends after what is under way.
    pub(crate) fn stop(&mut self) {
        match self {
            Self::Http(http) => http.stop(),
            Self::Echo(echo) => echo.stop(),
        }
    }
}
