//! Administration of topics.

use super::EmptyPresent;

request! {
    /// Make or change a topic. `perm`: 4 read, 2 write, 1 inherit.
    17 UpdateAndCreateTopic {
        read_queue_nums = "readQueueNums": i32,
        perm = "perm": i32,
        write_queue_nums = "writeQueueNums": i32,
        topic_filter_type = "topicFilterType": String,
        topic = "topic": String,
        default_topic = "defaultTopic": Option<String>,
        topic_sys_flag = "topicSysFlag": Option<i32>,
        order = "order": bool = false,
    }
}

request! {
    /// Delete a topic and its messages.
    215 DeleteTopicInBroker { topic = "topic": String }
}

request! {
    /// All topics. The body of the answer is a [`TopicConfigSerializeWrapper`](crate::body::TopicConfigSerializeWrapper).
    21 GetAllTopicConfig -> EmptyPresent
}

request! {
    /// One topic, as consoles of 5.x ask. The body of the answer is a [`TopicConfig`](crate::body::TopicConfig).
    351 GetTopicConfig { topic = "topic": String }
}

request! {
    /// Bounds of a topic's queues. The body of the answer is a [`TopicStatsTable`](crate::body::TopicStatsTable).
    202 GetTopicStatsInfo { topic = "topic": String }
}

request! {
    /// Groups that consume a topic. The body of the answer is a [`GroupList`](crate::body::GroupList).
    300 QueryTopicConsumeByWho { topic = "topic": String }
}

request! {
    /// Topics of the broker itself. The body of the answer is a [`TopicList`](crate::body::TopicList).
    305 GetSystemTopicListFromBroker
}

request! {
    /// Delete queues whose topic is gone.
    316 CleanUnusedTopic
}
