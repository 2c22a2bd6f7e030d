//! Content that is produced as room becomes available, directly in the memory where it will be
//! sealed.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Component, Path};

use percent_encoding::percent_decode_str;

pub(crate) enum Content {
    Empty,
    /// The bytes of `/bytes/N` in this range.
    Pattern(u64, u64),
    /// This many bytes of a file. A slow disk delays all connections.
    File(File, u64),
}

/// A file that the server may send.
pub(crate) struct Found {
    pub(crate) content: Content,
    pub(crate) media_type: &'static str,
}

impl Content {
    /// Returns the number of bytes left.
    pub(crate) const fn len(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Pattern(at, end) => *end - *at,
            Self::File(_, left) => *left,
        }
    }

    /// Writes the next part of the content into `slot`.
    ///
    /// # Errors
    /// An error of the file. `UnexpectedEof` if the file has become shorter.
    pub(crate) fn fill(&mut self, slot: &mut [u8]) -> io::Result<usize> {
        let len = slot.len().min(usize::try_from(self.len()).unwrap_or(usize::MAX));
        match self {
            Self::Empty => Ok(0),
            Self::Pattern(at, _) => {
                // At most `PERIOD - 1`.
                let phase = usize::try_from(*at % PERIOD).unwrap_or(0);
                let len = len.min(PATTERN.len() - phase);
                slot[..len].copy_from_slice(&PATTERN[phase..phase + len]);
                *at += u64::try_from(len).unwrap_or(u64::MAX);
                Ok(len)
            }
            Self::File(file, left) => match file.read(&mut slot[..len])? {
                0 => Err(ErrorKind::UnexpectedEof.into()),
                n => {
                    *left -= u64::try_from(n).unwrap_or(u64::MAX);
                    Ok(n)
                }
            },
        }
    }
}

/// Looks up `path` below `root`, whose links are all resolved. A path that leads out of it, by `..`
/// or a link, is not found.
pub(crate) fn find(root: &Path, path: &str) -> Option<Found> {
    let name = percent_decode_str(path.strip_prefix('/')?).decode_utf8().ok()?;
    let name = Path::new(&*name);
    if !name.components().all(|component| matches!(component, Component::Normal(_))) {
        return None;
    }
    let mut path = root.join(name).canonicalize().ok()?;
    if path.is_dir() {
        path = path.join("index.html").canonicalize().ok()?;
    }
    // Opening a pipe would block until it has a writer.
    let metadata = path.metadata().ok()?;
    if !path.starts_with(root) || !metadata.is_file() {
        return None;
    }
    let file = File::open(&path).ok()?;
    Some(Found { content: Content::File(file, metadata.len()), media_type: media_type(&path) })
}

fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

const PERIOD: u64 = 26;

/// A record's worth of content from any position in the period.
static PATTERN: [u8; PATTERN_LEN] = {
    let period = b"abcdefghijklmnopqrstuvwxyz";
    let mut pattern = [0; PATTERN_LEN];
    let mut i = 0;
    while i < PATTERN_LEN {
        pattern[i] = period[i % period.len()];
        i += 1;
    }
    pattern
};

const PATTERN_LEN: usize = 16 * 1024 + 26;
