//! What the last read says of the next one.

/// Whether the next read is likely to return bytes, judging by the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextRead {
    /// The transport cannot tell.
    Unknown,
    Likely,
    /// The last read did not fill its memory.
    Unlikely,
}

impl NextRead {
    pub(super) const fn after(self, has_emptied: bool) -> Self {
        match self {
            Self::Unknown => Self::Unknown,
            Self::Likely | Self::Unlikely if has_emptied => Self::Unlikely,
            Self::Likely | Self::Unlikely => Self::Likely,
        }
    }
}
