//! The topics, and the queues that each broker group has of them.
//!
//! Owns the table from topic to queues. It holds a hundred thousand topics in little room: names of brokers are shared.

use std::collections::BTreeMap;
use std::sync::Arc;

use skylark_protocol::body::{QueueData, TopicConfig};

const PERM_WRITE: i32 = 2;
const PERM_READ: i32 = 4;
const FLAG_UNIT: i32 = 1;
const FLAG_UNIT_SUB: i32 = 2;

/// The queues that one broker group has of one topic. Numbers are Java's, unchecked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Queues {
    pub(super) broker: Arc<str>,
    pub(super) read: i32,
    pub(super) write: i32,
    pub(super) perm: i32,
    pub(super) sys_flag: i32,
}

impl Queues {
    pub(super) fn is_unit(&self) -> bool {
        self.sys_flag & FLAG_UNIT != 0
    }

    pub(super) fn has_unit_sub(&self) -> bool {
        self.sys_flag & FLAG_UNIT_SUB != 0
    }
}

impl From<&Queues> for QueueData {
    fn from(queues: &Queues) -> QueueData {
        QueueData {
            broker_name: queues.broker.to_string(),
            perm: queues.perm,
            read_queue_nums: queues.read,
            topic_sys_flag: queues.sys_flag,
            write_queue_nums: queues.write,
        }
    }
}

/// From topic to queues, in the order of the names. **Invariant:** no topic is without queues.
#[derive(Default)]
pub(super) struct Topics {
    table: BTreeMap<Box<str>, Vec<Queues>>,
}

impl Topics {
    pub(super) fn get(&self, topic: &str) -> Option<&[Queues]> {
        self.table.get(topic).map(Vec::as_slice)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &[Queues])> {
        self.table.iter().map(|(topic, queues)| (topic.as_ref(), queues.as_slice()))
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    /// Takes over what a broker group says of a topic.
    pub(super) fn put(&mut self, broker: &Arc<str>, topic: &str, config: &TopicConfig) {
        let new = Queues {
            broker: broker.clone(),
            read: config.read_queue_nums,
            write: config.write_queue_nums,
            perm: config.perm,
            sys_flag: config.topic_sys_flag,
        };
        let Some(queues) = self.table.get_mut(topic) else {
            tracing::debug!(topic, ?new, "new topic");
            self.table.insert(topic.into(), vec![new]);
            return;
        };
        match queues.iter_mut().find(|queues| queues.broker == *broker) {
            Some(old) => {
                if *old != new {
                    tracing::info!(topic, ?old, ?new, "topic changed");
                }
                *old = new;
            }
            None => queues.push(new),
        }
    }

    pub(super) fn remove(&mut self, topic: &str) {
        self.table.remove(topic);
    }

    /// Forgets the queues that these broker groups have of a topic.
    pub(super) fn remove_of(&mut self, topic: &str, is_gone: impl Fn(&str) -> bool) {
        if let Some(queues) = self.table.get_mut(topic) {
            queues.retain(|queues| !is_gone(&queues.broker));
            if queues.is_empty() {
                self.table.remove(topic);
            }
        }
    }

    /// Forgets all queues of a broker group.
    pub(super) fn remove_broker(&mut self, broker: &str) {
        self.table.retain(|_, queues| {
            queues.retain(|queues| &*queues.broker != broker);
            !queues.is_empty()
        });
    }

    /// Takes the write permission from all queues of a broker group; returns how many topics it has.
    pub(super) fn wipe_write_perm(&mut self, broker: &str) -> i32 {
        self.change_perm(broker, |perm| perm & !PERM_WRITE)
    }

    /// Makes all queues of a broker group readable and writable; returns how many topics it has.
    pub(super) fn add_write_perm(&mut self, broker: &str) -> i32 {
        self.change_perm(broker, |_| PERM_READ | PERM_WRITE)
    }

    fn change_perm(&mut self, broker: &str, change: impl Fn(i32) -> i32) -> i32 {
        let of_broker = self.table.values_mut().flatten().filter(|queues| &*queues.broker == broker);
        of_broker.fold(0, |count, queues| {
            queues.perm = change(queues.perm);
            count + 1
        })
    }
}
