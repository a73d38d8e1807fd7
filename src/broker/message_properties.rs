//! Edits the properties text of a message by slices: `name 0x01 value 0x02 name 0x01 value ...`.
//!
//! Owns what the broker changes in that text between the request and the log. What stays keeps its bytes and its
//! order; what Java's reader would drop (too short, no separator, an empty name or value) is dropped. Must not
//! know topics or the store.

use skylark_protocol::message::properties::{NAME_VALUE_SEPARATOR, PROPERTY_SEPARATOR, append, iter, names, remove};

use crate::delay::is_time_property;
use crate::store::{DUE_PROPERTY, MOVED_PROPERTY};

/// What the send path needs to know of a message's properties, found in one pass over the text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts<'a> {
    /// WAIT is there and says anything but true.
    pub(crate) no_wait: bool,
    /// TRAN_MSG says true.
    pub(crate) transactional: bool,
    /// DELAY, if it is a number above zero.
    pub(crate) delay_level: i32,
    /// It asks to be delivered at a time, or after one.
    pub(crate) timed: bool,
    /// TIMER_DEL_UNIQKEY, the unique key of a delayed message that is to be cancelled.
    pub(crate) cancels: Option<&'a str>,
    /// UNIQ_KEY, the key that the client made.
    pub(crate) unique_key: Option<&'a str>,
}

impl Facts<'_> {
    /// Whether the message goes straight to its topic.
    pub(crate) fn is_plain(&self) -> bool {
        !self.transactional && self.delay_level <= 0 && !self.timed && self.cancels.is_none()
    }
}

/// Whether only the broker may say this of a message, because the store acts on it.
fn is_brokers_own(name: &str) -> bool {
    name == DUE_PROPERTY || name == MOVED_PROPERTY
}

/// One pass over `properties`: what it says, and the text to store, with CLUSTER set to `cluster`, without what only
/// the broker may say and, if `keep_wait` is false, without WAIT.
pub(crate) fn rewrite<'a>(properties: &'a str, cluster: &str, keep_wait: bool) -> (Facts<'a>, String) {
    let mut stored = String::with_capacity(properties.len() + names::CLUSTER.len() + cluster.len() + 2);
    let mut facts = Facts::default();
    // A run of pieces that stay is copied in one go when something breaks it.
    let mut run = 0..0;
    let mut at = 0;
    for piece in properties.split(PROPERTY_SEPARATOR) {
        let start = at;
        at += piece.len() + 1;
        let kept = match name_and_value(piece) {
            Some((name, value)) => {
                facts.note(name, value);
                name != names::CLUSTER && (keep_wait || name != names::WAIT) && !is_brokers_own(name)
            }
            None => false,
        };
        if !kept {
            append_run(&mut stored, &properties[run.clone()]);
            run = at.min(properties.len())..at.min(properties.len());
        } else {
            run.end = start + piece.len();
        }
    }
    append_run(&mut stored, &properties[run]);
    append(&mut stored, names::CLUSTER, cluster);
    (facts, stored)
}

/// Whether a message of a batch asks for what only a message by itself can have. Java ignores it.
pub(crate) fn entry_asks_to_wait(entry: &str) -> bool {
    iter(entry).any(|(name, _)| is_time_property(name) || name == names::TIMER_DEL_UNIQKEY)
}

/// `entry` followed by `common`, as each record of a batch is stored. Java: CommitLog.MessageExtBatch encoder
pub(crate) fn join(entry: &str, common: &str) -> String {
    let mut joined = String::with_capacity(entry.len() + common.len() + 1);
    joined.push_str(entry);
    for (name, _) in iter(entry).filter(|(name, _)| is_brokers_own(name)) {
        joined = remove(&joined, name);
    }
    if !common.is_empty() {
        separate(&mut joined);
        joined.push_str(common);
    }
    joined
}

fn append_run(stored: &mut String, run: &str) {
    if !run.is_empty() {
        separate(stored);
        stored.push_str(run);
    }
}

fn separate(properties: &mut String) {
    if !properties.is_empty() && !properties.ends_with(PROPERTY_SEPARATOR) {
        properties.push(PROPERTY_SEPARATOR);
    }
}

fn name_and_value(piece: &str) -> Option<(&str, &str)> {
    piece.split_once(NAME_VALUE_SEPARATOR).filter(|(name, value)| !name.is_empty() && !value.is_empty())
}

impl<'a> Facts<'a> {
    fn note(&mut self, name: &str, value: &'a str) {
        match name {
            names::WAIT => self.no_wait = !value.eq_ignore_ascii_case("true"),
            names::TRANSACTION_PREPARED => self.transactional = value.eq_ignore_ascii_case("true"),
            names::DELAY => self.delay_level = value.parse().unwrap_or(0),
            names::TIMER_DEL_UNIQKEY => self.cancels = Some(value),
            name if is_time_property(name) => self.timed = true,
            names::UNIQ_KEY => self.unique_key = Some(value),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(properties: &str, keep_wait: bool, stored: &str) {
        assert_eq!(rewrite(properties, "C", keep_wait).1, stored, "properties {properties:?}");
    }

    #[test]
    fn cluster_is_set_and_wait_is_left_out() {
        check("", false, "CLUSTER\u{1}C");
        check("WAIT\u{1}true\u{2}TAGS\u{1}A", false, "TAGS\u{1}A\u{2}CLUSTER\u{1}C");
        check("TAGS\u{1}A\u{2}WAIT\u{1}true\u{2}", false, "TAGS\u{1}A\u{2}CLUSTER\u{1}C");
        check("A\u{1}1\u{2}WAIT\u{1}true\u{2}B\u{1}2", false, "A\u{1}1\u{2}B\u{1}2\u{2}CLUSTER\u{1}C");
        check("WAIT\u{1}true\u{2}TAGS\u{1}A", true, "WAIT\u{1}true\u{2}TAGS\u{1}A\u{2}CLUSTER\u{1}C");
        check("TIMER_OUT_MS\u{1}5\u{2}A\u{1}1\u{2}TIMER_ROLL_TIMES\u{1}1", true, "A\u{1}1\u{2}CLUSTER\u{1}C");
        check("CLUSTER\u{1}forged\u{2}TAGS\u{1}A", false, "TAGS\u{1}A\u{2}CLUSTER\u{1}C");
    }

    #[test]
    fn pieces_that_no_reader_sees_are_dropped() {
        check("A\u{1}1\u{2}\u{2}B\u{1}2\u{2}", false, "A\u{1}1\u{2}B\u{1}2\u{2}CLUSTER\u{1}C");
        check("A\u{1}1\u{2}B\u{1}\u{2}\u{1}x\u{2}junk", false, "A\u{1}1\u{2}CLUSTER\u{1}C");
    }

    #[test]
    fn one_pass_finds_what_the_send_path_asks() {
        let text = "WAIT\u{1}false\u{2}TRAN_MSG\u{1}true\u{2}DELAY\u{1}3\u{2}UNIQ_KEY\u{1}AB";
        let facts = rewrite(text, "C", false).0;
        let expected = Facts { no_wait: true, transactional: true, delay_level: 3, ..Facts::default() };
        assert_eq!(facts, Facts { unique_key: Some("AB"), ..expected });
        assert!(rewrite("TIMER_DELAY_MS\u{1}5", "C", false).0.timed);
        assert_eq!(rewrite("TIMER_DEL_UNIQKEY\u{1}AB", "C", false).0.cancels, Some("AB"));
        assert_eq!(rewrite("DELAY\u{1}x", "C", false).0, Facts::default());
    }

    #[test]
    fn a_batch_entry_is_followed_by_what_all_share() {
        assert_eq!(join("TAGS\u{1}A", "CLUSTER\u{1}C"), "TAGS\u{1}A\u{2}CLUSTER\u{1}C");
        assert_eq!(join("TAGS\u{1}A\u{2}", "CLUSTER\u{1}C"), "TAGS\u{1}A\u{2}CLUSTER\u{1}C");
        assert_eq!(join("TIMER_OUT_MS\u{1}5\u{2}A\u{1}1", "CLUSTER\u{1}C"), "A\u{1}1\u{2}CLUSTER\u{1}C");
        assert!(entry_asks_to_wait("A\u{1}1\u{2}TIMER_DELAY_SEC\u{1}1") && !entry_asks_to_wait("DELAY\u{1}1"));
        assert_eq!(join("", "CLUSTER\u{1}C"), "CLUSTER\u{1}C");
    }
}
