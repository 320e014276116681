#![no_main]

#[expect(dead_code, reason = "each target drives one law")]
#[path = "../laws.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| laws::url(bytes));
