//! Subscription groups, and the offsets of groups and delay levels.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{DataVersion, bodies};

/// A subscription group of a broker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SubscriptionGroupConfig {
    /// The broker to pull from, 0 the master.
    pub broker_id: i64,
    /// May consume broadcasting.
    pub consume_broadcast_enable: bool,
    /// May consume.
    pub consume_enable: bool,
    /// May begin at the first message.
    pub consume_from_min_enable: bool,
    /// The name.
    pub group_name: String,
    /// Consumers are told when others join or leave.
    pub notify_consumer_ids_changed_enable: bool,
    /// How often a message is given back before it goes to the dead letter queue.
    pub retry_max_times: i32,
    /// Queues of the retry topic.
    pub retry_queue_nums: i32,
    /// The broker to pull from when the group is far behind.
    pub which_broker_when_consume_slowly: i64,
}

impl Default for SubscriptionGroupConfig {
    fn default() -> Self {
        SubscriptionGroupConfig {
            broker_id: 0,
            consume_broadcast_enable: true,
            consume_enable: true,
            consume_from_min_enable: true,
            group_name: String::new(),
            notify_consumer_ids_changed_enable: true,
            retry_max_times: 16,
            retry_queue_nums: 1,
            which_broker_when_consume_slowly: 1,
        }
    }
}

bodies! {
    /// All groups of a broker.
    SubscriptionGroupWrapper {
        /// The version of the table.
        pub data_version: DataVersion,
        /// Group to configuration.
        pub subscription_group_table: BTreeMap<String, SubscriptionGroupConfig>,
    }

    /// All offsets of a broker.
    ConsumerOffsetSerializeWrapper {
        /// `topic@group` to queue to the next offset to consume.
        pub offset_table: BTreeMap<String, BTreeMap<i32, i64>>,
    }

    /// Progress of the delay levels.
    DelayOffsetSerializeWrapper {
        /// Level to the next offset of its queue.
        pub offset_table: BTreeMap<i32, i64>,
    }
}
