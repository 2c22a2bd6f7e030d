//! `differential_rustls` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wantwrite_fuzz::differential_rustls::run(data));
