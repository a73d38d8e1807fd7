//! The body of a batch send: entries back to back, each to become a record of its own.
//!
//! ```text
//! total 4 | magic 4, 0 | body CRC 4, 0 | flag 4 | body length 4 + body | properties length 2 + properties
//! ```
//! All numbers are signed and big-endian. Java reads past total, magic and CRC; so do we.

use crate::error::DecodeError;
use crate::reader::Reader;

/// Bytes of an entry without body and properties.
pub const ENTRY_LENGTH_MIN: usize = 22;

/// One message of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchEntry<'a> {
    /// The user's flag.
    pub flag: i32,
    /// The body.
    pub body: &'a [u8],
    /// The properties string, at most 32767 bytes.
    pub properties: &'a str,
}

impl BatchEntry<'_> {
    /// Bytes of the entry.
    pub fn encoded_len(&self) -> usize {
        ENTRY_LENGTH_MIN + self.body.len() + self.properties.len()
    }

    /// Appends the entry. Panics if a length cannot be said in its field: senders check theirs before.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let total = i32::try_from(self.encoded_len()).expect("a batch entry stays below 2 GiB");
        let properties = i16::try_from(self.properties.len()).expect("properties have at most 32767 bytes");
        out.reserve(self.encoded_len());
        out.extend_from_slice(&total.to_be_bytes());
        out.extend_from_slice(&[0; 8]);
        out.extend_from_slice(&self.flag.to_be_bytes());
        out.extend_from_slice(&(self.body.len() as i32).to_be_bytes());
        out.extend_from_slice(self.body);
        out.extend_from_slice(&properties.to_be_bytes());
        out.extend_from_slice(self.properties.as_bytes());
    }
}

/// The entries of a batch body; ends after the first malformed one.
pub fn entries(body: &[u8]) -> impl Iterator<Item = Result<BatchEntry<'_>, DecodeError>> {
    let mut reader = Reader::new(body);
    let mut failed = false;
    std::iter::from_fn(move || {
        if failed || reader.is_empty() {
            return None;
        }
        let read = entry(&mut reader);
        failed = read.is_err();
        Some(read)
    })
}

fn entry<'a>(reader: &mut Reader<'a>) -> Result<BatchEntry<'a>, DecodeError> {
    reader.bytes(12, "batch entry")?;
    let flag = reader.i32("flag")?;
    let length = reader.i32("body length")?;
    let body = reader.bytes(length.into(), "body")?;
    let length = reader.i16("properties length")?;
    let properties = reader.text(length.into(), "properties")?;
    Ok(BatchEntry { flag, body, properties })
}
