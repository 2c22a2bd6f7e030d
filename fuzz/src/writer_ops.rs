//! Compares a writer with its reference model, like `tests/engine/model.rs`.

use super::draw::{self, Input, Result};
use wantwrite::{BufferState, WriterState};
use wantwrite_testing::batch::Help;
use wantwrite_testing::model::{Keys, Op, Run, Snapshot};

const MAX_OPS: usize = 100;

pub fn run(data: &[u8]) {
    play(data, |_, _| ());
}

/// The columns and rows of the cells in DESIGN.md's table of states and calls that an input
/// reaches.
pub fn cells(data: &[u8]) -> Vec<(&'static str, &'static str)> {
    let mut cells = Vec::new();
    play(data, |before, op| {
        // The model checks these at every step.
        let rows = ["`room()`", "`wants().drain`"].into_iter().chain(row(op));
        cells.extend(rows.map(|row| (column(before), row)));
    });
    cells
}

fn play(data: &[u8], mut before_each: impl FnMut(&Snapshot, &Op)) {
    let mut input = Input::new(data);
    let (Ok(suite), Ok(mut config)) = (draw::suite(&mut input), draw::writer_config(&mut input))
    else {
        return;
    };
    config.aead = draw::aeads(data)[0];
    let mut run = Run::with_keys(suite, config, keys(data));
    for _ in 0..MAX_OPS {
        if input.is_empty() {
            break;
        }
        let Ok(op) = op(&mut input) else { break };
        before_each(&run.snapshot(), &op);
        run.step(&op);
    }
    run.finish();
}

fn column(before: &Snapshot) -> &'static str {
    match (before.state, before.buffer) {
        (WriterState::Open, BufferState::Empty) => "Open, Empty",
        (WriterState::Open, BufferState::Holding) => "Open, Holding",
        (WriterState::Open, BufferState::Full) => "Open, Full",
        (WriterState::Closing, _) => "Closing",
        (WriterState::Closed, _) => "Closed",
        (WriterState::Failed, _) if before.wants_drain => "Failed, alert",
        (WriterState::Failed, _) => "Failed",
        other => panic!("a standalone writer is never {other:?}"),
    }
}

fn row(op: &Op) -> Option<&'static str> {
    Some(match op {
        Op::Write(0) => "`write(b\"\")`",
        Op::Write(_) => "`write(b\"x\")`",
        Op::WriteAll(_) => "`write_atomic(b\"x\")`",
        Op::WriteVectored(_) => "`write_vectored`",
        Op::WriteOwned { .. } | Op::FillOwned { .. } => "`write_owned`",
        Op::SealBatch { .. } | Op::BatchDropped(_) => "`seal_batch`",
        Op::Cover(_) => "`write_cover(9)`",
        Op::Final(_) => "`write_and_close(b\"x\")`",
        Op::SlotCommit(_) | Op::SlotDropped | Op::SlotOverrun(_) | Op::SlotLent(_) => "`slot()`",
        Op::Flush => "`flush()`",
        Op::UpdateKeys(_) => "`update_keys`",
        Op::Close => "`close()`",
        Op::Abort => "`abort`, then `state()`",
        Op::WireLen(_) => "`wire_len(1)`",
        Op::Drain(_) | Op::DrainAll | Op::Take(_) => "`drain()`",
        _ => return None,
    })
}

/// Chosen by the bits of the last byte that `draw::aeads` does not use.
fn keys(data: &[u8]) -> Keys {
    match data.last().map_or(0, |last| u64::from(last >> 2)) {
        number @ 32..=39 => Keys::Raw { used: number - 32 },
        number @ 40..=51 => Keys::Exhausted { used: 1 + number % 4, left: number % 3 },
        number @ 52..=55 => Keys::LastGenerations(number - 52),
        _ => Keys::Fresh,
    }
}

fn op(input: &mut Input<'_>) -> Result<Op> {
    Ok(match input.int_in_range(0..=31)? {
        0..=2_u8 => Op::Write(draw::len(input)?),
        3 => Op::WriteVectored([draw::len(input)?, draw::len(input)?, draw::len(input)?]),
        4 => Op::WriteAll(draw::len(input)?),
        5 | 6 => Op::SlotCommit(draw::len(input)?),
        7 => Op::SlotDropped,
        8 => Op::SlotOverrun(input.int_in_range(0..=100)?),
        9 | 10 => Op::WriteOwned { len: draw::len(input)?, spare: input.int_in_range(0..=1)? },
        11 => Op::Cover(draw::len(input)?),
        12 => Op::WireLen(draw::len(input)?),
        13 => Op::Flush,
        14..=16 => Op::Drain(draw::len(input)?),
        17 => Op::DrainAll,
        18 | 19 => Op::Take(draw::len(input)?),
        20 => Op::PutBack { sent: 0 },
        21 => Op::PutBack { sent: input.int_in_range(0..=400)? },
        22 => Op::PutBackWrong,
        23 => Op::UpdateKeys(draw::request(input)?),
        24 => Op::PeerUpdate(draw::request(input)?),
        25 => Op::RenegotiationRequest,
        26 => Op::Move,
        27 => Op::Observe(draw::conditions(input)?),
        28 => Op::SetSizing(draw::sizing(input)?),
        29 => Op::SetPadding(draw::padding(input)?),
        30 => Op::SetMaxFragmentLen(draw::max_fragment_len(input)?),
        _ => match input.int_in_range(0..=8)? {
            0_u8 => Op::Close,
            1 => Op::Abort,
            2 => Op::Final(draw::len(input)?),
            3 => Op::FillOwned { over: input.int_in_range(0..=2)?, spare: 0 },
            4 => Op::SealBatch {
                len: draw::len(input)?,
                help: *input.choose(&[Help::Never, Help::First, Help::Late])?,
            },
            5 => Op::SlotLent(draw::len(input)?),
            6 => Op::BatchDropped(draw::len(input)?),
            7 => Op::Shrink,
            _ => Op::Flush,
        },
    })
}
