//! Settings that can change while a writer is in use.

use super::Writer;
use super::config::check_max_fragment_len;
use super::padding::Padding;
use super::progress::RecordEnd;
use super::sizing::{Conditions, Sizing};
use crate::error::ConfigError;

impl Writer {
    /// Tells the sizing policy about the time and the transport; see [`Conditions`]. This affects
    /// records begun from now on. [`Sizing::Max`] and [`Sizing::Fixed`] ignore it.
    pub fn observe(&mut self, conditions: Conditions) {
        self.planner.observe(conditions);
    }

    /// Changes the soft size of records begun from now on. The new policy knows only the conditions
    /// that you [pass](Self::observe) after this call: pass them again, even if only a setting has
    /// changed.
    ///
    /// # Errors
    /// [`ConfigError`] if it is out of range; nothing changes then.
    pub fn set_sizing(&mut self, sizing: Sizing) -> Result<(), ConfigError> {
        sizing.check()?;
        self.planner.set_sizing(sizing);
        Ok(())
    }

    /// Changes the padding of records begun from now on.
    ///
    /// # Errors
    /// [`ConfigError`] if it is out of range; nothing changes then.
    pub fn set_padding(&mut self, padding: Padding) -> Result<(), ConfigError> {
        padding.check()?;
        self.planner.set_padding(padding, self.record.as_mut());
        Ok(())
    }

    /// Changes the hard cap on records, 64 to 16,384; see [`WriterConfig::max_fragment_len`]. The
    /// cap applies to every byte accepted from now on. If the current record already holds that
    /// much, it is sealed immediately.
    ///
    /// This replaces the cap of the configuration, and rustls's `max_fragment_size` too, except for
    /// what rustls itself seals: the handshake and early data. It does not replace what the peer
    /// asked for (`ConnectionConfig::peer_size_limits`): if `len` is more than that, that is the
    /// cap. [`max_fragment_len`](Self::max_fragment_len) returns the result.
    ///
    /// [`WriterConfig::max_fragment_len`]: crate::WriterConfig::max_fragment_len
    ///
    /// # Errors
    /// [`ConfigError`] if it is out of range; nothing changes then.
    pub fn set_max_fragment_len(&mut self, len: usize) -> Result<(), ConfigError> {
        check_max_fragment_len(len)?;
        let len = len.min(self.size_limit.into());
        if !self.planner.set_max_fragment_len(len, self.record.as_mut()) {
            // A failure is sticky: the next call reports it.
            let _failed = self.seal_current(RecordEnd::Capped);
        }
        Ok(())
    }
}
