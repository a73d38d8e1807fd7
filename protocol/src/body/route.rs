//! Routes: which brokers have a topic, and where they are.

use std::collections::{BTreeMap, BTreeSet};

use super::bodies;

bodies! {
    /// The brokers and queues of a topic. Clients before 4.9.4 take it from [`encode`](super::encode), others from
    /// [`encode_standard`](super::encode_standard).
    TopicRouteData {
        /// The brokers.
        pub broker_datas: Vec<BrokerData>,
        /// Broker address to filter servers; always empty now.
        pub filter_server_table: BTreeMap<String, Vec<String>>,
        /// Queues of an ordered topic, `broker:count;broker:count`.
        pub order_topic_conf: Option<String>,
        /// The queues, one entry a broker.
        pub queue_datas: Vec<QueueData>,
    }

    /// A broker: a master and its slaves.
    #[derive(Eq)]
    BrokerData {
        /// Broker id to address; 0 is the master.
        pub broker_addrs: BTreeMap<i64, String>,
        /// The name.
        pub broker_name: String,
        /// The cluster it belongs to.
        pub cluster: String,
    }

    /// A topic's queues at a broker.
    #[derive(Eq)]
    QueueData {
        /// The broker.
        pub broker_name: String,
        /// Permission bits: 4 read, 2 write, 1 inherit, 8 priority.
        pub perm: i32,
        /// Queues consumers see.
        pub read_queue_nums: i32,
        /// Unit bits. Until 4.8 the field had another name.
        #[serde(alias = "topicSynFlag")]
        pub topic_sys_flag: i32,
        /// Queues producers see.
        pub write_queue_nums: i32,
    }

    /// All clusters and brokers.
    ClusterInfo {
        /// Broker name to broker.
        pub broker_addr_table: BTreeMap<String, BrokerData>,
        /// Cluster to broker names.
        pub cluster_addr_table: BTreeMap<String, BTreeSet<String>>,
    }
}
