#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wantwrite_fuzz::targets::round_trip::run(data));
