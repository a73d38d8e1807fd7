//! Message keys: from a topic and a key to the records that carry it.
//!
//! Keys are kept as 64-bit hashes beside their record's offset; a query reads each record and compares the real key, so
//! its answer is exact.

use skylark_protocol::message::properties::{self, names};
use skylark_protocol::message::record::RecordView;

/// The hash under which a key of a topic is kept. It is part of the index's format, and need not be strong: the keys
/// themselves are compared.
pub(crate) fn key_hash(topic: &str, key: &str) -> u64 {
    let hash = absorb(absorb(0, topic.as_bytes()), key.as_bytes());
    hash ^ (hash >> 32)
}

/// Mixes bytes into a hash, eight at a time, and then their number.
fn absorb(hash: u64, bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let step = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    let (words, rest) = bytes.as_chunks::<8>();
    let hash = words.iter().fold(hash, |hash, word| step(hash, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    step(step(hash, u64::from_le_bytes(last)), bytes.len() as u64)
}

/// Calls `each` with every key that a property is: the unique key, or the blank-separated words of KEYS.
pub(crate) fn for_each_key<'a>(name: &str, value: &'a str, mut each: impl FnMut(&'a str)) {
    match name {
        names::UNIQ_KEY => each(value),
        names::KEYS => value.split(' ').filter(|word| !word.is_empty()).for_each(each),
        _ => {}
    }
}

/// Whether the record is of this topic and carries this key.
pub(crate) fn carries(record: &RecordView<'_>, topic: &str, key: &str) -> bool {
    let mut found = false;
    for (name, value) in properties::iter(record.properties()) {
        for_each_key(name, value, |candidate| found |= candidate == key);
    }
    found && record.topic() == topic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_unique_key_and_the_words_of_keys() {
        let mut seen = Vec::new();
        for (name, value) in [("KEYS", "a  b"), ("TAGS", "t"), ("UNIQ_KEY", "u")] {
            for_each_key(name, value, |key| seen.push(key));
        }
        assert_eq!(seen, ["a", "b", "u"]);
    }

    #[test]
    fn the_hash_is_part_of_the_format() {
        assert_eq!(key_hash("Topic", "a key of some length"), 17_660_920_305_345_378_181);
        let near =
            [("T", "k"), ("T", "l"), ("Tk", ""), ("", "Tk"), ("T", "k\0")].map(|(topic, key)| key_hash(topic, key));
        assert!(near.iter().enumerate().all(|(at, hash)| !near[..at].contains(hash)), "{near:x?}");
    }
}
