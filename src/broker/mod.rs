//! The broker: what clients and operators ask of it, over one store.
//!
//! ```text
//! remoting ──► processor ──► topics, groups, offsets, consumers, producers, locks     (tables)
//!                       └──► store                                                   (messages)
//! ```
//!
//! [`Broker`] is a struct of parts. Only processors and [`lifecycle`] see it whole; everything else is given the part
//! it needs.

pub mod lifecycle;
mod rules;
mod processor;
mod refusal;
mod message_properties;
mod topic_names;
mod config_table;
mod topics;
mod subscription_groups;
mod consumer_offsets;
mod producers;
mod consumers;
mod queue_locks;
mod registration;
mod retention;
mod stats;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use arc_swap::{ArcSwap, Guard};
use skylark_protocol::body::{SubscriptionGroupConfig, TopicConfig};
use skylark_protocol::fields::Fields;

use crate::config::{BrokerConfig, Live};
use crate::delay::DelayRules;
use crate::remoting::Refusal;
use crate::store::Store;
use crate::transaction::Checks;

use consumer_offsets::ConsumerOffsets;
use consumers::Consumers;
use producers::Producers;
use queue_locks::QueueLocks;
use registration::Registration;
use retention::Retention;
use stats::Stats;
use subscription_groups::SubscriptionGroups;
use topics::TopicTable;

/// The parts of a running broker.
pub(crate) struct Broker {
    settings: Live<BrokerConfig>,
    /// Where changes of the settings are written down: the file of the start.
    settings_file: PathBuf,
    /// brokerIP1:listenPort, in records and message ids.
    store_host: SocketAddr,
    /// Ext fields that every answer to a send carries.
    send_fields: ArcSwap<Fields>,
    /// A reader further behind the log's end than this reads from disk.
    memory_reach_bytes: i64,
    store: Arc<Store>,
    delays: DelayRules,
    checks: Checks,
    topics: Arc<TopicTable>,
    groups: SubscriptionGroups,
    offsets: ConsumerOffsets,
    consumers: Consumers,
    producers: Producers,
    queue_locks: QueueLocks,
    registration: Registration,
    retention: Retention,
    stats: Stats,
    held_pulls: AtomicUsize,
}

impl Broker {
    /// The settings of now. For a short look: what must agree is read from one of them.
    fn config(&self) -> Guard<Arc<BrokerConfig>> {
        self.settings.load()
    }

    fn send_fields(&self) -> Fields {
        Fields::clone(&self.send_fields.load())
    }

    /// The group, made if it does not exist and may be.
    async fn find_group(self: &Arc<Self>, group: &str) -> Result<Option<Arc<SubscriptionGroupConfig>>, Refusal> {
        if let Some(known) = self.groups.get(group) {
            return Ok(Some(known));
        }
        let (broker, group) = (self.clone(), group.to_owned());
        refusal::blocking(move || broker.groups.get_or_create(&group)).await
    }

    /// The topic, made readable and writable with `queues` queues if it does not exist; NameServers are told of it.
    async fn find_or_create_topic(
        self: &Arc<Self>,
        topic: &str,
        queues: i32,
        sys_flag: i32,
    ) -> Result<Option<Arc<TopicConfig>>, Refusal> {
        if let Some(known) = self.topics.get(topic) {
            return Ok(Some(known));
        }
        let (broker, topic) = (self.clone(), topic.to_owned());
        let made = refusal::blocking(move || broker.topics.get_or_create(&topic, queues, sys_flag)).await?;
        Ok(made.map(|(topic, is_new)| {
            if is_new {
                self.registration.request_topic(&topic.topic_name);
            }
            topic
        }))
    }
}
