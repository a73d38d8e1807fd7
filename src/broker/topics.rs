//! The topics of this broker: which exist, with how many queues and which permissions.
//!
//! Owns the topic table and the rules by which topics come into being on their own. **Invariant:** a topic that
//! anyone was told of is on disk. Must not know requests, peers or the log.

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use skylark_protocol::body::{DataVersion, KvTable, TopicConfig, TopicConfigSerializeWrapper, TopicFilterType};

use super::config_table::ConfigTable;
use super::topic_names as names;
use crate::store::StoreError;
use crate::store::meta::Meta;

/// Permission bits of a topic or of the broker.
pub(crate) mod perm {
    /// May be read.
    pub(crate) const READ: i32 = 4;
    /// May be written.
    pub(crate) const WRITE: i32 = 2;
    /// May lend its settings to topics created by a send.
    pub(crate) const INHERIT: i32 = 1;
}

/// Bits of a topic's system flag.
pub(crate) mod topic_sys_flag {
    /// The topic belongs to a unit.
    pub(crate) const UNIT: i32 = 1;
    /// Somebody in a unit subscribes to it.
    pub(crate) const UNIT_SUB: i32 = 2;
}

/// How many queues the schedule topic has: one a delay level.
const SCHEDULE_QUEUES: i32 = 18;

/// What of the configuration decides about topics.
#[derive(Clone, Debug)]
pub(crate) struct TopicRules {
    /// brokerName
    pub(crate) broker_name: String,
    /// brokerClusterName
    pub(crate) cluster_name: String,
    /// autoCreateTopicEnable
    pub(crate) auto_create: bool,
    /// defaultTopicQueueNums
    pub(crate) default_queues: i32,
    /// maxAutoCreatedTopics: a broker with so many topics makes no more on its own.
    pub(crate) auto_created_max: usize,
    /// clusterTopicEnable
    pub(crate) cluster_topic: bool,
    /// brokerTopicEnable
    pub(crate) broker_topic: bool,
    /// msgTraceTopicName if traceTopicEnable
    pub(crate) trace_topic: Option<String>,
}

/// The topic table.
pub(crate) struct TopicTable {
    table: ConfigTable<TopicConfig>,
    rules: ArcSwap<TopicRules>,
}

impl TopicTable {
    /// The table as Meta holds it, with the topics that exist from the start.
    pub(crate) fn load(meta: Arc<Meta>, rules: TopicRules) -> Result<Self, StoreError> {
        let table = ConfigTable::load(meta, "topic")?;
        for topic in initial_topics(&rules) {
            table.put_volatile(&topic.topic_name.clone(), topic);
        }
        Ok(TopicTable { table, rules: ArcSwap::from_pointee(rules) })
    }

    /// The topic called `topic`.
    pub(crate) fn get(&self, topic: &str) -> Option<Arc<TopicConfig>> {
        self.table.get(topic)
    }

    /// How many topics there are.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// All topics with the data version, as peers copy them.
    pub(crate) fn snapshot(&self) -> TopicConfigSerializeWrapper {
        TopicConfigSerializeWrapper {
            // Read first: a change in between makes the copy newer than its version, never older.
            data_version: self.version(),
            topic_config_table: (self.table.entries().into_iter())
                .map(|(name, topic)| (name.to_string(), TopicConfig::clone(&topic)))
                .collect(),
        }
    }

    /// Counts changes of the table.
    pub(crate) fn version(&self) -> DataVersion {
        self.table.version()
    }

    /// The topic that a send names, made from `base` if it does not exist and `base` lends its settings; the
    /// second value tells whether it was made. None: it may not be made. Blocks for the disk only if made.
    pub(crate) fn get_or_inherit(
        &self,
        topic: &str,
        base: &str,
        queues_wanted: i32,
        sys_flag: i32,
    ) -> Result<Option<(Arc<TopicConfig>, bool)>, StoreError> {
        self.table.get_or_put(topic, || {
            let base = self.table.get(base)?;
            // Java: TopicConfigManager.createTopicInSendMessageMethod
            let lends = base.perm & perm::INHERIT != 0
                && (self.rules.load().auto_create || !is_auto_create_name(&base.topic_name));
            if !lends || self.table.len() >= self.rules.load().auto_created_max {
                return None;
            }
            let queues = queues_wanted.min(base.write_queue_nums).max(0);
            let mut made = topic_config(topic, queues, base.perm & !perm::INHERIT);
            made.topic_sys_flag = sys_flag;
            made.topic_filter_type = base.topic_filter_type;
            Some(made)
        })
    }

    /// The topic, made readable and writable with `queues` queues if it does not exist: retry and dead-letter
    /// topics. The second value tells whether it was made. Blocks for the disk only if made.
    pub(crate) fn get_or_create(
        &self,
        topic: &str,
        queues: i32,
        sys_flag: i32,
    ) -> Result<Option<(Arc<TopicConfig>, bool)>, StoreError> {
        self.table.get_or_put(topic, || {
            let mut made = topic_config(topic, queues, perm::READ | perm::WRITE);
            made.topic_sys_flag = sys_flag;
            (self.table.len() < self.rules.load().auto_created_max).then_some(made)
        })
    }

    /// Creates or replaces a topic. Blocks for the disk.
    pub(crate) fn put(&self, topic: TopicConfig) -> Result<(), StoreError> {
        let name = topic.topic_name.clone();
        self.table.put(&name, topic).map(drop)
    }

    /// Forgets a topic; false if there was none. Blocks for the disk.
    pub(crate) fn remove(&self, topic: &str) -> Result<bool, StoreError> {
        self.table.remove(topic)
    }

    /// Takes over from a NameServer which topics are ordered; that others are not, of all or `only` of these. Blocks for
    /// the disk if that changes a topic.
    pub(crate) fn take_over_order(&self, ordered: &KvTable, only: Option<&[String]>) -> Result<(), StoreError> {
        let looked_at: Vec<Arc<TopicConfig>> = match only {
            Some(names) => {
                let names: BTreeSet<&String> = names.iter().chain(ordered.table.keys()).collect();
                names.into_iter().filter_map(|name| self.table.get(name)).collect()
            }
            None => self.table.entries().into_values().collect(),
        };
        for topic in looked_at {
            let name = &topic.topic_name;
            let order = ordered.table.contains_key(name);
            if topic.order != order {
                self.table.put(name, TopicConfig { order, ..TopicConfig::clone(&topic) })?;
            }
        }
        Ok(())
    }

    /// Goes by other rules from now on. Where topics may be made on demand, those that lend their settings are there,
    /// with the queues of the rules; true if that changed a topic. Java waits for the next start with it.
    pub(crate) fn change_rules(&self, rules: TopicRules) -> bool {
        let lending = lending_topics(&rules);
        self.rules.store(Arc::new(rules));
        let changed = lending.into_iter().filter(|topic| self.table.replace_volatile(&topic.topic_name, topic));
        changed.count() > 0
    }

    /// Counts a change of how NameServers see the topics: they compare the count before they look at a topic.
    pub(crate) fn count_change(&self) {
        self.table.count_change();
    }

    /// Whether the name belongs to the broker itself, so that nobody may create or delete it.
    pub(crate) fn is_system(&self, topic: &str) -> bool {
        names::is_reserved(topic) || self.own_names().any(|own| own == topic)
    }

    /// The names that belong to the broker itself, whether or not a topic of that name exists.
    pub(crate) fn system_names(&self) -> Vec<String> {
        let mut system: Vec<String> = names::SYSTEM_TOPICS.map(str::to_owned).to_vec();
        system.extend(self.own_names().filter(|name| !names::SYSTEM_TOPICS.contains(&name.as_str())));
        system
    }

    fn own_names(&self) -> impl Iterator<Item = String> {
        let rules = self.rules.load_full();
        [rules.cluster_name.clone(), rules.broker_name.clone(), reply_topic(&rules.cluster_name)]
            .into_iter()
            .chain(rules.trace_topic.clone())
    }
}

fn is_auto_create_name(topic: &str) -> bool {
    topic == names::AUTO_CREATE_TOPIC || topic == names::AUTO_CREATE_TOPIC_OF_4_3_0
}

fn reply_topic(cluster: &str) -> String {
    format!("{cluster}_{}", names::REPLY_TOPIC_POSTFIX)
}

/// The topics that exist from the start. Java: TopicConfigManager's constructor
fn initial_topics(rules: &TopicRules) -> Vec<TopicConfig> {
    const RW: i32 = perm::READ | perm::WRITE;
    let shared = |enabled: bool| if enabled { RW | perm::INHERIT } else { perm::INHERIT };
    let mut topics = vec![
        topic_config(names::SELF_TEST_TOPIC, 1, RW),
        topic_config(names::BENCHMARK_TOPIC, 1024, RW),
        topic_config(&rules.cluster_name, 16, shared(rules.cluster_topic)),
        topic_config(&rules.broker_name, 1, shared(rules.broker_topic)),
        topic_config(names::OFFSET_MOVED_EVENT, 1, RW),
        topic_config(names::SCHEDULE_TOPIC, SCHEDULE_QUEUES, RW),
        topic_config(&reply_topic(&rules.cluster_name), 1, RW),
    ];
    topics.extend(rules.trace_topic.as_ref().map(|name| topic_config(name, 1, RW)));
    topics.extend(lending_topics(rules));
    topics
}

/// The topics that lend their settings to those made on demand.
fn lending_topics(rules: &TopicRules) -> Vec<TopicConfig> {
    const LENT: i32 = perm::READ | perm::WRITE | perm::INHERIT;
    let names: &[&str] =
        if rules.auto_create { &[names::AUTO_CREATE_TOPIC, names::AUTO_CREATE_TOPIC_OF_4_3_0] } else { &[] };
    names.iter().map(|name| topic_config(name, rules.default_queues, LENT)).collect()
}

/// A plain topic with as many read as write queues.
pub(crate) fn topic_config(topic: &str, queues: i32, perm: i32) -> TopicConfig {
    TopicConfig {
        order: false,
        perm,
        read_queue_nums: queues,
        topic_filter_type: TopicFilterType::SingleTag,
        topic_name: topic.to_owned(),
        topic_sys_flag: 0,
        write_queue_nums: queues,
    }
}

/// The topic as Java prints it in remarks. Java: TopicConfig.toString
pub(crate) fn describe(topic: &TopicConfig) -> String {
    format!(
        "TopicConfig [topicName={}, readQueueNums={}, writeQueueNums={}, perm={}{}{}, topicFilterType={}, topicSysFlag={}, order={}]",
        topic.topic_name,
        topic.read_queue_nums,
        topic.write_queue_nums,
        if topic.perm & perm::READ != 0 { 'R' } else { '-' },
        if topic.perm & perm::WRITE != 0 { 'W' } else { '-' },
        if topic.perm & perm::INHERIT != 0 { 'X' } else { '-' },
        topic.topic_filter_type,
        topic.topic_sys_flag,
        topic.order,
    )
}

#[cfg(test)]
mod tests;
