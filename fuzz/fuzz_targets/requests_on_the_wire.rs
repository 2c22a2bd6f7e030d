//! `requests_on_the_wire` under libFuzzer, with a mutator that knows records and seals them again.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wantwrite_fuzz::requests::on_the_wire(data));

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let data = &mut data[..max_size];
    wantwrite_fuzz::requests::mutate(data, size, seed, libfuzzer_sys::fuzzer_mutate)
});
