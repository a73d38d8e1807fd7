//! Where a queue begins and ends, by offset and by time.


request! {
    /// The message stored nearest to a time (ms).
    29 SearchOffsetByTimestamp {
        queue_id = "queueId": i32,
        broker_name = "bname": Option<String>,
        topic = "topic": String,
        timestamp = "timestamp": i64,
    } -> SearchOffsetByTimestampReply { offset = "offset": i64 }
}

request! {
    /// One past the last message of the queue.
    30 GetMaxOffset {
        queue_id = "queueId": i32, broker_name = "bname": Option<String>, topic = "topic": String,
    } -> GetMaxOffsetReply { offset = "offset": i64 }
}

request! {
    /// The first message of the queue.
    31 GetMinOffset {
        queue_id = "queueId": i32, broker_name = "bname": Option<String>, topic = "topic": String,
    } -> GetMinOffsetReply { offset = "offset": i64 }
}

request! {
    /// When the first message was stored (ms); -1 if there is none.
    32 GetEarliestMsgStoretime {
        queue_id = "queueId": i32, broker_name = "bname": Option<String>, topic = "topic": String,
    } -> GetEarliestMsgStoretimeReply { timestamp = "timestamp": i64 }
}
