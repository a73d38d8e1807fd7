//! Messages: the record of log and wire, its properties, batches and ids.

pub mod record;
pub mod properties;
pub mod batch;
pub mod message_id;
pub mod sys_flag;

/// Java's `String.hashCode`: over UTF-16 units, with wrapping.
pub fn java_hash(text: &str) -> i32 {
    let step = |hash: i32, unit: i32| hash.wrapping_mul(31).wrapping_add(unit);
    if text.is_ascii() {
        return text.bytes().fold(0, |hash, byte| step(hash, i32::from(byte)));
    }
    text.encode_utf16().fold(0, |hash, unit| step(hash, i32::from(unit)))
}

/// The tags code of a message with the TAGS property `tags`; "" (no tags) is 0.
pub fn tags_code(tags: &str) -> i64 {
    java_hash(tags).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_as_java() {
        assert_eq!(tags_code(""), 0);
        assert_eq!(tags_code("TagA"), 2_598_919);
        assert_eq!(tags_code("polygenelubricants"), i64::from(i32::MIN));
        // "é" is one unit, an emoji two: 55357 * 31 + 56832.
        assert_eq!(java_hash("é"), 233);
        assert_eq!(java_hash("\u{1f600}"), 55_357 * 31 + 56_832);
    }
}
