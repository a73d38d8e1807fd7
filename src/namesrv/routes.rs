//! All that brokers told, and what follows from it for clients.
//!
//! Owns the topics, the broker groups and who of them lives. A broker lives by its registrations over one connection.
//! What a broker says of its topics is taken over only when its data version changed, so a write permission that was
//! wiped by command stays wiped until then. Must not know how requests look.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use skylark_protocol::body::{DataVersion, TopicConfig, TopicRouteData};

use super::BROKER_SILENCE_MAX;
use super::brokers::{Brokers, MASTER_ID};
use super::topics::Topics;
use crate::remoting::Peer;

/// Who registers.
pub(super) struct Registration<'a> {
    pub(super) cluster: &'a str,
    pub(super) broker: &'a str,
    pub(super) id: i64,
    pub(super) address: &'a str,
    pub(super) ha_address: &'a str,
}

/// What it says of itself.
#[derive(Default)]
pub(super) struct Announcement {
    pub(super) version: DataVersion,
    pub(super) topics: BTreeMap<String, TopicConfig>,
    /// None from brokers so old that they do not say it.
    pub(super) filter_servers: Option<Vec<String>>,
}

/// The master of a slave that registered.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Master {
    pub(super) address: String,
    pub(super) ha_address: String,
}

/// A broker that lives.
struct Live {
    last_heard: Instant,
    version: DataVersion,
    peer: Peer,
    ha_address: String,
}

/// The tables.
#[derive(Default)]
pub(super) struct Routes {
    pub(super) topics: Topics,
    pub(super) brokers: Brokers,
    /// By address.
    live: HashMap<String, Live>,
    /// Addresses of filter servers by address of their broker; only brokers of 4.2 and older have some.
    filter_servers: BTreeMap<String, Vec<String>>,
}

impl Routes {
    /// How many brokers and topics there would be after this registration.
    pub(super) fn counts_after(&self, who: &Registration<'_>, says: &Announcement) -> (usize, usize) {
        let brokers = self.live.len() + usize::from(!self.live.contains_key(who.address));
        if who.id != MASTER_ID || self.version_of(who.address) == Some(&says.version) {
            return (brokers, self.topics.len());
        }
        let new = says.topics.keys().filter(|topic| self.topics.get(topic).is_none()).count();
        (brokers, self.topics.len() + new)
    }

    /// Takes a registration; a slave learns its master. Only what a master says of topics counts.
    pub(super) fn register(
        &mut self,
        who: &Registration<'_>,
        says: Announcement,
        peer: Peer,
        now: Instant,
    ) -> Option<Master> {
        let joined = self.brokers.join(who.cluster, who.broker, who.id, who.address);
        let changed = self.version_of(who.address) != Some(&says.version);
        if who.id == MASTER_ID && (changed || joined.first) {
            for (topic, config) in &says.topics {
                self.topics.put(&joined.name, topic, config);
            }
        }
        let live = Live { last_heard: now, version: says.version, peer, ha_address: who.ha_address.to_owned() };
        if self.live.insert(who.address.to_owned(), live).is_none() {
            let Registration { cluster, broker, id, address, ha_address } = who;
            tracing::info!(cluster, broker, id, address, ha_address, topics = says.topics.len(), "broker registered");
        }
        match says.filter_servers {
            Some(servers) if servers.is_empty() => drop(self.filter_servers.remove(who.address)),
            Some(servers) => drop(self.filter_servers.insert(who.address.to_owned(), servers)),
            None => {}
        }
        if who.id == MASTER_ID { None } else { self.master_of(who.broker) }
    }

    fn master_of(&self, broker: &str) -> Option<Master> {
        let address = self.brokers.group(broker)?.master()?;
        let live = self.live.get(address)?;
        Some(Master { address: address.to_owned(), ha_address: live.ha_address.clone() })
    }

    /// The data version that a broker registered last.
    pub(super) fn version_of(&self, address: &str) -> Option<&DataVersion> {
        self.live.get(address).map(|live| &live.version)
    }

    /// A broker says what its data version is, without registering: it lives if that is known.
    pub(super) fn heard_version(&mut self, address: &str, version: &DataVersion, now: Instant) -> bool {
        match self.live.get_mut(address) {
            Some(live) if live.version == *version => {
                live.last_heard = now;
                true
            }
            _ => false,
        }
    }

    /// A broker takes its leave. A member that has taken its id meanwhile from another address stays.
    pub(super) fn unregister(&mut self, address: &str) {
        self.forget(address, "unregistered");
    }

    /// A connection ended: brokers that registered over it are gone.
    pub(super) fn connection_ended(&mut self, peer: &Peer) {
        let of_peer = |(_, live): &(&String, &Live)| live.peer == *peer;
        let gone: Vec<String> = self.live.iter().filter(of_peer).map(|(address, _)| address.clone()).collect();
        for address in gone {
            self.forget(&address, "connection ended");
        }
    }

    /// Brokers that were silent too long are gone, and their connections are closed.
    pub(super) fn forget_silent(&mut self, now: Instant) {
        let silent = |live: &Live| now.saturating_duration_since(live.last_heard) > BROKER_SILENCE_MAX;
        let gone = self.live.iter().filter(|(_, live)| silent(live));
        let gone: Vec<(String, Peer)> = gone.map(|(address, live)| (address.clone(), live.peer.clone())).collect();
        for (address, peer) in gone {
            peer.close();
            self.forget(&address, "silent");
        }
    }

    fn forget(&mut self, address: &str, why: &str) {
        let was_known = self.live.remove(address).is_some();
        self.filter_servers.remove(address);
        let groups_gone = self.brokers.leave(address);
        for group in &groups_gone {
            self.topics.remove_broker(group);
        }
        tracing::info!(address, why, was_known, ?groups_gone, "broker gone");
    }

    /// Forgets a topic everywhere, or in one cluster.
    pub(super) fn delete_topic(&mut self, topic: &str, cluster: Option<&str>) {
        match cluster {
            None => self.topics.remove(topic),
            Some(cluster) => {
                if let Some(names) = self.brokers.cluster(cluster) {
                    self.topics.remove_of(topic, |broker| names.contains(broker));
                }
            }
        }
    }

    /// Where a topic is; none if no broker that has it lives.
    pub(super) fn route(&self, topic: &str) -> Option<TopicRouteData> {
        let queues = self.topics.get(topic)?;
        let groups: Vec<_> = queues.iter().filter_map(|queues| self.brokers.group(&queues.broker)).collect();
        if groups.is_empty() {
            return None;
        }
        let addresses = groups.iter().flat_map(|group| group.addresses.values());
        let filter_servers = addresses.filter_map(|address| self.filter_servers.get_key_value(address));
        Some(TopicRouteData {
            broker_datas: groups.iter().map(|group| (*group).into()).collect(),
            filter_server_table: filter_servers.map(|(address, servers)| (address.clone(), servers.clone())).collect(),
            order_topic_conf: None,
            queue_datas: queues.iter().map(Into::into).collect(),
        })
    }

    /// The topics that a cluster has.
    pub(super) fn topics_of_cluster(&self, cluster: &str) -> Vec<String> {
        let Some(names) = self.brokers.cluster(cluster) else { return Vec::new() };
        let of_cluster = self.topics.iter().filter(|(_, queues)| queues.iter().any(|q| names.contains(&q.broker)));
        of_cluster.map(|(topic, _)| topic.to_owned()).collect()
    }

    /// The names of all broker groups and clusters, and the address of one broker, a master if its group has one.
    pub(super) fn system_topics(&self) -> (Vec<String>, Option<String>) {
        let names = self.brokers.groups().map(|group| group.name.to_string());
        let names = names.chain(self.brokers.clusters().map(str::to_owned)).collect();
        let address = self.brokers.groups().find_map(|group| group.addresses.values().next().cloned());
        (names, address)
    }
}
