//! The commit log: the only truth about messages.
//!
//! Byte for byte the format of the Java broker 4.9: files of one fixed size, named by the 20-digit offset of their first
//! byte, filled with records back to back. A record never crosses a file's end: what does not fit there is replaced by
//! an 8-byte blank, and goes to the next file.
//!
//! ```text
//! 00000000000000000000                     00000000001073741824
//! ┌────────┬────────┬─── ··· ┬─────────┐   ┌────────┬───
//! │ record │ record │        │ blank   │   │ record │ ···
//! └────────┴────────┴─── ··· ┴─────────┘   └────────┴───
//! blank: bytes left in the file (4), 0xCBD43194 (4), then whatever was there (zeros)
//! ```
//!
//! This module knows files and offsets; what a record means is for [`super::tail`].

pub(crate) mod append;
pub(crate) mod segments;

use skylark_protocol::message::record::MESSAGE_MAGIC;

/// Bytes before which a record's size and kind can't be told: both words at its head.
pub(crate) const HEAD_WORDS_BYTES: usize = 8;
/// No record is shorter: all its fields, with an empty body, topic and properties.
const RECORD_BYTES_MIN: usize = 91;

/// The two words that a record or a blank begins with: its size, or the bytes left in the file, and its magic.
pub(crate) fn head_words(bytes: &[u8]) -> Option<(i32, i32)> {
    let (size, rest) = bytes.split_first_chunk::<4>()?;
    let magic = rest.first_chunk::<4>()?;
    Some((i32::from_be_bytes(*size), i32::from_be_bytes(*magic)))
}

/// The size in bytes that a record says it has; None if no record begins here.
pub(crate) fn announced_size(bytes: &[u8]) -> Option<usize> {
    let (size, magic) = head_words(bytes)?;
    let size = usize::try_from(size).ok()?;
    (magic == MESSAGE_MAGIC && size >= RECORD_BYTES_MIN).then_some(size)
}
