//! Topics and their configuration.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::names::known_or_default;
use super::{MessageQueue, TopicFilterType, bodies};

bodies! {
    /// The version of a table: it changes with the table.
    #[derive(Copy, Eq)]
    DataVersion {
        /// Grows with each change.
        pub counter: i64,
        /// When it last changed, ms.
        pub timestamp: i64,
    }

    /// All topics of a broker.
    TopicConfigSerializeWrapper {
        /// The version of the table.
        pub data_version: DataVersion,
        /// Topic to configuration.
        pub topic_config_table: BTreeMap<String, TopicConfig>,
    }

    /// Topic names, and a broker to ask for more.
    TopicList {
        /// Address of a broker, if asked at the NameServer for its own topics.
        pub broker_addr: Option<String>,
        /// The names.
        pub topic_list: Vec<String>,
    }

    /// A table of strings.
    KvTable {
        /// Key to value.
        pub table: BTreeMap<String, String>,
    }

    /// Group names.
    GroupList {
        /// The names.
        pub group_list: Vec<String>,
    }

    /// Bounds of a topic's queues.
    TopicStatsTable {
        /// Queue to bounds.
        pub offset_table: BTreeMap<MessageQueue, TopicOffset>,
    }

    /// Bounds of a queue.
    TopicOffset {
        /// When the last message was stored, ms; 0: none was.
        pub last_update_timestamp: i64,
        /// One past the last message.
        pub max_offset: i64,
        /// The first message.
        pub min_offset: i64,
    }
}

/// A topic of a broker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TopicConfig {
    /// Meant for ordered messages.
    pub order: bool,
    /// Permission bits: 4 read, 2 write, 1 inherit, 8 priority.
    pub perm: i32,
    /// Queues consumers see.
    pub read_queue_nums: i32,
    /// A mark without effect.
    #[serde(deserialize_with = "known_or_default")]
    pub topic_filter_type: TopicFilterType,
    /// The name.
    pub topic_name: String,
    /// Unit bits: 1 unit, 2 unit subscription.
    pub topic_sys_flag: i32,
    /// Queues producers see.
    pub write_queue_nums: i32,
}

impl Default for TopicConfig {
    // Java: TopicConfig: 16 queues of each kind, to be read and written.
    fn default() -> Self {
        TopicConfig {
            order: false,
            perm: 6,
            read_queue_nums: 16,
            topic_filter_type: TopicFilterType::SingleTag,
            topic_name: String::new(),
            topic_sys_flag: 0,
            write_queue_nums: 16,
        }
    }
}
