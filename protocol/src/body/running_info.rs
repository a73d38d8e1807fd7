//! What consumers say of themselves.

use std::collections::BTreeMap;

use super::names::known;
use super::{ConsumeResult, MessageQueue, SubscriptionData, bodies};

bodies! {
    /// What a consumer is doing.
    ConsumerRunningInfo {
        /// Its threads.
        pub jstack: Option<String>,
        /// Queue to the state of its messages.
        pub mq_table: BTreeMap<MessageQueue, ProcessQueueInfo>,
        /// Its settings.
        pub properties: BTreeMap<String, String>,
        /// Topic to figures.
        pub status_table: BTreeMap<String, ConsumeStatus>,
        /// Its subscriptions.
        pub subscription_set: Vec<SubscriptionData>,
    }

    /// The messages of a queue at a consumer; times in ms.
    ProcessQueueInfo {
        /// Messages held.
        pub cached_msg_count: i32,
        /// The last one.
        pub cached_msg_max_offset: i64,
        /// The first one.
        pub cached_msg_min_offset: i64,
        /// Their size, MiB.
        #[serde(rename = "cachedMsgSizeInMiB")]
        pub cached_msg_size_in_mib: i32,
        /// The next offset to consume.
        pub commit_offset: i64,
        /// Given up; the spelling is Java's.
        pub droped: bool,
        /// Last consumed.
        pub last_consume_timestamp: i64,
        /// Last locked.
        pub last_lock_timestamp: i64,
        /// Last pulled.
        pub last_pull_timestamp: i64,
        /// Locked now.
        pub locked: bool,
        /// Messages being consumed in order.
        pub transaction_msg_count: i32,
        /// The last of them.
        pub transaction_msg_max_offset: i64,
        /// The first of them.
        pub transaction_msg_min_offset: i64,
        /// Failed tries to unlock.
        pub try_unlock_times: i64,
    }

    /// Figures of a topic at a consumer.
    ConsumeStatus {
        /// Messages failed in the last hour.
        pub consume_failed_msgs: i64,
        /// Messages failed a second.
        #[serde(rename = "consumeFailedTPS")]
        pub consume_failed_tps: f64,
        /// Messages consumed a second.
        #[serde(rename = "consumeOKTPS")]
        pub consume_ok_tps: f64,
        /// Milliseconds to consume.
        #[serde(rename = "consumeRT")]
        pub consume_rt: f64,
        /// Milliseconds to pull.
        #[serde(rename = "pullRT")]
        pub pull_rt: f64,
        /// Messages pulled a second.
        #[serde(rename = "pullTPS")]
        pub pull_tps: f64,
    }

    /// What a consumer made of one message.
    ConsumeMessageDirectlyResult {
        /// Commits by itself, old.
        pub auto_commit: bool,
        /// The outcome.
        #[serde(deserialize_with = "known")]
        pub consume_result: Option<ConsumeResult>,
        /// Consumes in order.
        pub order: bool,
        /// Text for people.
        pub remark: Option<String>,
        /// How long it took, ms; the spelling is Java's.
        pub spent_time_mills: i64,
    }
}
