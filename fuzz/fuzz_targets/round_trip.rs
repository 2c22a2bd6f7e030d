//! `round_trip` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wantwrite_fuzz::round_trip::run(data));
