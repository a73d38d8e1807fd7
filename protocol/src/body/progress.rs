//! How far groups have consumed.

use std::collections::BTreeMap;

use super::{MessageQueue, SubscriptionData, bodies};

bodies! {
    /// Progress of a group.
    ConsumeStats {
        /// Messages a second.
        pub consume_tps: f64,
        /// Queue to progress.
        pub offset_table: BTreeMap<MessageQueue, OffsetWrapper>,
    }

    /// Progress in a queue.
    OffsetWrapper {
        /// One past the last message.
        pub broker_offset: i64,
        /// The next offset to consume.
        pub consumer_offset: i64,
        /// When the message before that was stored, ms.
        pub last_timestamp: i64,
    }

    /// Progress of all groups of a broker.
    ConsumeStatsList {
        /// The broker's address.
        pub broker_addr: String,
        /// Group to its progress, a topic each.
        pub consume_stats_list: Vec<BTreeMap<String, Vec<ConsumeStats>>>,
        /// Messages not yet consumed, of all groups.
        pub total_diff: i64,
    }

    /// The message that a broker leaves in OFFSET_MOVED_EVENT when it corrected a consumer's offset.
    OffsetMovedEvent {
        /// The consumer's group.
        pub consumer_group: String,
        /// The queue.
        pub message_queue: MessageQueue,
        /// Where the consumer was told to go on.
        pub offset_new: i64,
        /// Where it wanted to go on.
        pub offset_request: i64,
    }

    /// Offsets to go on from.
    ResetOffsetBody {
        /// Queue to offset.
        pub offset_table: BTreeMap<MessageQueue, i64>,
    }

    /// The same for C++ clients.
    ResetOffsetBodyForC {
        /// Queues with offsets.
        pub offset_table: Vec<MessageQueueForC>,
    }

    /// A queue with an offset.
    MessageQueueForC {
        /// The broker's name.
        pub broker_name: String,
        /// The offset.
        pub offset: i64,
        /// The queue's number.
        pub queue_id: i32,
        /// The topic.
        pub topic: String,
    }

    /// Offsets consumers hold.
    GetConsumerStatusBody {
        /// Client id to queue to offset; the broker's answer.
        pub consumer_table: BTreeMap<String, BTreeMap<MessageQueue, i64>>,
        /// Queue to offset; a client's answer.
        pub message_queue_table: BTreeMap<MessageQueue, i64>,
    }

    /// Least progress of other groups.
    QueryCorrectionOffsetBody {
        /// Queue to offset.
        pub correction_offsets: BTreeMap<i32, i64>,
    }

    /// Progress of a group in time.
    QueryConsumeTimeSpanBody {
        /// A span for each queue.
        pub consume_time_span_set: Vec<QueueTimeSpan>,
    }

    /// Times of a queue, in ms and as `yyyy-MM-dd#HH:mm:ss:SSS`.
    QueueTimeSpan {
        /// When the message last consumed was stored.
        pub consume_time_stamp: i64,
        /// The same as text.
        pub consume_time_stamp_str: Option<String>,
        /// How long the next message waits, ms.
        pub delay_time: i64,
        /// When the last message was stored.
        pub max_time_stamp: i64,
        /// The same as text.
        pub max_time_stamp_str: Option<String>,
        /// The queue.
        pub message_queue: MessageQueue,
        /// When the first message was stored.
        pub min_time_stamp: i64,
        /// The same as text.
        pub min_time_stamp_str: Option<String>,
    }

    /// Entries of a consume queue.
    QueryConsumeQueueResponseBody {
        /// JSON text of the group's SQL filter; `null` as text if it has none.
        pub filter_data: Option<String>,
        /// One past the last entry.
        pub max_queue_index: i64,
        /// The first entry.
        pub min_queue_index: i64,
        /// The entries.
        pub queue_data: Vec<ConsumeQueueData>,
        /// The group's subscription.
        pub subscription_data: Option<SubscriptionData>,
    }

    /// An entry of a consume queue.
    ConsumeQueueData {
        /// Bits of the SQL filter.
        pub bit_map: Option<String>,
        /// Whether the group's filter takes it.
        pub eval: bool,
        /// More about it, as JSON text.
        pub extend_data_json: Option<String>,
        /// What went wrong with it.
        pub msg: Option<String>,
        /// Where the record lies, bytes.
        pub physic_offset: i64,
        /// Bytes of the record.
        pub physic_size: i32,
        /// The tags code.
        pub tags_code: i64,
    }
}
