//! Bytes as stock Java 4.9.7 writes them: what they mean, and that we write the same.
//!
//! `samples` holds bodies and headers captured from stock clients, tools, consoles, brokers and NameServers.

#![allow(clippy::unwrap_used, reason = "a test may stop where it fails")]

mod frames;
mod headers;
mod bodies;
mod messages;

use std::path::Path;

/// A file of `samples`.
fn sample(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/samples").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The bytes of hex digits; blanks and line breaks are passed over.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap()).collect()
}
