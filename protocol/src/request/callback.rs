//! What a broker asks of its clients, besides [`CheckTransactionState`](super::CheckTransactionState),
//! [`GetConsumerRunningInfo`](super::GetConsumerRunningInfo) and [`ConsumeMessageDirectly`](super::ConsumeMessageDirectly).


request! {
    /// A consumer joined or left the group: share the queues anew.
    40 NotifyConsumerIdsChanged { consumer_group = "consumerGroup": String }
}

request! {
    /// Go on consuming at other offsets. The body is a [`ResetOffsetBody`](crate::body::ResetOffsetBody), for C++
    /// clients a [`ResetOffsetBodyForC`](crate::body::ResetOffsetBodyForC).
    220 ResetConsumerClientOffset {
        topic = "topic": String,
        is_force = "isForce": bool,
        group = "group": String,
        timestamp = "timestamp": i64,
    }
}

request! {
    /// Offsets of a consumer's queues. The body of the answer is a [`GetConsumerStatusBody`](crate::body::GetConsumerStatusBody).
    221 GetConsumerStatusFromClient {
        topic = "topic": String,
        client_addr = "clientAddr": Option<String>,
        group = "group": String,
    }
}

request! {
    /// The reply to a request message of the client. The body is the reply's.
    326 PushReplyMessageToClient {
        queue_id = "queueId": i32,
        producer_group = "producerGroup": String,
        topic = "topic": String,
        default_topic = "defaultTopic": String,
        default_topic_queue_nums = "defaultTopicQueueNums": i32,
        sys_flag = "sysFlag": i32,
        born_timestamp = "bornTimestamp": i64,
        flag = "flag": i32,
        properties = "properties": Option<String>,
        reconsume_times = "reconsumeTimes": Option<i32>,
        unit_mode = "unitMode": bool = false,
        born_host = "bornHost": String,
        store_host = "storeHost": String,
        store_timestamp = "storeTimestamp": i64,
    }
}
