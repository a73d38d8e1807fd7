//! Sends, pulls and queries as a client would, one blocking call each; and the requests that scripts vary.

use crate::frame::{Answer, Request, request};
use crate::record::Record;
use crate::script::Script;
use serde_json::json;
use std::io;

/// Request codes of the calls below.
pub mod code {
    #![allow(missing_docs)]
    pub const SEND_MESSAGE: i32 = 10;
    pub const PULL_MESSAGE: i32 = 11;
    pub const QUERY_MESSAGE: i32 = 12;
    pub const QUERY_CONSUMER_OFFSET: i32 = 14;
    pub const UPDATE_CONSUMER_OFFSET: i32 = 15;
    pub const CREATE_TOPIC: i32 = 17;
    pub const SEARCH_OFFSET: i32 = 29;
    pub const GET_MAX_OFFSET: i32 = 30;
    pub const GET_MIN_OFFSET: i32 = 31;
    pub const VIEW_MESSAGE: i32 = 33;
    pub const HEART_BEAT: i32 = 34;
    pub const SEND_BACK: i32 = 36;
    pub const END_TRANSACTION: i32 = 37;
    pub const PUT_KV_CONFIG: i32 = 100;
    pub const REGISTER_BROKER: i32 = 103;
    pub const ROUTE: i32 = 105;
    pub const SEND_MESSAGE_V2: i32 = 310;
    pub const UPDATE_NAMESRV_CONFIG: i32 = 318;
    pub const SEND_BATCH: i32 = 320;
}

/// A send with short field names to queue 0, as stock clients do it.
pub fn send_v2(topic: &str) -> Request {
    let fields = [
        ("a", "compat_producer"),
        ("b", topic),
        ("c", "TBW102"),
        ("d", "4"),
        ("e", "0"),
        ("f", "0"),
        ("g", "1700000000000"),
    ];
    let more = [("h", "0"), ("i", ""), ("j", "0"), ("k", "false"), ("m", "false")];
    let empty = request(code::SEND_MESSAGE_V2).body("hello");
    fields.iter().chain(&more).fold(empty, |request, (name, value)| request.field(name, value))
}

/// The same with long field names.
pub fn send_v1(topic: &str) -> Request {
    let fields = [
        ("producerGroup", "compat_producer"),
        ("topic", topic),
        ("defaultTopic", "TBW102"),
        ("defaultTopicQueueNums", "4"),
    ];
    let more =
        [("queueId", "0"), ("sysFlag", "0"), ("bornTimestamp", "1700000000000"), ("flag", "0"), ("properties", "")];
    let rest = [("reconsumeTimes", "0"), ("unitMode", "false")];
    let empty = request(code::SEND_MESSAGE).body("hello");
    fields.iter().chain(&more).chain(&rest).fold(empty, |request, (name, value)| request.field(name, value))
}

/// A batch of (body, properties) to queue 0.
pub fn send_batch(topic: &str, entries: &[(&[u8], &str)]) -> Request {
    let body: Vec<u8> = entries.iter().flat_map(|(body, properties)| batch_entry(body, properties)).collect();
    batch_of(topic, body)
}

/// A batch whose body is any bytes.
pub fn batch_of(topic: &str, body: Vec<u8>) -> Request {
    let single = send_v2(topic).field("m", "true");
    single.code(code::SEND_BATCH).body(body)
}

/// One entry of a batch body.
pub fn batch_entry(body: &[u8], properties: &str) -> Vec<u8> {
    let mut entry = Vec::with_capacity(22 + body.len() + properties.len());
    entry.extend((22 + body.len() as u32 + properties.len() as u32).to_be_bytes());
    entry.extend([0; 12]); // magic, crc, flag
    entry.extend((body.len() as u32).to_be_bytes());
    entry.extend(body);
    entry.extend((properties.len() as u16).to_be_bytes());
    entry.extend(properties.as_bytes());
    entry
}

/// A pull from an offset that brings its own subscription to everything and does not wait.
pub fn pull(topic: &str, queue: i32, offset: i64) -> Request {
    request(code::PULL_MESSAGE)
        .field("consumerGroup", "compat_consumer")
        .field("topic", topic)
        .field("queueId", queue)
        .field("queueOffset", offset)
        .field("maxMsgNums", 32)
        .field("sysFlag", 4)
        .field("commitOffset", 0)
        .field("suspendTimeoutMillis", 0)
        .field("subscription", "*")
        .field("subVersion", 0)
        .field("expressionType", "TAG")
}

/// A question about one queue (29, 30, 31, 32).
pub fn about_queue(code: i32, topic: &str, queue: i32) -> Request {
    request(code).field("topic", topic).field("queueId", queue)
}

/// A query by key; `unique` asks for the client's own id.
pub fn query(topic: &str, key: &str, unique: bool) -> Request {
    let request = request(code::QUERY_MESSAGE).field("topic", topic).field("key", key).field("maxNum", 32);
    let request = request.field("beginTimestamp", 0).field("endTimestamp", i64::MAX);
    if unique { request.field("_UNIQUE_KEY_QUERY", "true") } else { request }
}

/// A heartbeat of a client that consumes, in each group, all of some topics, and produces in other groups.
pub fn heartbeat(client_id: &str, consumes: &[(String, Vec<String>)], produces: &[&str]) -> Request {
    let subscription = |topic: &String| {
        json!({"classFilterMode": false, "codeSet": [], "expressionType": "TAG", "subString": "*", "subVersion": 1,
            "tagsSet": [], "topic": topic})
    };
    let consumer = |(group, topics): &(String, Vec<String>)| {
        json!({"consumeFromWhere": "CONSUME_FROM_FIRST_OFFSET", "consumeType": "CONSUME_PASSIVELY", "groupName": group,
            "messageModel": "CLUSTERING", "subscriptionDataSet": topics.iter().map(subscription).collect::<Vec<_>>(),
            "unitMode": false})
    };
    let body = json!({
        "clientID": client_id,
        "consumerDataSet": consumes.iter().map(consumer).collect::<Vec<_>>(),
        "producerDataSet": produces.iter().map(|group| json!({"groupName": group})).collect::<Vec<_>>(),
    });
    request(code::HEART_BEAT).body(body.to_string())
}

/// A creation of a topic.
pub fn create_topic(topic: &str, queues: i32, perm: i32) -> Request {
    request(code::CREATE_TOPIC)
        .field("topic", topic)
        .field("defaultTopic", "TBW102")
        .field("readQueueNums", queues)
        .field("writeQueueNums", queues)
        .field("perm", perm)
        .field("topicFilterType", "SINGLE_TAG")
        .field("topicSysFlag", 0)
        .field("order", "false")
}

/// The string that carries properties.
pub fn properties(pairs: &[(&str, &str)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}\u{1}{value}")).collect::<Vec<_>>().join("\u{2}")
}

/// Reads a broker: one connection, one question at a time.
pub struct Reader {
    script: Script,
}

impl Reader {
    /// Connects.
    pub fn open(broker: &str) -> Reader {
        Reader { script: Script::open(broker) }
    }

    /// Over a connection that is there.
    pub fn over(script: Script) -> Reader {
        Reader { script }
    }

    /// Asks, or says that the connection broke.
    pub fn try_ask(&mut self, request: Request) -> io::Result<Answer> {
        self.script.try_send(&request.bytes())?;
        self.script.try_read()
    }

    /// Asks.
    pub fn ask(&mut self, request: Request) -> Answer {
        self.script.ask(request)
    }

    /// One past the last message of a queue.
    pub fn max_offset(&mut self, topic: &str, queue: i32) -> i64 {
        self.ask(about_queue(code::GET_MAX_OFFSET, topic, queue)).number("offset")
    }

    /// The first message of a queue.
    pub fn min_offset(&mut self, topic: &str, queue: i32) -> i64 {
        self.ask(about_queue(code::GET_MIN_OFFSET, topic, queue)).number("offset")
    }

    /// All messages of a queue from an offset to the end, in order.
    pub fn drain(&mut self, topic: &str, queue: i32, from: i64) -> Vec<Record> {
        let mut all = Vec::new();
        let (mut next, end) = (from, self.max_offset(topic, queue));
        while next < end {
            let answer = self.ask(pull(topic, queue, next));
            assert!(answer.code == 0, "pull {topic} {queue} at {next} of {end}: {answer:?}");
            all.extend(Record::all_in(&answer.body));
            next = answer.number("nextBeginOffset");
        }
        all
    }

    /// What a query by key finds.
    pub fn query(&mut self, topic: &str, key: &str, unique: bool) -> Vec<Record> {
        let answer = self.ask(query(topic, key, unique));
        if answer.code == 0 { Record::all_in(&answer.body) } else { Vec::new() }
    }

    /// The message at an offset of the log.
    pub fn view(&mut self, physical_offset: i64) -> Option<Record> {
        let answer = self.ask(request(code::VIEW_MESSAGE).field("offset", physical_offset));
        (answer.code == 0).then(|| Record::all_in(&answer.body).swap_remove(0))
    }
}
