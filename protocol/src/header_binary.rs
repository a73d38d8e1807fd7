//! The ROCKETMQ binary header.
//!
//! ```text
//! code 2 | language 1 | version 2 | opaque 4 | flag 4 | remark length 4 + remark | ext length 4 | pairs
//! pair = key length 2 + key | value length 4 + value
//! ```
//! All numbers are signed and big-endian. A string of length 0 is null, so a pair with an empty value does not exist.

use std::borrow::Cow;

use bytes::{BufMut, Bytes, BytesMut};

use crate::command::{Command, HeaderCodec};
use crate::error::DecodeError;
use crate::fields::{FIELDS_MAX, Fields};
use crate::language::Language;
use crate::reader::Reader;

/// Reads a header; the command gets `body`.
pub(crate) fn decode(header: &[u8], body: Bytes) -> Result<Command, DecodeError> {
    let mut reader = Reader::new(header);
    let code = reader.i16("code")?.into();
    let language = Language::from_number(reader.u8("language")?);
    let version = reader.i16("version")?.into();
    let opaque = reader.i32("opaque")?;
    let flag = reader.i32("flag")?;
    let remark = reader.i32("remark length")?;
    let remark = reader.bytes(i64::from(remark), "remark")?;
    let ext = reader.i32("ext length")?;
    // Java: RocketMQSerializable: a negative length of all pairs reads as none.
    let fields = if ext > 0 { fields(reader.bytes(i64::from(ext), "ext fields")?)? } else { Fields::default() };
    Ok(Command {
        code,
        language,
        version,
        opaque,
        flag,
        remark: (!remark.is_empty()).then(|| text(remark).into_owned()),
        fields,
        codec: HeaderCodec::Binary,
        body,
    })
}

fn fields(pairs: &[u8]) -> Result<Fields, DecodeError> {
    let mut reader = Reader::new(pairs);
    // One byte in eight is a guess at the fields; it is bounded by what arrived.
    let mut fields = Fields::with_capacity(pairs.len(), (pairs.len() / 8).min(16));
    while !reader.is_empty() {
        let length = reader.i16("key length")?;
        let key = reader.bytes(i64::from(length), "key")?;
        let length = reader.i32("value length")?;
        let value = reader.bytes(i64::from(length), "value")?;
        if !key.is_empty() && !value.is_empty() {
            fields.push(&text(key), &text(value));
        }
        if fields.len() > FIELDS_MAX {
            return Err(DecodeError::TooMany { part: "ext fields", limit: FIELDS_MAX });
        }
    }
    Ok(fields)
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// Writes a command's header. Java writes the low 16 bits of code and version.
pub(crate) fn encode(command: &Command, out: &mut BytesMut) {
    let remark = command.remark.as_deref().unwrap_or_default();
    out.reserve(32 + remark.len() + command.fields.text_len() + 6 * command.fields.len());
    out.put_i16(command.code as i16);
    out.put_u8(command.language.number());
    out.put_i16(command.version as i16);
    out.put_i32(command.opaque);
    out.put_i32(command.flag);
    put_text(out, remark);
    let length_at = out.len();
    out.put_i32(0);
    for (name, value) in command.fields.iter() {
        // A key length has 15 bits; a longer name cannot be said and is left out.
        let Ok(length) = i16::try_from(name.len()) else { continue };
        out.put_i16(length);
        out.put_slice(name.as_bytes());
        put_text(out, value);
    }
    let length = (out.len() - length_at - 4) as i32;
    out[length_at..length_at + 4].copy_from_slice(&length.to_be_bytes());
}

fn put_text(out: &mut BytesMut, text: &str) {
    // Texts come from headers of at most 1 MiB or from answers a broker builds.
    out.put_i32(text.len() as i32);
    out.put_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: [u8; 13] = [1, 0x36, 0, 1, 0x97, 0, 0, 0, 7, 0, 0, 0, 0];

    #[track_caller]
    fn refuses(rest: &[u8]) {
        let header = [&PREFIX, rest].concat();
        assert!(decode(&header, Bytes::new()).is_err(), "{rest:02x?}");
    }

    #[test]
    fn refuses_lengths_that_do_not_fit() {
        refuses(&[]);
        refuses(&[0xff; 4]);
        refuses(&[0, 0, 0, 9, b'r']);
        refuses(&[0, 0, 0, 0]);
        refuses(&[0, 0, 0, 0, 0, 0, 0, 9, 0, 1, b'a']);
        refuses(&[0, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff, b'a']);
        refuses(&[0, 0, 0, 0, 0, 0, 0, 7, 0, 1, b'a', 0xff, 0xff, 0xff, 0xff]);
    }

    #[test]
    fn reads_empty_strings_as_null() {
        let rest = [0, 0, 0, 0, 0, 0, 0, 15, 0, 1, b'a', 0, 0, 0, 0, 0, 1, b'b', 0, 0, 0, 1, b'1'];
        let command = decode(&[&PREFIX[..], &rest].concat(), Bytes::new()).unwrap();
        assert_eq!(command.remark, None);
        assert_eq!(command.fields.iter().collect::<Vec<_>>(), [("b", "1")]);
        assert_eq!((command.code, command.version, command.opaque), (310, 407, 7));
    }
}
