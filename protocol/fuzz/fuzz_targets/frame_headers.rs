#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| skylark_protocol_fuzz::frame_headers(bytes));
