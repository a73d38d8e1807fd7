//! The properties string of a message: `name 0x01 value 0x02 name 0x01 value`, with or without a last 0x02.
//!
//! Java's read rules: a piece without 0x01, with an empty name or an empty value does not exist; later pieces win.

use std::fmt::Write;

/// Between a name and its value.
pub const NAME_VALUE_SEPARATOR: char = '\u{1}';

/// Between properties.
pub const PROPERTY_SEPARATOR: char = '\u{2}';

/// Property names the broker acts on.
pub mod names {
    /// Keys to find the message by, separated by blanks.
    pub const KEYS: &str = "KEYS";
    /// The tag consumers filter by.
    pub const TAGS: &str = "TAGS";
    /// Whether the sender waits for flush and replica: `true`, `false`.
    pub const WAIT: &str = "WAIT";
    /// Delay level, 1 and up.
    pub const DELAY: &str = "DELAY";
    /// Topic a sent-back message came from first.
    pub const RETRY_TOPIC: &str = "RETRY_TOPIC";
    /// Topic a half or delayed message will go to.
    pub const REAL_TOPIC: &str = "REAL_TOPIC";
    /// Queue a half or delayed message will go to.
    pub const REAL_QUEUE_ID: &str = "REAL_QID";
    /// `true` on a half message.
    pub const TRANSACTION_PREPARED: &str = "TRAN_MSG";
    /// The producer group.
    pub const PRODUCER_GROUP: &str = "PGROUP";
    /// Set by consumers.
    pub const MIN_OFFSET: &str = "MIN_OFFSET";
    /// Set by consumers.
    pub const MAX_OFFSET: &str = "MAX_OFFSET";
    /// Id of the message a sent-back one was first.
    pub const ORIGIN_MESSAGE_ID: &str = "ORIGIN_MESSAGE_ID";
    /// Set by consumers.
    pub const RECONSUME_TIME: &str = "RECONSUME_TIME";
    /// Region of the broker.
    pub const MSG_REGION: &str = "MSG_REGION";
    /// Whether the broker wants traces.
    pub const TRACE_ON: &str = "TRACE_ON";
    /// The id the client gave the message.
    pub const UNIQ_KEY: &str = "UNIQ_KEY";
    /// How often the message may be sent back.
    pub const MAX_RECONSUME_TIMES: &str = "MAX_RECONSUME_TIMES";
    /// Set by consumers.
    pub const CONSUME_START_TIME: &str = "CONSUME_START_TIME";
    /// Queue offset of the half message's first copy.
    pub const TRANSACTION_PREPARED_QUEUE_OFFSET: &str = "TRAN_PREPARED_QUEUE_OFFSET";
    /// How often a half message was checked.
    pub const TRANSACTION_CHECK_TIMES: &str = "TRANSACTION_CHECK_TIMES";
    /// Seconds before the first check of a half message.
    pub const CHECK_IMMUNITY_TIME_IN_SECONDS: &str = "CHECK_IMMUNITY_TIME_IN_SECONDS";
    /// The client's namespace.
    pub const INSTANCE_ID: &str = "INSTANCE_ID";
    /// Pairs a reply with its request.
    pub const CORRELATION_ID: &str = "CORRELATION_ID";
    /// Client id a reply goes to.
    pub const REPLY_TO_CLIENT: &str = "REPLY_TO_CLIENT";
    /// How long a requester waits, ms.
    pub const TTL: &str = "TTL";
    /// When the broker got a reply, ms.
    pub const ARRIVE_TIME: &str = "ARRIVE_TIME";
    /// When the broker pushed a reply, ms.
    pub const PUSH_REPLY_TIME: &str = "PUSH_REPLY_TIME";
    /// Cluster of the broker that stored the message.
    pub const CLUSTER: &str = "CLUSTER";
    /// `reply` on a reply.
    pub const MSG_TYPE: &str = "MSG_TYPE";
    /// When the message is to be delivered, ms since 1970.
    pub const TIMER_DELIVER_MS: &str = "TIMER_DELIVER_MS";
    /// How long the message is to wait, seconds.
    pub const TIMER_DELAY_SEC: &str = "TIMER_DELAY_SEC";
    /// How long the message is to wait, ms.
    pub const TIMER_DELAY_MS: &str = "TIMER_DELAY_MS";
    /// When the message is to be delivered, ms since 1970; as clients of a cloud service say it.
    pub const START_DELIVER_TIME: &str = "__STARTDELIVERTIME";
    /// The unique key of a delayed message that is to be cancelled.
    pub const TIMER_DEL_UNIQKEY: &str = "TIMER_DEL_UNIQKEY";
    /// Light queues the message also goes to.
    pub const INNER_MULTI_DISPATCH: &str = "INNER_MULTI_DISPATCH";
    /// Its offsets in the light queues.
    pub const INNER_MULTI_QUEUE_OFFSET: &str = "INNER_MULTI_QUEUE_OFFSET";
}

/// The value of a property.
pub fn get<'a>(properties: &'a str, name: &str) -> Option<&'a str> {
    properties.rsplit(PROPERTY_SEPARATOR).filter_map(pair).find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// Names and values in order, duplicates included.
pub fn iter(properties: &str) -> impl Iterator<Item = (&str, &str)> {
    properties.split(PROPERTY_SEPARATOR).filter_map(pair)
}

/// The string without a property; the rest stays as it is, byte for byte.
pub fn remove(properties: &str, name: &str) -> String {
    let is_named = |piece: &&str| piece.strip_prefix(name).is_some_and(|rest| rest.starts_with(NAME_VALUE_SEPARATOR));
    properties.split_inclusive(PROPERTY_SEPARATOR).filter(|piece| !is_named(piece)).collect()
}

/// Appends a property to a string, with a separator before it where one is needed.
pub fn append(properties: &mut String, name: &str, value: &str) {
    if !properties.is_empty() && !properties.ends_with(PROPERTY_SEPARATOR) {
        properties.push(PROPERTY_SEPARATOR);
    }
    properties.push_str(name);
    properties.push(NAME_VALUE_SEPARATOR);
    properties.push_str(value);
}

#[inline]
fn pair(piece: &str) -> Option<(&str, &str)> {
    piece.split_once(NAME_VALUE_SEPARATOR).filter(|(name, value)| !name.is_empty() && !value.is_empty())
}

/// The properties of a message, to be changed. Names are unique and keep the order they came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties {
    pairs: Vec<(String, String)>,
}

impl Properties {
    /// Reads a properties string; later duplicates win.
    pub fn parse(properties: &str) -> Properties {
        let mut parsed = Properties::default();
        let mut places = std::collections::HashMap::new();
        for (name, value) in iter(properties) {
            let place = *places.entry(name).or_insert(parsed.pairs.len());
            match parsed.pairs.get_mut(place) {
                Some(pair) => pair.1 = value.to_owned(),
                None => parsed.pairs.push((name.to_owned(), value.to_owned())),
            }
        }
        parsed
    }

    /// The value of a property.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Sets a property.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        match self.pairs.iter_mut().find(|(found, _)| found == name) {
            Some(pair) => pair.1 = value,
            None => self.pairs.push((name.to_owned(), value)),
        }
    }

    /// Removes a property and gives its value.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        let place = self.pairs.iter().position(|(found, _)| found == name)?;
        Some(self.pairs.remove(place).1)
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The properties string, without a last separator.
    pub fn encode(&self) -> String {
        let mut out = String::new();
        for (index, (name, value)) in self.iter().enumerate() {
            if index > 0 {
                out.push(PROPERTY_SEPARATOR);
            }
            // A String takes whatever is written to it.
            let _ = write!(out, "{name}{NAME_VALUE_SEPARATOR}{value}");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(properties: &str, expected: &[(&str, &str)]) {
        assert_eq!(iter(properties).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn reads_as_java() {
        check("", &[]);
        check("KEYS\u{1}k\u{2}TAGS\u{1}a", &[("KEYS", "k"), ("TAGS", "a")]);
        check("KEYS\u{1}k\u{2}", &[("KEYS", "k")]);
        check("\u{1}k\u{2}a\u{1}\u{2}ab\u{2}\u{2}b\u{1}c\u{1}d", &[("b", "c\u{1}d")]);
    }

    #[test]
    fn the_last_duplicate_wins() {
        let text = "a\u{1}1\u{2}b\u{1}2\u{2}a\u{1}3\u{2}a\u{1}\u{2}";
        assert_eq!(get(text, "a"), Some("3"));
        assert_eq!(get(text, "c"), None);
        assert_eq!(Properties::parse(text).encode(), "a\u{1}3\u{2}b\u{1}2");
    }

    #[test]
    fn removes_without_touching_the_rest() {
        assert_eq!(remove("a\u{1}1\u{2}WAIT\u{1}true\u{2}b\u{1}2", "WAIT"), "a\u{1}1\u{2}b\u{1}2");
        assert_eq!(remove("a\u{1}1\u{2}WAIT\u{1}true", "WAIT"), "a\u{1}1\u{2}");
        assert_eq!(remove("WAITER\u{1}1\u{2}WAIT", "WAIT"), "WAITER\u{1}1\u{2}WAIT");
    }

    #[test]
    fn changes_and_appends() {
        let mut properties = Properties::parse("a\u{1}1\u{2}b\u{1}2");
        properties.set("a", "9");
        properties.set("c", 3.to_string());
        assert_eq!(properties.remove("b").as_deref(), Some("2"));
        let mut text = properties.encode();
        append(&mut text, "d", "4");
        assert_eq!(text, "a\u{1}9\u{2}c\u{1}3\u{2}d\u{1}4");
    }
}
