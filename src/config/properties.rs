//! The text format of Java's properties files, read with line numbers and edited in place.

use std::fmt;

/// One assignment and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Property {
    /// The key, unescaped.
    pub key: String,
    /// The value, unescaped; blanks at its end are gone.
    pub value: String,
    /// The number of its first line, from 1.
    pub line: usize,
    /// The number of its last line.
    pub last_line: usize,
}

/// A text that is not in the format.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PropertiesError {
    /// Where.
    pub line: usize,
}

impl fmt::Display for PropertiesError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}: \\u is not followed by four hexadecimal digits", self.line)
    }
}

impl std::error::Error for PropertiesError {}

/// The assignments of a file, in its order.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Properties(pub Vec<Property>);

impl Properties {
    /// Reads a text. `#` and `!` begin comments; a backslash at the end of a line continues it on the next.
    pub fn parse(text: &str) -> Result<Properties, PropertiesError> {
        let mut properties = Vec::new();
        let mut lines = text.lines().enumerate();
        while let Some((index, first)) = lines.next() {
            let first = first.trim_start();
            if first.is_empty() || first.starts_with(['#', '!']) {
                continue;
            }
            let (line, mut last_line) = (index + 1, index + 1);
            let mut logical = first.to_owned();
            while continues(&logical) {
                logical.pop();
                let Some((index, next)) = lines.next() else { break };
                logical.push_str(next.trim_start());
                last_line = index + 1;
            }
            let (key, value) = split(&logical);
            let unescaped = |text| unescape(text).ok_or(PropertiesError { line });
            let value = unescaped(value)?.trim_end().to_owned();
            properties.push(Property { key: unescaped(key)?, value, line, last_line });
        }
        Ok(Properties(properties))
    }

    /// The text with these values changed where their keys stand and added at the end where they do not. All else,
    /// comments too, stays as it is.
    pub fn edit(text: &str, changes: &[(&str, String)]) -> Result<String, PropertiesError> {
        let properties = Properties::parse(text)?.0;
        let mut lines: Vec<Option<String>> = text.lines().map(|line| Some(line.to_owned())).collect();
        for (key, value) in changes {
            let assignment = Some(format!("{key}={}", escape(value)));
            // The last assignment is the one that counts.
            match properties.iter().rev().find(|property| property.key == *key) {
                Some(property) => {
                    lines[property.line - 1..property.last_line].fill(None);
                    lines[property.line - 1] = assignment;
                }
                None => lines.push(assignment),
            }
        }
        Ok(lines.into_iter().flatten().map(|line| line + "\n").collect())
    }
}

/// An odd number of backslashes at the end: the last one escapes the line break.
fn continues(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// Splits at the first `=`, `:` or blank that is not escaped.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, character) in line.char_indices() {
        if !escaped && (character == '=' || character == ':' || character.is_whitespace()) {
            let rest = line[at..].trim_start();
            let value = rest.strip_prefix(['=', ':']).unwrap_or(rest);
            return (&line[..at], value.trim_start());
        }
        escaped = character == '\\' && !escaped;
    }
    (line, "")
}

fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match rest.next() {
            Some('t') => plain.push('\t'),
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('f') => plain.push('\u{c}'),
            Some('u') => plain.push(unicode(&mut rest)?),
            Some(other) => plain.push(other),
            None => {}
        }
    }
    Some(plain)
}

/// One UTF-16 unit, or two that belong together.
fn unicode(rest: &mut std::str::Chars<'_>) -> Option<char> {
    let unit = hex_unit(rest)?;
    let mut ahead = rest.clone();
    let second = if (0xD800..0xDC00).contains(&unit) && ahead.next() == Some('\\') && ahead.next() == Some('u') {
        hex_unit(&mut ahead)
    } else {
        None
    };
    let units = [unit, second.unwrap_or(0)];
    let decoded = char::decode_utf16(units).next().and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER);
    if second.is_some() {
        *rest = ahead;
    }
    Some(decoded)
}

fn hex_unit(rest: &mut std::str::Chars<'_>) -> Option<u16> {
    (0..4).try_fold(0, |unit, _| Some(unit << 4 | u16::try_from(rest.next()?.to_digit(16)?).ok()?))
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str, usize)]) {
        let properties = Properties::parse(text).expect("well-formed");
        let found: Vec<_> = properties.0.iter().map(|p| (p.key.as_str(), p.value.as_str(), p.line)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn reads_what_java_reads() {
        check("# c\n! c\n\n a = b \nc:d\ne f\ng\n", &[("a", "b", 4), ("c", "d", 5), ("e", "f", 6), ("g", "", 7)]);
        check("a=1\\\n   2\\\n3\nb=4", &[("a", "123", 1), ("b", "4", 4)]);
        check("a=x\\\\\nb=y", &[("a", "x\\", 1), ("b", "y", 2)]);
        check("k\\=1=\\u00e4\\t\\uD83D\\uDE00", &[("k=1", "ä\t😀", 1)]);
        check("a==b", &[("a", "=b", 1)]);
        check("a=b\\", &[("a", "b", 1)]);
    }

    #[test]
    fn names_the_line_of_a_bad_escape() {
        assert_eq!(Properties::parse("a=1\nb=\\u00g0"), Err(PropertiesError { line: 2 }));
    }

    #[test]
    fn edits_in_place_and_keeps_the_rest() {
        let text = "# name\na=1\nb=2\\\n3\n\nc=4\na=5\n";
        let edited = Properties::edit(text, &[("b", "9".to_owned()), ("a", "6".to_owned()), ("d", "x\ny".to_owned())]);
        assert_eq!(edited.as_deref(), Ok("# name\na=1\nb=9\n\nc=4\na=6\nd=x\\ny\n"));
    }
}
