//! The JSON header: scanned by hand, as one is read and one is written for every message.
//!
//! ```text
//! {"code":310,"extFields":{"a":"PG"},"flag":0,"language":"JAVA","opaque":7,"serializeTypeCurrentRPC":"JSON","version":407}
//! ```
//! Keys come in any order; unknown ones are passed over; null is as good as absent, and an absent number is 0.

use std::borrow::Cow;

use bytes::{BufMut, Bytes, BytesMut};

use crate::command::{Command, HeaderCodec};
use crate::error::DecodeError;
use crate::fields::{FIELDS_MAX, Fields};
use crate::json::{Scanner, put_int, put_string};
use crate::language::Language;

/// Reads a header; the command gets `body`.
pub(crate) fn decode(header: &[u8], body: Bytes) -> Result<Command, DecodeError> {
    // Java replaces what is not UTF-8 instead of refusing it.
    let text = match std::str::from_utf8(header) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(header),
    };
    let mut command = Command {
        code: 0,
        language: Language::Java,
        version: 0,
        opaque: 0,
        flag: 0,
        remark: None,
        fields: Fields::default(),
        codec: HeaderCodec::Json,
        body,
    };
    let mut scanner = Scanner::new(&text);
    scanner.need(b'{', "an object")?;
    let mut first = true;
    while scanner.entry(first, b'}')? {
        first = false;
        entry(&mut scanner, &mut command)?;
    }
    scanner.end()?;
    Ok(command)
}

/// One key and its value.
fn entry(scanner: &mut Scanner<'_>, command: &mut Command) -> Result<(), DecodeError> {
    let key = text(scanner)?;
    scanner.need(b':', "a colon")?;
    match key.as_ref() {
        "code" => command.code = number(scanner)?,
        "flag" => command.flag = number(scanner)?,
        "opaque" => command.opaque = number(scanner)?,
        "version" => command.version = number(scanner)?,
        "language" => command.language = language(scanner)?,
        "remark" => command.remark = nullable(scanner)?,
        "extFields" => command.fields = fields(scanner, command.fields.is_present())?,
        _ => scanner.skip(2)?,
    }
    Ok(())
}

fn text<'a>(scanner: &mut Scanner<'a>) -> Result<Cow<'a, str>, DecodeError> {
    if let Some(text) = scanner.plain()? {
        return Ok(Cow::Borrowed(text));
    }
    let mut text = String::new();
    scanner.text_into(&mut text)?;
    Ok(Cow::Owned(text))
}

/// A number, bare or in a string; null, an empty string and booleans are numbers to fastjson too.
fn number(scanner: &mut Scanner<'_>) -> Result<i32, DecodeError> {
    let at = scanner.at();
    let quoted = matches!(scanner.peek(), Some(b'"' | b'\''));
    let text = if quoted { text(scanner)? } else { Cow::Borrowed(scanner.bare_value()?) };
    if let Ok(number) = text.parse::<i32>() {
        return Ok(number);
    }
    match text.as_ref() {
        "" | "null" | "false" => Ok(0),
        "true" => Ok(1),
        decimal => match decimal.parse::<f64>() {
            // Java cuts the fraction off.
            Ok(value) if value.abs() < 2_147_483_648.0 => Ok(value as i32),
            _ => Err(DecodeError::Invalid { part: "JSON header", at, need: "a 32-bit number" }),
        },
    }
}

/// A language by name, or by number as fastjson reads enums.
fn language(scanner: &mut Scanner<'_>) -> Result<Language, DecodeError> {
    match scanner.peek() {
        Some(b'"' | b'\'') => Ok(Language::from_name(&text(scanner)?)),
        _ => Ok(scanner.bare_value()?.parse().map_or(Language::Other, Language::from_number)),
    }
}

fn nullable(scanner: &mut Scanner<'_>) -> Result<Option<String>, DecodeError> {
    let mut value = String::new();
    Ok(value_into(scanner, &mut value)?.then_some(value))
}

/// Appends any value as the text fastjson makes of it; false: it was null.
fn value_into(scanner: &mut Scanner<'_>, out: &mut String) -> Result<bool, DecodeError> {
    match scanner.peek() {
        Some(b'"' | b'\'') => scanner.text_into(out)?,
        Some(b'{' | b'[') => {
            let start = scanner.at();
            scanner.skip(3)?;
            out.push_str(scanner.since(start));
        }
        _ => match scanner.bare_value()? {
            "null" | "undefined" => return Ok(false),
            word => out.push_str(word),
        },
    }
    Ok(true)
}

/// The object of ext fields; `again`: there was one before.
fn fields(scanner: &mut Scanner<'_>, again: bool) -> Result<Fields, DecodeError> {
    if scanner.peek() != Some(b'{') {
        let at = scanner.at();
        return match scanner.bare_value() {
            Ok("null") => Ok(Fields::default()),
            _ => Err(DecodeError::Invalid { part: "JSON header", at, need: "an object of ext fields" }),
        };
    }
    if again {
        // Java takes the last; each would cost a copy of the header here, and nobody sends two.
        return Err(DecodeError::Invalid { part: "JSON header", at: scanner.at(), need: "ext fields once" });
    }
    scanner.eat(b'{');
    // One copy of the header serves all fields that lie in it as they are.
    let mut fields = Fields::over(scanner.text());
    fields.set_present();
    let mut first = true;
    while scanner.entry(first, b'}')? {
        first = false;
        match scanner.plain_pair() {
            Some((name, value)) => fields.close_over(name, value),
            None => field(scanner, &mut fields)?,
        }
        if fields.len() > FIELDS_MAX {
            return Err(DecodeError::TooMany { part: "ext fields", limit: FIELDS_MAX });
        }
    }
    Ok(fields)
}

/// One ext field of any form; one that is null does not exist.
fn field(scanner: &mut Scanner<'_>, fields: &mut Fields) -> Result<(), DecodeError> {
    let start = fields.mark();
    scanner.text_into(fields.arena())?;
    let middle = fields.mark();
    scanner.need(b':', "a colon")?;
    if value_into(scanner, fields.arena())? {
        fields.close(start, middle);
    } else {
        fields.rewind(start);
    }
    Ok(())
}

/// Writes a command's header, keys in the order Java writes them.
pub(crate) fn encode(command: &Command, out: &mut BytesMut) {
    out.reserve(160 + command.fields.text_len() + 6 * command.fields.len());
    out.put_slice(b"{\"code\":");
    put_int(out, command.code.into());
    if command.fields.is_present() {
        let mut comma = &b",\"extFields\":{"[..];
        if command.fields.is_empty() {
            out.put_slice(comma);
        }
        for (name, value) in command.fields.iter() {
            out.put_slice(comma);
            put_string(out, name);
            out.put_u8(b':');
            put_string(out, value);
            comma = b",";
        }
        out.put_u8(b'}');
    }
    out.put_slice(b",\"flag\":");
    put_int(out, command.flag.into());
    out.put_slice(b",\"language\":\"");
    out.put_slice(command.language.name().as_bytes());
    out.put_slice(b"\",\"opaque\":");
    put_int(out, command.opaque.into());
    if let Some(remark) = &command.remark {
        out.put_slice(b",\"remark\":");
        put_string(out, remark);
    }
    out.put_slice(b",\"serializeTypeCurrentRPC\":\"JSON\",\"version\":");
    put_int(out, command.version.into());
    out.put_u8(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode_text(header: &str) -> Result<Command, DecodeError> {
        decode(header.as_bytes(), Bytes::new())
    }

    #[track_caller]
    fn check(header: &str, code: i32, fields: &[(&str, &str)]) {
        let command = decode_text(header).unwrap_or_else(|error| panic!("{header}: {error}"));
        assert_eq!((command.code, command.fields.iter().collect::<Vec<_>>()), (code, fields.to_vec()), "{header}");
    }

    #[test]
    fn reads_what_fastjson_reads() {
        check("{}", 0, &[]);
        check(r#"{"opaque":1}"#, 0, &[]);
        check(
            r#" {code : "10" , 'extFields' : {a: 1, 'b': true, "c": null, d: 1.5, e: {"x":[1]}},} "#,
            10,
            &[("a", "1"), ("b", "true"), ("d", "1.5"), ("e", r#"{"x":[1]}"#)],
        );
        check(r#"{"x":{"y":[{},"}"]},"code":3.9,"extFields":null,"language":"XYZ"}"#, 3, &[]);
        check(r#"{"code":null,"extFields":{"a":"1","a":"2","\u0062":"\"\\"}}"#, 0, &[("a", "2"), ("b", "\"\\")]);
    }

    #[test]
    fn refuses_what_is_no_header() {
        for header in ["", "[]", "7", "nonsense", "{", r#"{"code":}"#, r#"{"code":1"#, r#"{"code":1}x"#] {
            assert!(decode_text(header).is_err(), "{header}");
        }
        for header in [r#"{"code":[1]}"#, r#"{"code":99999999999}"#, r#"{"code":"x"}"#, r#"{"extFields":[]}"#] {
            assert!(decode_text(header).is_err(), "{header}");
        }
        assert!(decode_text(r#"{"extFields":{},"extFields":{}}"#).is_err());
        assert!(decode_text(&("[".repeat(100_000))).is_err());
        assert!(decode_text(&(r#"{"a":"#.repeat(100_000))).is_err());
    }

    #[test]
    fn limits_the_fields() {
        let header = |count: usize| {
            let fields: Vec<_> = (0..count).map(|index| format!("\"f{index}\":\"\"")).collect();
            format!("{{\"extFields\":{{{}}}}}", fields.join(","))
        };
        assert_eq!(decode_text(&header(FIELDS_MAX)).unwrap().fields.len(), FIELDS_MAX);
        assert!(decode_text(&header(FIELDS_MAX + 1)).is_err());
    }
}
