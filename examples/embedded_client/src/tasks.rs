//! The client's tasks.

use alloc::rc::Rc;
use core::cell::RefCell;

use embassy_executor::Spawner;
use embedded_io_async::{Read, Write};
use wantwrite_embedded_io::{EmbeddedError, ReadHalf, SplitStream, WriteHalf};

use crate::socket::{Failure, Reader, Writer};

/// The results of both tasks.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    received: Option<Result<Vec<u8>, EmbeddedError<Failure>>>,
    sent: Option<Result<(), EmbeddedError<Failure>>>,
}

impl Outcome {
    /// If one task has failed, the other is not waited for.
    pub(crate) const fn is_over(&self) -> bool {
        match (&self.received, &self.sent) {
            (Some(Err(_)), _) | (_, Some(Err(_))) => true,
            (received, sent) => received.is_some() && sent.is_some(),
        }
    }

    pub(crate) fn into_lines(self) -> Result<Vec<String>, EmbeddedError<Failure>> {
        if let Some(sent) = self.sent {
            sent?;
        }
        let received = self.received.unwrap_or(Ok(Vec::new()))?;
        Ok(String::from_utf8_lossy(&received).lines().map(str::to_owned).collect())
    }
}

/// Finishes the handshake, then starts the other two tasks.
#[embassy_executor::task]
pub(crate) async fn begin(
    spawner: Spawner,
    stream: &'static mut SplitStream<Reader, Writer>,
    lines: Vec<String>,
    outcome: Rc<RefCell<Outcome>>,
) {
    if let Err(error) = stream.complete_handshake().await {
        outcome.borrow_mut().sent = Some(Err(error));
        return;
    }
    let (input, output) = stream.halves();
    // There is memory for one instance of each task, and this task runs only once.
    if let (Ok(receive), Ok(send)) =
        (receive(input, lines.len(), Rc::clone(&outcome)), send(output, lines, outcome))
    {
        spawner.spawn(receive);
        spawner.spawn(send);
    }
}

#[embassy_executor::task]
async fn receive(
    mut half: ReadHalf<'static, Reader, Writer>,
    lines: usize,
    outcome: Rc<RefCell<Outcome>>,
) {
    let received = read_lines(&mut half, lines).await;
    outcome.borrow_mut().received = Some(received);
}

async fn read_lines(
    half: &mut ReadHalf<'static, Reader, Writer>,
    lines: usize,
) -> Result<Vec<u8>, EmbeddedError<Failure>> {
    let (mut received, mut buf) = (Vec::new(), [0; 1024]);
    while received.iter().filter(|byte| **byte == b'\n').count() < lines {
        match half.read(&mut buf).await? {
            0 => break,
            n => received.extend_from_slice(&buf[..n]),
        }
    }
    Ok(received)
}

#[embassy_executor::task]
async fn send(
    mut half: WriteHalf<'static, Reader, Writer>,
    lines: Vec<String>,
    outcome: Rc<RefCell<Outcome>>,
) {
    let sent = write_lines(&mut half, lines).await;
    outcome.borrow_mut().sent = Some(sent);
}

async fn write_lines(
    half: &mut WriteHalf<'static, Reader, Writer>,
    lines: Vec<String>,
) -> Result<(), EmbeddedError<Failure>> {
    for line in lines {
        half.write_all(format!("{line}\n").as_bytes()).await?;
    }
    half.flush().await
}
