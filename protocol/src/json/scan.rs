//! Reading without a tree: a position in a text and steps over its marks.

use std::ops::Range;

use super::DEPTH_MAX;
use super::marks::plain_length;
use crate::error::DecodeError;

/// A position in a JSON text.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Scanner<'a> {
        Scanner { text, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The whole text.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// Text passed over since `start`, a position this scanner had.
    pub(crate) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    pub(crate) fn invalid(&self, need: &'static str) -> DecodeError {
        DecodeError::Invalid { part: "JSON", at: self.at, need }
    }

    /// The next byte that is neither white space nor comment; it is not passed over.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let byte = self.text.as_bytes().get(self.at).copied();
        match byte {
            Some(b' ' | b'\t' | b'\n' | b'\r' | 0x0c | 0x08 | b'/') => self.peek_far(),
            byte => byte,
        }
    }

    #[cold]
    fn peek_far(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        loop {
            match *bytes.get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' | 0x0c | 0x08 => self.at += 1,
                b'/' => {
                    let (end, mark) = match bytes.get(self.at + 1) {
                        Some(b'/') => ("\n", 2),
                        Some(b'*') => ("*/", 2),
                        _ => return Some(b'/'),
                    };
                    let rest = self.text.get(self.at + mark..)?;
                    self.at += mark + rest.find(end).map_or(rest.len(), |found| found + end.len());
                }
                byte => return Some(byte),
            }
        }
    }

    /// Passes over `byte` if it comes next.
    #[inline]
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let next = self.peek() == Some(byte);
        self.at += usize::from(next);
        next
    }

    /// Passes over `byte`, which must come next.
    #[inline]
    pub(crate) fn need(&mut self, byte: u8, need: &'static str) -> Result<(), DecodeError> {
        if self.eat(byte) { Ok(()) } else { Err(self.invalid(need)) }
    }

    /// Steps to the next entry of an object or array begun before; false at `close`, which is passed over.
    #[inline]
    pub(crate) fn entry(&mut self, first: bool, close: u8) -> Result<bool, DecodeError> {
        let mut separated = first;
        loop {
            match self.peek() {
                Some(b',') => separated = true,
                Some(byte) if byte == close => {
                    self.at += 1;
                    return Ok(false);
                }
                _ if separated => return Ok(true),
                _ => return Err(self.invalid("a comma or the end")),
            }
            self.at += 1;
        }
    }

    /// Nothing but white space may follow.
    pub(crate) fn end(&mut self) -> Result<(), DecodeError> {
        if self.peek().is_none() { Ok(()) } else { Err(self.invalid("the end of the text")) }
    }

    /// The text of a string without escapes, or of a bare word; `None`: a string with escapes, still ahead.
    #[inline]
    pub(crate) fn plain(&mut self) -> Result<Option<&'a str>, DecodeError> {
        match self.peek() {
            Some(quote @ (b'"' | b'\'')) => {
                let start = self.at + 1;
                let length = plain_length(&self.text.as_bytes()[start..], quote);
                match self.text.as_bytes().get(start + length) {
                    Some(b'\\') => Ok(None),
                    Some(_) => {
                        self.at = start + length + 1;
                        Ok(self.text.get(start..start + length))
                    }
                    None => Err(self.invalid("a closing quote")),
                }
            }
            _ => self.bare().map(Some),
        }
    }

    /// Where a key and a string lie that are in double quotes and without escapes or blanks, as nearly all are; `None`:
    /// something else is ahead, still to be read. One step over the pair keeps the position in a register.
    #[inline]
    pub(crate) fn plain_pair(&mut self) -> Option<(Range<usize>, Range<usize>)> {
        let rest = self.text.as_bytes().get(self.at..)?.strip_prefix(b"\"")?;
        let key = plain_length(rest, b'"');
        let rest = rest.get(key..)?.strip_prefix(b"\":\"")?;
        let value = plain_length(rest, b'"');
        if rest.get(value) != Some(&b'"') {
            return None;
        }
        let key_at = self.at + 1;
        let value_at = key_at + key + 3;
        self.at = value_at + value + 1;
        Some((key_at..key_at + key, value_at..value_at + value))
    }

    /// Appends the text of a string or bare word to `out`.
    #[inline]
    pub(crate) fn text_into(&mut self, out: &mut String) -> Result<(), DecodeError> {
        match self.plain()? {
            Some(text) => out.push_str(text),
            None => self.escaped_into(out)?,
        }
        Ok(())
    }

    /// A word without quotes: a number, `true`, `null`, or a key.
    #[inline]
    pub(crate) fn bare(&mut self) -> Result<&'a str, DecodeError> {
        self.peek();
        let start = self.at;
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        let length = rest.iter().position(|byte| WORD_ENDS[usize::from(*byte)]).unwrap_or(rest.len());
        if length == 0 {
            return Err(self.invalid("a value"));
        }
        self.at += length;
        Ok(self.since(start))
    }

    /// A bare word that must be a value: a number, `true`, `false` or `null`.
    pub(crate) fn bare_value(&mut self) -> Result<&'a str, DecodeError> {
        let start = self.at;
        let word = self.bare()?;
        let number = word.as_bytes()[0].is_ascii_digit() || matches!(word.as_bytes()[0], b'-' | b'+' | b'.');
        if number || matches!(word, "true" | "false" | "null" | "undefined" | "NaN") {
            return Ok(word);
        }
        self.at = start;
        Err(self.invalid("a value"))
    }

    fn escaped_into(&mut self, out: &mut String) -> Result<(), DecodeError> {
        let bytes = self.text.as_bytes();
        let quote = bytes[self.at];
        self.at += 1;
        loop {
            let start = self.at;
            self.at += plain_length(&bytes[start..], quote);
            out.push_str(self.since(start));
            match bytes.get(self.at) {
                Some(b'\\') => {
                    self.at += 1;
                    self.escape_into(out)?;
                }
                Some(_) => {
                    self.at += 1;
                    return Ok(());
                }
                None => return Err(self.invalid("a closing quote")),
            }
        }
    }

    /// One escape, its backslash passed over already.
    fn escape_into(&mut self, out: &mut String) -> Result<(), DecodeError> {
        let Some(&byte) = self.text.as_bytes().get(self.at) else { return Err(self.invalid("an escape")) };
        let plain = match byte {
            b'"' | b'\'' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b't' => '\t',
            b'n' => '\n',
            b'v' => '\u{b}',
            b'f' | b'F' => '\u{c}',
            b'r' => '\r',
            b'0'..=b'7' => char::from(byte - b'0'),
            b'x' => {
                let code = self.hex(1, 2)?;
                self.at += 3;
                out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                return Ok(());
            }
            b'u' => return self.unicode_into(out),
            _ => return Err(self.invalid("an escape")),
        };
        self.at += 1;
        out.push(plain);
        Ok(())
    }

    /// `uXXXX`, joined with a second one when it is the first half of a pair.
    fn unicode_into(&mut self, out: &mut String) -> Result<(), DecodeError> {
        let first = self.hex(1, 4)?;
        self.at += 5;
        let mut code = first;
        if (0xd800..0xdc00).contains(&first) && self.text.as_bytes().get(self.at..self.at + 2) == Some(b"\\u") {
            let second = self.hex(2, 4)?;
            if (0xdc00..0xe000).contains(&second) {
                self.at += 6;
                code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            }
        }
        // Java keeps half a pair; a Rust string cannot.
        out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        Ok(())
    }

    fn hex(&self, skip: usize, digits: usize) -> Result<u32, DecodeError> {
        let start = self.at + skip;
        let bytes = self.text.as_bytes().get(start..start + digits).unwrap_or_default();
        let number = bytes.iter().try_fold(0, |number, &byte| Some(number << 4 | char::from(byte).to_digit(16)?));
        number.filter(|_| !bytes.is_empty()).ok_or_else(|| self.invalid("hex digits"))
    }

    /// Passes over any value; `depth` is how deep it lies.
    pub(crate) fn skip(&mut self, depth: usize) -> Result<(), DecodeError> {
        let close = match self.peek() {
            Some(b'{') => b'}',
            Some(b'[') => b']',
            Some(b'"' | b'\'') => return self.skip_string(),
            _ => return self.bare_value().map(|_| ()),
        };
        if depth > DEPTH_MAX {
            return Err(DecodeError::TooMany { part: "levels of JSON", limit: DEPTH_MAX });
        }
        self.at += 1;
        let mut first = true;
        while self.entry(first, close)? {
            first = false;
            if close == b'}' {
                self.skip_key(depth + 1)?;
                self.need(b':', "a colon")?;
            }
            self.skip(depth + 1)?;
        }
        Ok(())
    }

    fn skip_key(&mut self, depth: usize) -> Result<(), DecodeError> {
        match self.peek() {
            Some(b'{' | b'[' | b'"' | b'\'') => self.skip(depth),
            _ => self.bare().map(|_| ()),
        }
    }

    fn skip_string(&mut self) -> Result<(), DecodeError> {
        let bytes = self.text.as_bytes();
        let quote = bytes[self.at];
        self.at += 1;
        loop {
            self.at += plain_length(&bytes[self.at..], quote);
            match bytes.get(self.at) {
                Some(b'\\') if self.at + 1 < bytes.len() => self.at += 2,
                Some(byte) if *byte == quote => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.invalid("a closing quote")),
            }
        }
    }
}

/// The bytes that end a word without quotes.
const WORD_ENDS: [bool; 256] = {
    let ends = b" \t\n\r\x0c\x08,:{}[]\"'\\/";
    let mut table = [false; 256];
    let mut at = 0;
    while at < ends.len() {
        table[ends[at] as usize] = true;
        at += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_text(json: &str, expected: Option<&str>) {
        let mut text = String::new();
        let mut scanner = Scanner::new(json);
        let read = scanner.text_into(&mut text).and_then(|()| scanner.end());
        assert_eq!(read.ok().map(|()| text.as_str()), expected, "{json}");
    }

    #[test]
    fn reads_strings() {
        check_text(r#""a""#, Some("a"));
        check_text(" 'a\"b' ", Some("a\"b"));
        check_text(r#""\u0001k\u0002\n\\\"\/""#, Some("\u{1}k\u{2}\n\\\"/"));
        check_text(r#""\ud83d\ude00\ud83d""#, Some("\u{1f600}\u{fffd}"));
        check_text(r#"/* c */ word // end"#, Some("word"));
        for bad in [r#""a"#, r#""\"#, r#""\q""#, r#""\u12""#, "", "\"a\" b", r#""\u12é""#] {
            check_text(bad, None);
        }
    }

    #[test]
    fn skips_values_to_the_depth_limit() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(Scanner::new(&nested(DEPTH_MAX)).skip(1).is_ok());
        assert!(Scanner::new(&nested(DEPTH_MAX + 1)).skip(1).is_err());
        assert!(Scanner::new(r#"{{"a":1}:[1,'x',,{}],k:null,}"#).skip(1).is_ok());
    }
}
