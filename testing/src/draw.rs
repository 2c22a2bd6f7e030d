//! Values drawn from a fuzzer's input: lengths, suites, settings. A value outside a setting's range
//! is clamped to its limit, so that existing inputs keep their meaning.

use arbitrary::Unstructured;
use wantwrite::*;

use crate::model::at;

pub use arbitrary::Result;

pub type Input<'a> = Unstructured<'a>;

/// Draws one of the suites that differ on the record layer, where RSA and ECDSA are the same.
pub fn suite(input: &mut Input<'_>) -> Result<CipherSuite> {
    input.choose(&CipherSuite::ALL[..6]).copied()
}

/// The AEADs of two endpoints. The last byte of the input decides, without being consumed, so that
/// the rest of the input means the same whichever AEADs are compiled in.
pub fn aeads(data: &[u8]) -> [AeadProvider; 2] {
    let last = data.last().copied().map_or(0, usize::from);
    let all = AeadProvider::ALL;
    [last, last / 2].map(|bits| all[bits % all.len()])
}

/// Draws a length: usually short, sometimes about one record, sometimes several.
pub fn len(input: &mut Input<'_>) -> Result<usize> {
    Ok(match input.int_in_range(0..=7)? {
        0..=4_u8 => input.int_in_range(0..=300)?,
        5 => input.int_in_range(300..=5000)?,
        6 => input.int_in_range(16_370..=16_400)?,
        _ => input.int_in_range(0..=60_000)?,
    })
}

pub fn request(input: &mut Input<'_>) -> Result<KeyUpdateRequest> {
    input.choose(&[KeyUpdateRequest::NotRequested, KeyUpdateRequest::Requested]).copied()
}

pub fn tls12_close(input: &mut Input<'_>) -> Result<Tls12Close> {
    Ok(*input.choose(&[Tls12Close::HalfOpen, Tls12Close::Answer])?)
}

pub fn writer_config(input: &mut Input<'_>) -> Result<WriterConfig> {
    let mut config = WriterConfig::default();
    config.capacity = input.int_in_range(1..=8)? * MAX_FRAGMENT_LEN;
    config.buffers = buffers(input)?;
    if input.ratio(1, 4)? {
        config.pool = Some(Pool::new(input.int_in_range(0..=2)?));
    }
    config.coalescing = *input.choose(&[Coalescing::On, Coalescing::Off])?;
    config.sizing = sizing(input)?;
    config.padding = padding(input)?;
    config.max_fragment_len = max_fragment_len(input)?;
    config.key_limits = key_limits(input)?;
    Ok(config)
}

pub fn buffers(input: &mut Input<'_>) -> Result<BufferPolicy> {
    input.choose(&[BufferPolicy::Retain, BufferPolicy::Release]).copied()
}

pub fn sizing(input: &mut Input<'_>) -> Result<Sizing> {
    Ok(match input.int_in_range(0..=6)? {
        0..=3_u8 => Sizing::Max,
        4 => Sizing::Fixed(input.int_in_range(0..=3000)?.max(1)),
        5 => {
            let mut slow_start = SlowStart::default();
            slow_start.record_len = input.int_in_range(0..=1500)?.max(94);
            slow_start.threshold = input.int_in_range(0..=20_000)?;
            Sizing::SlowStart(slow_start)
        }
        _ => {
            let mut congestion = Congestion::default();
            congestion.windows_ahead = input.int_in_range(0..=3)?.max(1);
            Sizing::Congestion(congestion)
        }
    })
}

pub fn padding(input: &mut Input<'_>) -> Result<Padding> {
    Ok(match input.int_in_range(0..=7)? {
        0..=4_u8 => Padding::None,
        5 => Padding::Multiple(input.int_in_range(0..=600)?.max(1)),
        6 => Padding::Sizes(&[100, 1000, 5000]),
        _ => Padding::With(|len| len + if len % 3 == 0 { 50 } else { 0 }),
    })
}

pub fn max_fragment_len(input: &mut Input<'_>) -> Result<usize> {
    let len = match input.int_in_range(0..=5)? {
        0..=2_u8 => MAX_FRAGMENT_LEN,
        3 => input.int_in_range(0..=70)?,
        4 => input.int_in_range(64..=2000)?,
        _ => input.int_in_range(16_380..=16_390)?,
    };
    Ok(len.clamp(64, MAX_FRAGMENT_LEN))
}

/// Records that a handshake can seal under the key that it hands over: Finished and tickets.
const BEFORE_HAND_OVER: u64 = 4;

fn key_limits(input: &mut Input<'_>) -> Result<Option<KeyLimits>> {
    let records = BEFORE_HAND_OVER + input.int_in_range(3..=20)?;
    // Only the number of records sealed earlier is known, so they count as full.
    let blocks = BEFORE_HAND_OVER * 1026 + input.int_in_range(8..=2500)?;
    Ok(match input.int_in_range(0..=3)? {
        0_u8 => None,
        1 => Some(KeyLimits { records, blocks: u64::MAX }),
        2 => Some(KeyLimits { records: u64::MAX, blocks }),
        _ => Some(KeyLimits { records, blocks }),
    })
}

pub fn conditions(input: &mut Input<'_>) -> Result<Conditions> {
    let time = at(input.int_in_range(0..=5000)?);
    if input.arbitrary()? {
        return Ok(time);
    }
    let mss = input.int_in_range(0..=3000)?;
    Ok(time.with_window(Window { mss, cwnd: input.int_in_range(0..=5)? }))
}
