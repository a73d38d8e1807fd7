//! Numbers as Java reads and compares them: int, long and double, and which of the three a comparison is made in.

use std::cmp::Ordering;

/// Longer texts are no numbers here, so that reading one takes no time to speak of. Java has no such limit.
const TEXT_BYTES_MAX: usize = 256;

/// The zeros of the decimal digits outside of ASCII that fit into one UTF-16 unit; nine digits follow each.
/// Java: Character.digit
const ZEROS: [u32; 36] = [
    0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0de6, 0x0e50,
    0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50,
    0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
];

/// A number of the type that its literal has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Int(i32),
    Long(i64),
    Double(f64),
}

impl Number {
    /// A literal without point and exponent; None beyond a long.
    pub(super) fn from_decimal(literal: &str) -> Option<Number> {
        let value: i64 = literal.trim_end_matches(['l', 'L']).parse().ok()?;
        Some(i32::try_from(value).map_or(Number::Long(value), Number::Int))
    }

    /// Reads `text` as a number of this one's type.
    pub(super) fn read_alike(self, text: &str) -> Option<Number> {
        match self {
            Number::Int(_) => i32::try_from(read_long(text)?).ok().map(Number::Int),
            Number::Long(_) => read_long(text).map(Number::Long),
            Number::Double(_) => read_double(text).map(Number::Double),
        }
    }

    /// The number with its sign changed; the smallest one of its type stays as it is.
    pub(super) fn negated(self) -> Number {
        match self {
            Number::Int(value) => Number::Int(value.wrapping_neg()),
            Number::Long(value) => Number::Long(value.wrapping_neg()),
            Number::Double(value) => Number::Double(-value),
        }
    }

    /// Compares in the wider of the two types; a long loses its low digits beside a double.
    pub(super) fn compare(self, other: Number) -> Ordering {
        match (self.as_long(), other.as_long()) {
            (Some(this), Some(other)) => this.cmp(&other),
            _ => compare_doubles(self.as_double(), other.as_double()),
        }
    }

    fn as_long(self) -> Option<i64> {
        match self {
            Number::Int(value) => Some(i64::from(value)),
            Number::Long(value) => Some(value),
            Number::Double(_) => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "as Java rounds a long beside a double")]
    fn as_double(self) -> f64 {
        match self {
            Number::Int(value) => f64::from(value),
            Number::Long(value) => value as f64,
            Number::Double(value) => value,
        }
    }
}

/// A total order: -0 is below 0, NaN above all and like itself. Java: Double.compare
pub(super) fn compare_doubles(this: f64, other: f64) -> Ordering {
    match (this.is_nan(), other.is_nan()) {
        (false, false) => this.total_cmp(&other),
        (this, other) => this.cmp(&other),
    }
}

/// Java: Long.parseLong; Integer.parseInt differs in its range alone.
fn read_long(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || text.len() > TEXT_BYTES_MAX {
        return None;
    }
    // Downwards, because the smallest long has no positive twin.
    let mut below = 0i64;
    for c in digits.chars() {
        below = below.checked_mul(10)?.checked_sub(i64::from(digit(c)?))?;
    }
    if text.starts_with('-') { Some(below) } else { below.checked_neg() }
}

fn digit(c: char) -> Option<u32> {
    if c.is_ascii() {
        return c.to_digit(10);
    }
    let code = c as u32;
    ZEROS.iter().find(|&&zero| (zero..zero + 10).contains(&code)).map(|zero| code - zero)
}

/// Java: Double.valueOf
pub(super) fn read_double(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c| c <= ' ');
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let value = match unsigned {
        "NaN" => f64::NAN,
        "Infinity" => f64::INFINITY,
        _ => {
            let digits = unsigned.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(unsigned);
            match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
                // The letters are digits there, but not behind the exponent, which must be.
                Some(hex) => read_hex(hex)?,
                None => read_decimal(digits)?,
            }
        }
    };
    Some(if text.starts_with('-') { -value } else { value })
}

/// Digits, a point and an exponent; neither words nor a sign.
fn read_decimal(digits: &str) -> Option<f64> {
    let starts_well = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let known = digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    if starts_well && known { digits.parse().ok() } else { None }
}

/// What follows `0x`: hexadecimal digits with or without a point, `p`, and the decimal exponent of two.
fn read_hex(text: &str) -> Option<f64> {
    let (digits, exponent) = text.split_once(['p', 'P'])?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_hex = |digits: &str| digits.bytes().all(|b| b.is_ascii_hexdigit());
    let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let is_decimal = !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_hex(whole) || !is_hex(fraction) || !is_decimal {
        return None;
    }
    // An exponent that does not fit is far beyond every double all the same.
    let exponent = exponent.parse::<i32>().unwrap_or(if exponent.starts_with('-') { i32::MIN } else { i32::MAX });
    let (mut mantissa, mut scale, mut inexact) = (0u64, i64::from(exponent), false);
    let places = whole.bytes().map(|b| (b, 0)).chain(fraction.bytes().map(|b| (b, 4)));
    for (byte, behind_point) in places {
        let digit = u64::from((byte as char).to_digit(16)?);
        if mantissa >> 60 == 0 {
            mantissa = mantissa << 4 | digit;
            scale -= behind_point;
        } else {
            inexact |= digit != 0;
            scale += 4 - behind_point;
        }
    }
    Some(scaled(mantissa, scale, inexact))
}

/// The double nearest to `mantissa * 2^scale`, or to a little more than that if it is inexact; ties go to even.
fn scaled(mantissa: u64, scale: i64, inexact: bool) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let shift = mantissa.leading_zeros();
    let mantissa = mantissa << shift;
    // The value is 1.xxx * 2^exponent.
    let exponent = scale + 63 - i64::from(shift);
    if exponent > 1023 {
        return f64::INFINITY;
    }
    // Small doubles have fewer digits, and those too small for any are 0.
    let Ok(kept) = u32::try_from((exponent + 1075).min(53)) else { return 0.0 };
    let quotient = if kept == 0 { 0 } else { mantissa >> (64 - kept) };
    let remainder = mantissa << kept;
    let half = 1 << 63;
    let up = remainder > half || (remainder == half && (inexact || quotient & 1 == 1));
    // Rounding up may carry into the exponent, which is then right too.
    let biased = u64::try_from(exponent + 1022).unwrap_or(0);
    f64::from_bits((biased << 52) + quotient + u64::from(up))
}
