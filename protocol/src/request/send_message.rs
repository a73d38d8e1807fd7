//! Sending: the long names (10, 324), the short names (310, 320, 325), and what both say.
//!
//! Absent fields have values of their own: a send that does not even name a topic must be refused for that, in a processor's
//! words, as Java does.

/// A send that names no queue is refused as one that names a queue beyond the last.
const ABSENT_QUEUE: i32 = i32::MAX;

crate::header_fields! {
    /// Where a message was stored.
    SendMessageReply {
        queue_id = "queueId": i32,
        transaction_id = "transactionId": Option<String>,
        msg_id = "msgId": String,
        queue_offset = "queueOffset": i64,
    }
}

/// Declares a send of the long names.
macro_rules! long_names {
    ($(#[$meta:meta])* $code:literal $name:ident) => {
        request! {
            $(#[$meta])*
            $code $name {
                queue_id = "queueId": i32 = ABSENT_QUEUE,
                producer_group = "producerGroup": String = String::new(),
                topic = "topic": String = String::new(),
                default_topic = "defaultTopic": String = String::new(),
                default_topic_queue_nums = "defaultTopicQueueNums": i32 = 0,
                sys_flag = "sysFlag": i32 = 0,
                born_timestamp = "bornTimestamp": i64 = 0,
                flag = "flag": i32 = 0,
                properties = "properties": Option<String>,
                reconsume_times = "reconsumeTimes": Option<i32>,
                unit_mode = "unitMode": Option<bool>,
                batch = "batch": Option<bool>,
                max_reconsume_times = "maxReconsumeTimes": Option<i32>,
                broker_name = "bname": Option<String>,
            } -> SendMessageReply
        }
    };
}

long_names! {
    /// A message, by clients that do not use the short names. The body is the message's.
    10 SendMessage
}

/// Declares a send of the short names.
macro_rules! short_names {
    ($(#[$meta:meta])* $code:literal $name:ident) => {
        request! {
            $(#[$meta])*
            $code $name {
                producer_group = "a": String = String::new(),
                topic = "b": String = String::new(),
                default_topic = "c": String = String::new(),
                default_topic_queue_nums = "d": i32 = 0,
                queue_id = "e": i32 = ABSENT_QUEUE,
                sys_flag = "f": i32 = 0,
                born_timestamp = "g": i64 = 0,
                flag = "h": i32 = 0,
                properties = "i": Option<String>,
                reconsume_times = "j": Option<i32>,
                unit_mode = "k": Option<bool>,
                max_reconsume_times = "l": Option<i32>,
                batch = "m": Option<bool>,
                broker_name = "n": Option<String>,
            } -> SendMessageReply
        }
    };
}

short_names! {
    /// A message; a batch if `batch` is true.
    310 SendMessageV2
}

short_names! {
    /// A batch, by stock clients; stored as one only if `batch` is true.
    320 SendBatchMessage
}

short_names! {
    /// A reply to a request message; goes to the client named by its REPLY_TO_CLIENT property.
    325 SendReplyMessageV2
}

long_names! {
    /// A reply, by clients that do not use the short names.
    324 SendReplyMessage
}

/// What every form of sending says, absent fields filled in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SendMessageFields {
    /// The producer group.
    pub producer_group: String,
    /// The topic.
    pub topic: String,
    /// The topic whose settings a new topic takes.
    pub default_topic: String,
    /// Queues the client wants a new topic to have.
    pub default_topic_queue_nums: i32,
    /// The queue; below 0 the broker picks one.
    pub queue_id: i32,
    /// See [`sys_flag`](crate::message::sys_flag).
    pub sys_flag: i32,
    /// When the client made the message, ms.
    pub born_timestamp: i64,
    /// The user's flag.
    pub flag: i32,
    /// The properties string.
    pub properties: String,
    /// How often the message was consumed and sent back.
    pub reconsume_times: i32,
    /// Unused.
    pub unit_mode: bool,
    /// The body is a batch.
    pub batch: bool,
    /// How often the message may be sent back, if the client says.
    pub max_reconsume_times: Option<i32>,
    /// The logical broker, of clients from 4.9.5.
    pub broker_name: Option<String>,
}

macro_rules! into_fields {
    ($($name:ident)*) => {$(
        impl From<$name> for SendMessageFields {
            fn from(sent: $name) -> SendMessageFields {
                SendMessageFields {
                    producer_group: sent.producer_group,
                    topic: sent.topic,
                    default_topic: sent.default_topic,
                    default_topic_queue_nums: sent.default_topic_queue_nums,
                    queue_id: sent.queue_id,
                    sys_flag: sent.sys_flag,
                    born_timestamp: sent.born_timestamp,
                    flag: sent.flag,
                    properties: sent.properties.unwrap_or_default(),
                    reconsume_times: sent.reconsume_times.unwrap_or(0),
                    unit_mode: sent.unit_mode.unwrap_or(false),
                    batch: sent.batch.unwrap_or(false),
                    max_reconsume_times: sent.max_reconsume_times,
                    broker_name: sent.broker_name,
                }
            }
        }
    )*};
}

into_fields! { SendMessage SendMessageV2 SendBatchMessage SendReplyMessage SendReplyMessageV2 }
