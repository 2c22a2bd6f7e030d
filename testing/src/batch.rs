//! Seals records in batches and compares them with the same records sealed serially.

use std::sync::LazyLock;
use std::thread;

use bytes::Bytes;
use wantwrite::*;

use super::pattern;
use super::writer::{drain_some, drain_writer, writer_and_reader};

/// What is written, and how much is drained after it.
#[derive(Clone, Copy, Debug)]
pub struct BatchStep {
    pub len: usize,
    pub help: Help,
    pub drain: usize,
    /// Whether a current record and a KeyUpdate precede the batch.
    pub small_write: bool,
}

/// Checks that both writers have the same bytes and states after every step, whichever AEADs they
/// use.
pub fn compare(
    suite: CipherSuite,
    config: &WriterConfig,
    aeads: [AeadProvider; 2],
    steps: &[BatchStep],
) {
    const LONGEST: usize = 400_000;
    static DATA: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(pattern(LONGEST)));
    let [mut batched, mut serial] = aeads.map(|aead| {
        let mut config = config.clone();
        config.aead = aead;
        writer_and_reader(suite, config).0
    });
    for &BatchStep { len, help, drain, small_write } in steps {
        if small_write {
            assert_eq!(batched.write(b"small"), serial.write(b"small"));
            let update = KeyUpdateRequest::Requested;
            assert_eq!(batched.update_keys(update), serial.update_keys(update));
        }
        let mut plaintext = DATA.slice(..len);
        let result = seal_batch(&mut batched, &mut plaintext, help);
        assert_eq!(result, seal_serially(&mut serial, &DATA[..len]));
        let accepted = result.unwrap_or_else(WriteError::accepted);
        assert!(plaintext == DATA[accepted..len], "the rest stays");
        assert_eq!(batched.progress(), serial.progress());
        assert_eq!((batched.room(), batched.state()), (serial.room(), serial.state()));
        assert_eq!(batched.next_seq(), serial.next_seq());
        assert_eq!(batched.memory_held(), serial.memory_held());
        let (mut left, mut right) = (Vec::new(), Vec::new());
        drain_some(&mut batched, drain, &mut left);
        drain_some(&mut serial, drain, &mut right);
        assert!(left == right);
    }
    assert_eq!(batched.close(), serial.close());
    assert!(drain_writer(&mut batched) == drain_writer(&mut serial));
}

/// Who runs the jobs of a batch.
#[derive(Clone, Copy, Debug)]
pub enum Help {
    /// No thread does: `finish` seals everything.
    Never,
    /// Another thread, before `finish` begins.
    First,
    /// Two threads, at the same time as `finish`.
    Together,
    /// Another thread, after everything is sealed.
    Late,
}

pub fn seal_batch(
    writer: &mut Writer,
    plaintext: &mut Bytes,
    help: Help,
) -> Result<usize, WriteError> {
    let batch = writer.seal_batch(plaintext)?;
    let tasks = batch.tasks();
    match help {
        Help::Never => batch.finish(),
        Help::First => {
            assert_eq!(batch.job().run(), tasks);
            batch.finish()
        }
        Help::Together => {
            let (first, second) = (batch.job(), batch.job());
            thread::scope(|scope| {
                scope.spawn(move || first.run());
                scope.spawn(move || second.run());
                batch.finish()
            })
        }
        Help::Late => {
            let job = batch.job();
            let result = batch.finish();
            assert_eq!(job.run(), 0, "everything is sealed");
            result
        }
    }
}

/// Seals the same plaintext on one thread.
pub fn seal_serially(writer: &mut Writer, plaintext: &[u8]) -> Result<usize, WriteError> {
    let result = writer.write(plaintext);
    if result.unwrap_or_else(WriteError::accepted) > 0 {
        writer.flush()?;
    }
    result
}
