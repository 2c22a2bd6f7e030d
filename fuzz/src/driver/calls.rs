//! The rows of DESIGN.md's table of states and calls.

use wantwrite::bytes::{Bytes, BytesMut};
use wantwrite::*;
use wantwrite_testing::model::plaintext;

use super::End;

/// A row of the table of calls, and the outcome as the table has it.
pub(super) type Call = (&'static str, fn(&mut End) -> String);

pub(super) const CALLS: [Call; 19] = [
    ("`write(b\"x\")`", |end| took(end.with(1, Writer::write))),
    ("`write(b\"\")`", |end| took(end.with(0, Writer::write))),
    ("`write_atomic(b\"x\")`", |end| end.with_all(1, Writer::write_atomic)),
    ("`write_vectored`", |end| {
        took(end.with(2, |writer, next| writer.write_vectored(&[&next[..1], &next[1..]])))
    }),
    ("`write_owned`", |end| {
        took(end.with(1, |writer, next| writer.write_owned(&mut BytesMut::from(next))))
    }),
    ("`seal_batch`", |end| {
        took(end.with(1, |writer, next| {
            writer.seal_batch(&mut Bytes::copy_from_slice(next)).and_then(Batch::finish)
        }))
    }),
    ("`write_cover(9)`", |end| end.with_all(0, |writer, _| writer.write_cover(9))),
    ("`write_and_close(b\"x\")`", |end| {
        let outcome = end.with_all(1, Writer::write_and_close);
        end.is_closed |= outcome == "Ok";
        outcome
    }),
    ("`slot()`", |end| {
        let mut is_lent = false;
        let slot = end.with(1, |writer, next| {
            let mut slot = writer.slot()?;
            is_lent = !slot.is_empty();
            if !is_lent {
                return Ok(0);
            }
            slot[..1].copy_from_slice(next);
            slot.commit(1).map(|()| 1)
        });
        slot.map_or_else(refused, |_| if is_lent { "lent" } else { "empty" }.to_owned())
    }),
    ("`flush()`", |end| end.with_all(0, |writer, _| writer.flush())),
    ("`update_keys`", |end| {
        end.with_all(0, |writer, _| writer.update_keys(KeyUpdateRequest::NotRequested))
    }),
    ("`close()`", |end| {
        end.forget();
        let closed = end.driver.connection_mut().close();
        end.is_closed |= closed.is_ok();
        outcome(closed)
    }),
    ("`abort`, then `state()`", |end| {
        end.forget();
        end.driver.connection_mut().abort(AlertDescription::INTERNAL_ERROR);
        format!("{:?}", end.tls().writer_state())
    }),
    ("`room()`", |end| sign(end.tls().writer().room())),
    ("`wire_len(1)`", |end| sign(end.tls().writer().wire_len(1))),
    ("`wants().drain`", |end| yes(end.tls().wants().drain)),
    ("`wants().input`", |end| yes(end.tls().wants().input)),
    ("`drain()`", |end| {
        end.forget();
        let remaining = end.driver.connection_mut().writer_mut().drain().remaining();
        if remaining > 0 { "bytes" } else { "none" }.to_owned()
    }),
    ("`process()`", |end| {
        end.forget();
        let processed = end.driver.connection_mut().process();
        if processed.is_ok() { "Ok" } else { "Err" }.to_owned()
    }),
];

fn took(result: Result<usize, WriteError>) -> String {
    result.map_or_else(refused, |n| format!("Ok({n})"))
}

fn outcome(result: Result<(), WriteError>) -> String {
    result.map_or_else(refused, |()| "Ok".to_owned())
}

fn refused(error: WriteError) -> String {
    match error {
        WriteError::Negotiating => "Negotiating".to_owned(),
        WriteError::NoRoom { .. } => "NoRoom".to_owned(),
        WriteError::Closed => "Closed".to_owned(),
        WriteError::Failed { .. } => "Failed".to_owned(),
        error => format!("{error:?}"),
    }
}

fn sign(n: usize) -> String {
    if n > 0 { "> 0" } else { "0" }.to_owned()
}

fn yes(is_so: bool) -> String {
    if is_so { "yes" } else { "no" }.to_owned()
}

impl End {
    /// Calls the writer with the `n` bytes that come next.
    fn with(
        &mut self,
        n: usize,
        call: impl FnOnce(&mut Writer, &[u8]) -> Result<usize, WriteError>,
    ) -> Result<usize, WriteError> {
        self.forget();
        let next = plaintext(self.written, n);
        let accepted = call(self.driver.connection_mut().writer_mut(), next)?;
        self.written += accepted as u64;
        Ok(accepted)
    }

    /// As `with`, for a call that accepts all or nothing.
    fn with_all(
        &mut self,
        n: usize,
        call: impl FnOnce(&mut Writer, &[u8]) -> Result<(), WriteError>,
    ) -> String {
        outcome(self.with(n, |writer, next| call(writer, next).map(|()| n)).map(|_| ()))
    }
}
