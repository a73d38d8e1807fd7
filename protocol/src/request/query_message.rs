//! Finding messages by key and by place.


request! {
    /// Messages of a topic with a key, stored in a time span (ms). The body of the answer is records back to back.
    12 QueryMessage {
        unique_key_query = "_UNIQUE_KEY_QUERY": Option<bool>,
        begin_timestamp = "beginTimestamp": i64,
        topic = "topic": String,
        max_num = "maxNum": i32,
        end_timestamp = "endTimestamp": i64,
        key = "key": String,
    } -> QueryMessageReply {
        index_last_update_phyoffset = "indexLastUpdatePhyoffset": i64,
        index_last_update_timestamp = "indexLastUpdateTimestamp": i64,
    }
}

request! {
    /// The message at a place in the log. The body of the answer is its record.
    33 ViewMessageById { offset = "offset": i64 }
}
