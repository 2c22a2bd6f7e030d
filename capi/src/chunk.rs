//! Sealed bytes that the caller owns.

use wantwrite::Chunk;
use wantwrite::bytes::Buf;

use crate::error::ww_status;
use crate::guard::{self, Object, Spoilt};
use crate::memory::ww_span;

/// Sealed bytes taken out of a connection, for I/O that keeps its memory until it completes. A
/// chunk can outlive the connection, and can be freed on another thread.
#[derive(Debug)]
pub struct ww_chunk {
    /// `None` while it is being put back.
    chunk: Option<Chunk>,
    spoilt: Spoilt,
}

impl ww_chunk {
    pub(crate) fn new(chunk: Chunk) -> Self {
        Self { chunk: Some(chunk), spoilt: Spoilt::default() }
    }

    /// Takes the bytes, to put them back.
    pub(crate) const fn take(&mut self) -> Option<Chunk> {
        self.chunk.take()
    }

    /// Restores the bytes if they were refused.
    pub(crate) fn refuse(&mut self, chunk: Chunk) {
        self.chunk = Some(chunk);
    }
}

impl Object for ww_chunk {
    fn spoilt(&self) -> &Spoilt {
        &self.spoilt
    }
}

/// Returns its bytes. The span is valid until `ww_chunk_free` or `ww_put_back`, even if the
/// connection is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_chunk_span(chunk: *const ww_chunk, span: *mut ww_span) -> ww_status {
    let look = |chunk: &ww_chunk, span: &mut ww_span| {
        *span = chunk.chunk.as_deref().map_or(ww_span::EMPTY, ww_span::of);
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look_for(chunk, span, ww_span::EMPTY, look) }
}

/// Returns how many wire bytes of the connection precede it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_chunk_offset(chunk: *const ww_chunk) -> u64 {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look(chunk, 0, |chunk| chunk.chunk.as_ref().map_or(0, Chunk::offset)) }
}

/// Reports that the transport has taken its first `n` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_chunk_advance(chunk: *mut ww_chunk, n: usize) -> ww_status {
    let advance = |chunk: &mut ww_chunk| {
        match &mut chunk.chunk {
            Some(chunk) if n <= chunk.len() => chunk.advance(n),
            _ => return Err(ww_status::WW_ERROR_OVERRUN),
        }
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(chunk, advance) }
}

/// Frees a chunk. Bytes that were not sent are lost; use `ww_put_back` to keep them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_chunk_free(chunk: *mut ww_chunk) {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::free(chunk) };
}
