//! How far groups have consumed, and moving them.


request! {
    /// Progress of a group. The body of the answer is a [`ConsumeStats`](crate::body::ConsumeStats).
    208 GetConsumeStats { topic = "topic": Option<String>, consumer_group = "consumerGroup": String }
}

request! {
    /// Progress of all groups. The body of the answer is a [`ConsumeStatsList`](crate::body::ConsumeStatsList).
    317 GetBrokerConsumeStats { is_order = "isOrder": bool }
}

request! {
    /// Progress of a group in time. The body of the answer is a [`QueryConsumeTimeSpanBody`](crate::body::QueryConsumeTimeSpanBody).
    303 QueryConsumeTimeSpan { topic = "topic": String, group = "group": String }
}

request! {
    /// Least progress of other groups. The body of the answer is a [`QueryCorrectionOffsetBody`](crate::body::QueryCorrectionOffsetBody).
    308 QueryCorrectionOffset {
        compare_group = "compareGroup": String,
        topic = "topic": String,
        filter_groups = "filterGroups": Option<String>,
    }
}

request! {
    /// Move a group to a time (ms; -1: the end). The body of the answer is a [`ResetOffsetBody`](crate::body::ResetOffsetBody).
    222 InvokeBrokerToResetOffset {
        topic = "topic": String,
        is_force = "isForce": bool,
        group = "group": String,
        timestamp = "timestamp": i64,
    }
}

request! {
    /// Offsets the group's consumers hold. The body of the answer is a [`GetConsumerStatusBody`](crate::body::GetConsumerStatusBody).
    223 InvokeBrokerToGetConsumerStatus {
        topic = "topic": String,
        client_addr = "clientAddr": Option<String>,
        group = "group": String,
    }
}

request! {
    /// Give a group the offsets of another.
    314 CloneGroupOffset {
        src_group = "srcGroup": String,
        dest_group = "destGroup": String,
        topic = "topic": Option<String>,
        offline = "offline": bool = false,
    }
}

request! {
    /// Entries of a consume queue. The body of the answer is a [`QueryConsumeQueueResponseBody`](crate::body::QueryConsumeQueueResponseBody).
    321 QueryConsumeQueue {
        queue_id = "queueId": i32 = 0,
        count = "count": i32 = 0,
        topic = "topic": Option<String>,
        index = "index": i64 = 0,
        consumer_group = "consumerGroup": Option<String>,
    }
}
