//! `requests_behind_tls` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wantwrite_fuzz::requests::behind_tls(data));
