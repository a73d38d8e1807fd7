//! Finding quotes, backslashes and control characters, eight bytes at a time.

/// One in every byte of a word; times a byte: that byte in every place.
const ONES: u64 = 0x0101_0101_0101_0101;

/// The top bit of every byte of a word.
const TOPS: u64 = 0x8080_8080_8080_8080;

/// Marks the bytes of `word` below `limit` (at most 128) by their top bits. The first mark is exact, later ones may not be.
#[inline]
fn below(word: u64, limit: u64) -> u64 {
    word.wrapping_sub(ONES * limit) & !word & TOPS
}

/// How many bytes come before the first that `marks` marks eight at a time and `is_end` singly.
#[inline]
fn length_before(bytes: &[u8], marks: impl Fn(u64) -> u64, is_end: impl Fn(u8) -> bool) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let marked = marks(u64::from_le_bytes(*word));
        if marked != 0 {
            return index * 8 + marked.trailing_zeros() as usize / 8;
        }
    }
    words.len() * 8 + rest.iter().position(|&byte| is_end(byte)).unwrap_or(rest.len())
}

/// Bytes before the first `quote` or backslash.
#[inline]
pub(super) fn plain_length(bytes: &[u8], quote: u8) -> usize {
    let quotes = ONES * u64::from(quote);
    let backslashes = ONES * u64::from(b'\\');
    let marks = |word| below(word ^ quotes, 1) | below(word ^ backslashes, 1);
    length_before(bytes, marks, |byte| byte == quote || byte == b'\\')
}

/// Bytes before the first that must be escaped when written.
#[inline]
pub(super) fn writable_length(bytes: &[u8]) -> usize {
    let quotes = ONES * u64::from(b'"');
    let backslashes = ONES * u64::from(b'\\');
    let deletes = ONES * 0x7f;
    let marks =
        |word| below(word, 0x20) | below(word ^ quotes, 1) | below(word ^ backslashes, 1) | below(word ^ deletes, 1);
    length_before(bytes, marks, |byte| byte < 0x20 || matches!(byte, b'"' | b'\\' | 0x7f))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_marks_at_every_place() {
        for length in 0..40 {
            let plain: Vec<u8> =
                (0..length).map(|at| [b'a', 0xc3, b'#', b'!', b'~', b'[', b']', 0x80][at % 8]).collect();
            assert_eq!((plain_length(&plain, b'"'), writable_length(&plain)), (length, length));
            for at in 0..length {
                for (byte, plain_at, writable_at) in
                    [(b'"', at, at), (b'\\', at, at), (0, length, at), (0x1f, length, at), (0x7f, length, at)]
                {
                    let mut bytes = plain.clone();
                    bytes[at] = byte;
                    assert_eq!(plain_length(&bytes, b'"'), plain_at);
                    assert_eq!(writable_length(&bytes), writable_at);
                }
            }
        }
    }
}
