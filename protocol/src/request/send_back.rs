//! Giving a message back that could not be consumed.


request! {
    /// Store the message at `offset` again for the group, later; or in its dead letter queue.
    36 ConsumerSendMsgBack {
        offset = "offset": i64,
        group = "group": String,
        delay_level = "delayLevel": i32,
        origin_msg_id = "originMsgId": Option<String>,
        origin_topic = "originTopic": Option<String>,
        unit_mode = "unitMode": bool = false,
        max_reconsume_times = "maxReconsumeTimes": Option<i32>,
        broker_name = "bname": Option<String>,
    }
}
