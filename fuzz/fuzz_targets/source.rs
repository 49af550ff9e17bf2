#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| torii::fuzzing::source(input));
