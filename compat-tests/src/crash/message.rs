//! Messages whose every byte follows from their id, so that the history need not keep bodies.

use crate::client::{properties, send_batch, send_v2};
use crate::frame::Request;

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

    /// The body: mostly short, now and then some kilobytes.
    pub fn body(self) -> Vec<u8> {
        let mut random = fastrand::Rng::with_seed(self.0);
        let length = if random.u8(..10) == 0 { random.u64(..BODY_BYTES_MAX) } else { random.u64(1..200) };
        let mut body = vec![0; length as usize];
        random.fill(&mut body);
        body
    }

    fn properties(self) -> String {
        properties(&[("KEYS", &self.key()), ("UNIQ_KEY", &self.unique_key()), ("TAGS", "crash")])
    }
}

/// A send of one message.
pub fn single(id: MessageId, topic: usize, queue: i32) -> Request {
    send_v2(TOPICS[topic]).field("e", queue).field("i", id.properties()).body(id.body())
}

/// A send of several messages at once.
pub fn batch(ids: &[MessageId], topic: usize, queue: i32) -> Request {
    let messages: Vec<_> = ids.iter().map(|id| (id.body(), id.properties())).collect();
    let entries: Vec<_> = messages.iter().map(|(body, properties)| (body.as_slice(), properties.as_str())).collect();
    send_batch(TOPICS[topic], &entries).field("e", queue)
}
