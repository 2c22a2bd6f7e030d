//! A writer against its reference model, as `tests/engine/model.rs` has it.

use super::draw::{self, Input, Result};
use wantwrite_testing::batch::Help;
use wantwrite_testing::model::{Keys, Op, Run};

const MAX_OPS: usize = 100;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (Ok(suite), Ok(mut config)) = (draw::suite(&mut input), draw::writer_config(&mut input)) else {
        return;
    };
    config.aead = draw::aeads(data)[0];
    let mut run = Run::with_keys(suite, config, keys(data));
    for _ in 0..MAX_OPS {
        if input.is_empty() {
            break;
        }
        let Ok(op) = op(&mut input) else { break };
        run.step(&op);
    }
    run.finish();
}

/// What `draw::aeads` leaves of the last byte says it.
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
        _ => match input.int_in_range(0..=5)? {
            0_u8 => Op::Close,
            1 => Op::Abort,
            2 => Op::Final(draw::len(input)?),
            3 => Op::FillOwned { over: input.int_in_range(0..=2)?, spare: 0 },
            4 => Op::SealBatch {
                len: draw::len(input)?,
                help: *input.choose(&[Help::Never, Help::First, Help::Late])?,
            },
            _ => Op::Flush,
        },
    })
}
