//! A group's offset in a queue.

use super::EmptyPresent;

request! {
    /// The next offset the group will consume.
    14 QueryConsumerOffset {
        queue_id = "queueId": i32,
        broker_name = "bname": Option<String>,
        topic = "topic": String,
        consumer_group = "consumerGroup": String,
    } -> QueryConsumerOffsetReply { offset = "offset": i64 }
}

request! {
    /// Set it.
    15 UpdateConsumerOffset {
        queue_id = "queueId": i32,
        broker_name = "bname": Option<String>,
        commit_offset = "commitOffset": i64,
        topic = "topic": String,
        consumer_group = "consumerGroup": String,
    } -> EmptyPresent
}
