//! Offset message ids: where a message is stored, as upper-case hex.
//!
//! ```text
//! store address 4/16 | port 4 | physical offset 8        32 or 56 digits
//! ```

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use crate::error::DecodeError;
use crate::message::record::put_host;
use crate::reader::Reader;

/// The broker and the place in its log where a message is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OffsetMessageId {
    /// The broker's address.
    pub host: SocketAddr,
    /// Where in its log, bytes.
    pub physical_offset: i64,
}

impl OffsetMessageId {
    /// The id as text.
    pub fn encode(&self) -> String {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        let mut bytes = Vec::with_capacity(28);
        put_host(&mut bytes, self.host);
        bytes.extend_from_slice(&self.physical_offset.to_be_bytes());
        let mut text = String::with_capacity(bytes.len() * 2);
        for byte in bytes {
            text.push(char::from(HEX[usize::from(byte >> 4)]));
            text.push(char::from(HEX[usize::from(byte & 15)]));
        }
        text
    }

    /// Reads an id; digits of either case.
    pub fn decode(text: &str) -> Result<OffsetMessageId, DecodeError> {
        let v6 = match text.len() {
            32 => false,
            56 => true,
            _ => return Err(DecodeError::Invalid { part: "message id", at: 0, need: "32 or 56 hex digits" }),
        };
        let mut bytes = [0u8; 28];
        for (at, digits) in text.as_bytes().chunks_exact(2).enumerate() {
            let byte = digit(digits[0]).zip(digit(digits[1])).map(|(high, low)| high << 4 | low);
            bytes[at] = byte.ok_or(DecodeError::Invalid { part: "message id", at: at * 2, need: "hex digits" })?;
        }
        let mut reader = Reader::new(&bytes);
        let host = reader.host(v6, "message id")?;
        Ok(OffsetMessageId { host, physical_offset: reader.i64("message id")? })
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

impl fmt::Display for OffsetMessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.encode())
    }
}

impl FromStr for OffsetMessageId {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::decode(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(host: &str, physical_offset: i64, text: &str) {
        let id = OffsetMessageId { host: host.parse().unwrap(), physical_offset };
        assert_eq!(id.encode(), text);
        assert_eq!(OffsetMessageId::decode(text), Ok(id));
        assert_eq!(OffsetMessageId::decode(&text.to_lowercase()), Ok(id));
    }

    #[test]
    fn reads_and_writes_both_lengths() {
        check("127.0.0.1:10911", 1000, "7F00000100002A9F00000000000003E8");
        check("[::1]:80", -1, "0000000000000000000000000000000100000050FFFFFFFFFFFFFFFF");
    }

    #[test]
    fn refuses_what_is_no_id() {
        for text in ["", "7F", &"G".repeat(32), &"F".repeat(32), &"é".repeat(16), &"0".repeat(33)] {
            assert!(OffsetMessageId::decode(text).is_err(), "{text}");
        }
    }
}
