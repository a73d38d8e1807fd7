//! Text to tree.

use serde_json::{Map, Number, Value};

use crate::error::DecodeError;
use crate::json::{DEPTH_MAX, Scanner};

/// Reads a text; keys that are objects or numbers become their text.
pub fn parse(text: &str) -> Result<Value, DecodeError> {
    let mut scanner = Scanner::new(text);
    let value = value(&mut scanner, 1)?;
    scanner.end()?;
    Ok(value)
}

fn value(scanner: &mut Scanner<'_>, depth: usize) -> Result<Value, DecodeError> {
    if depth > DEPTH_MAX + 1 {
        return Err(DecodeError::TooMany { part: "levels of JSON", limit: DEPTH_MAX });
    }
    match scanner.peek() {
        Some(b'{') => object(scanner, depth),
        Some(b'[') => array(scanner, depth),
        Some(b'"' | b'\'') => text(scanner).map(Value::String),
        _ => bare(scanner),
    }
}

fn object(scanner: &mut Scanner<'_>, depth: usize) -> Result<Value, DecodeError> {
    scanner.eat(b'{');
    let mut map = Map::new();
    let mut first = true;
    while scanner.entry(first, b'}')? {
        first = false;
        let key = match scanner.peek() {
            Some(b'{' | b'[') => value(scanner, depth + 1)?.to_string(),
            _ => text(scanner)?,
        };
        scanner.need(b':', "a colon")?;
        map.insert(key, value(scanner, depth + 1)?);
    }
    Ok(Value::Object(map))
}

fn array(scanner: &mut Scanner<'_>, depth: usize) -> Result<Value, DecodeError> {
    scanner.eat(b'[');
    let mut items = Vec::new();
    let mut first = true;
    while scanner.entry(first, b']')? {
        first = false;
        items.push(value(scanner, depth + 1)?);
    }
    Ok(Value::Array(items))
}

fn text(scanner: &mut Scanner<'_>) -> Result<String, DecodeError> {
    let mut text = String::new();
    scanner.text_into(&mut text)?;
    Ok(text)
}

fn bare(scanner: &mut Scanner<'_>) -> Result<Value, DecodeError> {
    let at = scanner.at();
    let word = scanner.bare_value()?;
    Ok(match word {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" | "undefined" | "NaN" => Value::Null,
        number => {
            Value::Number(self::number(number).ok_or(DecodeError::Invalid { part: "JSON", at, need: "a number" })?)
        }
    })
}

/// A number, perhaps with a sign or one of fastjson's type letters.
fn number(word: &str) -> Option<Number> {
    if let Ok(number) = word.parse::<i64>() {
        return Some(number.into());
    }
    if let Ok(number) = word.parse::<u64>() {
        return Some(number.into());
    }
    let plain = word.strip_suffix(['L', 'S', 'B', 'F', 'D']).unwrap_or(word);
    if let Ok(number) = plain.parse::<i64>() {
        return Some(number.into());
    }
    plain.parse::<f64>().ok().and_then(Number::from_f64)
}
