//! Writing strings and numbers.

use bytes::BufMut;

use super::marks::writable_length;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Writes a string in double quotes, escaped as fastjson does.
#[inline]
pub(crate) fn put_string(out: &mut impl BufMut, text: &str) {
    out.put_u8(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, special) = rest.split_at(writable_length(rest));
        out.put_slice(plain);
        let Some((&byte, after)) = special.split_first() else { break };
        put_escaped(out, byte);
        rest = after;
    }
    out.put_u8(b'"');
}

fn put_escaped(out: &mut impl BufMut, byte: u8) {
    let escape = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0c => b'f',
        b'\r' => b'r',
        _ => {
            out.put_slice(b"\\u00");
            out.put_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            return;
        }
    };
    out.put_slice(&[b'\\', escape]);
}

/// A number in decimal.
pub(crate) struct Decimal {
    digits: [u8; 20],
    start: usize,
}

impl Decimal {
    #[inline]
    pub(crate) fn new(number: i64) -> Decimal {
        let mut decimal = Decimal { digits: [0; 20], start: 20 };
        let mut rest = number.unsigned_abs();
        loop {
            // A remainder of ten fits a byte.
            decimal.push(b'0' + (rest % 10) as u8);
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if number < 0 {
            decimal.push(b'-');
        }
        decimal
    }

    #[inline]
    fn push(&mut self, byte: u8) {
        self.start -= 1;
        self.digits[self.start] = byte;
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.digits[self.start..]
    }

    #[inline]
    pub(crate) fn as_str(&self) -> &str {
        // Digits are UTF-8 in any case.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

/// Writes a number in decimal.
#[inline]
pub(crate) fn put_int(out: &mut impl BufMut, number: i64) {
    out.put_slice(Decimal::new(number).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_numbers_and_strings() {
        for number in [0, 7, -1, 10, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            put_int(&mut out, number);
            assert_eq!(out, number.to_string().as_bytes());
        }
        let mut out = Vec::new();
        put_string(&mut out, "k\u{1}\"\\\n\u{1f}é");
        assert_eq!(String::from_utf8(out).unwrap(), r#""k\u0001\"\\\n\u001Fé""#);
    }
}
