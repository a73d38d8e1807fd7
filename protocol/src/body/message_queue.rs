//! A queue's full name, which Java also uses as a map key.

use std::cmp::Ordering;
use std::fmt;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor, value::MapAccessDeserializer};

use super::fastjson;

/// A queue of a topic at a broker. Ordered by topic, broker and queue, as in Java.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageQueue {
    /// The broker's name.
    pub broker_name: String,
    /// The queue's number.
    pub queue_id: i32,
    /// The topic.
    pub topic: String,
}

impl Ord for MessageQueue {
    fn cmp(&self, other: &Self) -> Ordering {
        self.topic
            .cmp(&other.topic)
            .then_with(|| self.broker_name.cmp(&other.broker_name))
            .then_with(|| self.queue_id.cmp(&other.queue_id))
    }
}

impl PartialOrd for MessageQueue {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The same three fields, read from an object.
#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Plain {
    broker_name: String,
    queue_id: i32,
    topic: String,
}

impl From<Plain> for MessageQueue {
    fn from(plain: Plain) -> Self {
        MessageQueue { broker_name: plain.broker_name, queue_id: plain.queue_id, topic: plain.topic }
    }
}

impl<'de> Deserialize<'de> for MessageQueue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectOrText)
    }
}

/// A value is an object; a key has become its text.
struct ObjectOrText;

impl<'de> Visitor<'de> for ObjectOrText {
    type Value = MessageQueue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message queue")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<MessageQueue, E> {
        fastjson::decode::<Plain>(text.as_bytes()).map(MessageQueue::from).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<MessageQueue, A::Error> {
        Plain::deserialize(MapAccessDeserializer::new(map)).map(MessageQueue::from)
    }
}
