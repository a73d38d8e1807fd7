//! Clients: heartbeats, subscriptions, connections, locked queues.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::names::known;
use super::{ConsumeFromWhere, ConsumeType, MessageModel, MessageQueue, bodies};
use crate::language::Language;

bodies! {
    /// A client lives, with these groups.
    HeartbeatData {
        /// The client's id.
        #[serde(rename = "clientID")]
        pub client_id: String,
        /// Its consumer groups.
        pub consumer_data_set: Vec<ConsumerData>,
        /// Its producer groups.
        pub producer_data_set: Vec<ProducerData>,
    }

    /// A consumer group of a client.
    ConsumerData {
        /// Where it begins without an offset.
        #[serde(deserialize_with = "known")]
        pub consume_from_where: Option<ConsumeFromWhere>,
        /// Who asks for messages.
        #[serde(deserialize_with = "known")]
        pub consume_type: Option<ConsumeType>,
        /// The group.
        pub group_name: String,
        /// Who of the group gets a message.
        #[serde(deserialize_with = "known")]
        pub message_model: Option<MessageModel>,
        /// What it subscribes to.
        pub subscription_data_set: Vec<SubscriptionData>,
        /// Unused.
        pub unit_mode: bool,
    }

    /// A producer group of a client.
    ProducerData {
        /// The group.
        pub group_name: String,
    }

    /// A subscription to be checked.
    CheckClientRequestBody {
        /// The client's id.
        pub client_id: String,
        /// The group.
        pub group: String,
        /// The subscription.
        pub subscription_data: SubscriptionData,
    }

    /// The clients of a consumer group.
    GetConsumerListByGroupBody {
        /// Their ids.
        pub consumer_id_list: Vec<String>,
    }

    /// A connected client.
    Connection {
        /// `ip:port`.
        pub client_addr: String,
        /// Its id.
        pub client_id: String,
        /// The language it is written in.
        pub language: Language,
        /// Its version.
        pub version: i32,
    }

    /// A consumer group's clients and subscriptions.
    ConsumerConnection {
        /// The clients.
        pub connection_set: Vec<Connection>,
        /// Where it begins without an offset.
        #[serde(deserialize_with = "known")]
        pub consume_from_where: Option<ConsumeFromWhere>,
        /// Who asks for messages.
        #[serde(deserialize_with = "known")]
        pub consume_type: Option<ConsumeType>,
        /// Who of the group gets a message.
        #[serde(deserialize_with = "known")]
        pub message_model: Option<MessageModel>,
        /// Topic to subscription.
        pub subscription_table: BTreeMap<String, SubscriptionData>,
    }

    /// A producer group's clients.
    ProducerConnection {
        /// The clients.
        pub connection_set: Vec<Connection>,
    }

    /// All producer groups' clients.
    ProducerTableInfo {
        /// Group to clients.
        pub data: BTreeMap<String, Vec<ProducerInfo>>,
    }

    /// A producer.
    ProducerInfo {
        /// Its id.
        pub client_id: String,
        /// The language it is written in.
        pub language: Language,
        /// Its last heartbeat, ms.
        pub last_update_timestamp: i64,
        /// `/ip:port`.
        #[serde(rename = "remoteIP")]
        pub remote_ip: String,
        /// Its version.
        pub version: i32,
    }

    /// Queues to lock or unlock.
    LockBatchRequestBody {
        /// The client's id.
        pub client_id: String,
        /// The group.
        pub consumer_group: String,
        /// The queues.
        pub mq_set: Vec<MessageQueue>,
    }

    /// Queues locked.
    LockBatchResponseBody {
        /// The queues.
        #[serde(rename = "lockOKMQSet")]
        pub lock_ok_mq_set: Vec<MessageQueue>,
    }
}

/// Java's name for [`LockBatchRequestBody`] when unlocking.
pub type UnlockBatchRequestBody = LockBatchRequestBody;

/// What a group wants of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SubscriptionData {
    /// Filter by class; unused since filter servers went.
    pub class_filter_mode: bool,
    /// Hashes of the tags; empty: all.
    pub code_set: Vec<i32>,
    /// `TAG` or `SQL92`.
    pub expression_type: String,
    /// The expression, `*` for all.
    pub sub_string: String,
    /// Grows with each change, ms.
    pub sub_version: i64,
    /// The tags; empty: all.
    pub tags_set: Vec<String>,
    /// The topic.
    pub topic: String,
}

impl Default for SubscriptionData {
    fn default() -> Self {
        SubscriptionData {
            class_filter_mode: false,
            code_set: Vec::new(),
            expression_type: "TAG".to_owned(),
            sub_string: String::new(),
            sub_version: 0,
            tags_set: Vec::new(),
            topic: String::new(),
        }
    }
}
