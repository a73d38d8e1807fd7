//! Messages whose every byte follows from their id, so that the history need not keep bodies.

use crate::client::{properties, send_batch, send_v2};
use crate::frame::Request;
use std::time::{SystemTime, UNIX_EPOCH};

/// The topics of the load.
pub const TOPICS: [&str; 3] = ["CrashA", "CrashB", "CrashC"];
/// Queues of each topic.
pub const QUEUES: i32 = 8;
const BODY_BYTES_MAX: u64 = 8_000;

/// Producer number and running number in one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct MessageId(pub u64);

impl MessageId {
    /// The n-th message of a producer.
    pub fn new(producer: u64, number: u64) -> MessageId {
        MessageId(producer << 40 | number)
    }

    /// Which producer.
    pub fn producer(self) -> u64 {
        self.0 >> 40
    }

    /// As the message carries it in KEYS.
    pub fn key(self) -> String {
        format!("k{:x}", self.0)
    }

    /// As the message carries it in UNIQ_KEY.
    pub fn unique_key(self) -> String {
        format!("{:032X}", self.0)
    }

    /// The id that a stored key names.
    pub fn of_key(key: &str) -> Option<MessageId> {
        u64::from_str_radix(key.strip_prefix('k')?, 16).ok().map(MessageId)
    }

    /// The id that a unique key names.
    pub fn of_unique_key(key: &str) -> Option<MessageId> {
        u64::from_str_radix(key, 16).ok().map(MessageId)
    }

    /// The body: mostly short, now and then some kilobytes.
    pub fn body(self) -> Vec<u8> {
        let mut random = fastrand::Rng::with_seed(self.0);
        let length = if random.u8(..10) == 0 { random.u64(..BODY_BYTES_MAX) } else { random.u64(1..200) };
        let mut body = vec![0; length as usize];
        random.fill(&mut body);
        body
    }

    /// A choice among `count` that is always the same for this message, and says nothing of choices of another `name`.
    pub fn choice(self, name: &str, count: u64) -> u64 {
        let salt = name.bytes().fold(0, |salt: u64, byte| salt.rotate_left(7) ^ u64::from(byte));
        let mut random = fastrand::Rng::with_seed(self.0 ^ salt << 20);
        // The first number of neighbouring seeds is not as random as those behind it.
        random.u64(..);
        random.u64(..count)
    }

    fn properties(self, more: &[(&str, &str)]) -> String {
        let (key, unique) = (self.key(), self.unique_key());
        properties(&[&[("KEYS", key.as_str()), ("UNIQ_KEY", &unique), ("TAGS", "crash")], more].concat())
    }
}

/// A send of one message.
pub fn single(id: MessageId, topic: &str, queue: i32) -> Request {
    single_with(id, topic, queue, &[])
}

/// A send of one message that has `more` properties.
pub fn single_with(id: MessageId, topic: &str, queue: i32, more: &[(&str, &str)]) -> Request {
    send_v2(topic).field("e", queue).field("i", id.properties(more)).body(id.body())
}

/// A send of several messages at once.
pub fn batch(ids: &[MessageId], topic: &str, queue: i32) -> Request {
    let messages: Vec<_> = ids.iter().map(|id| (id.body(), id.properties(&[]))).collect();
    let entries: Vec<_> = messages.iter().map(|(body, properties)| (body.as_slice(), properties.as_str())).collect();
    send_batch(topic, &entries).field("e", queue)
}

/// The wall clock, in ms since 1970: the broker's own, as both run on one machine.
pub fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
