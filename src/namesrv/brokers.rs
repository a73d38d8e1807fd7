//! The broker groups with the addresses of their members, and the clusters they form.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use skylark_protocol::body::{BrokerData, ClusterInfo};

pub(super) const MASTER_ID: i64 = 0;

/// A master and its slaves.
pub(super) struct Group {
    pub(super) name: Arc<str>,
    pub(super) cluster: String,
    pub(super) addresses: BTreeMap<i64, String>,
}

impl Group {
    pub(super) fn master(&self) -> Option<&str> {
        self.addresses.get(&MASTER_ID).map(String::as_str)
    }
}

impl From<&Group> for BrokerData {
    fn from(group: &Group) -> BrokerData {
        BrokerData {
            broker_addrs: group.addresses.clone(),
            broker_name: group.name.to_string(),
            cluster: group.cluster.clone(),
        }
    }
}

/// Groups by name and names by cluster. **Invariant:** no group is without an address, no cluster without a group.
#[derive(Default)]
pub(super) struct Brokers {
    groups: BTreeMap<Arc<str>, Group>,
    clusters: BTreeMap<String, BTreeSet<Arc<str>>>,
}

/// What became of an address that was put.
pub(super) struct Joined {
    /// The name of the group, shared.
    pub(super) name: Arc<str>,
    /// The group is new, or had no member with this id.
    pub(super) first: bool,
}

impl Brokers {
    pub(super) fn group(&self, name: &str) -> Option<&Group> {
        self.groups.get(name)
    }

    pub(super) fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    pub(super) fn clusters(&self) -> impl Iterator<Item = &str> {
        self.clusters.keys().map(String::as_str)
    }

    /// The groups of a cluster.
    pub(super) fn cluster(&self, cluster: &str) -> Option<&BTreeSet<Arc<str>>> {
        self.clusters.get(cluster)
    }

    /// A member says who and where it is. An address has one id: a slave that became master is no slave any more.
    pub(super) fn join(&mut self, cluster: &str, name: &str, id: i64, address: &str) -> Joined {
        let shared = self.groups.get(name).map_or_else(|| Arc::from(name), |group| group.name.clone());
        self.clusters.entry(cluster.to_owned()).or_default().insert(shared.clone());
        let group = self.groups.entry(shared.clone()).or_insert_with(|| Group {
            name: shared.clone(),
            cluster: cluster.to_owned(),
            addresses: BTreeMap::new(),
        });
        group.addresses.retain(|other, known| known != address || *other == id);
        let old = group.addresses.insert(id, address.to_owned());
        if id == MASTER_ID && old.as_deref() != Some(address) {
            tracing::info!(cluster, broker = name, old = old.as_deref(), new = address, "master address changed");
        }
        Joined { name: shared, first: old.is_none() }
    }

    /// A member is gone. Returns the names of the groups that had it as their last.
    pub(super) fn leave(&mut self, address: &str) -> Vec<Arc<str>> {
        for group in self.groups.values_mut() {
            group.addresses.retain(|_, known| known != address);
        }
        let empty = |group: &&Group| group.addresses.is_empty();
        let gone: Vec<Arc<str>> = self.groups.values().filter(empty).map(|group| group.name.clone()).collect();
        for name in &gone {
            self.groups.remove(name);
            self.clusters.retain(|_, names| {
                names.remove(name);
                !names.is_empty()
            });
        }
        gone
    }
}

impl From<&Brokers> for ClusterInfo {
    fn from(brokers: &Brokers) -> ClusterInfo {
        let names = |names: &BTreeSet<Arc<str>>| names.iter().map(|name| name.to_string()).collect();
        ClusterInfo {
            broker_addr_table: brokers.groups().map(|group| (group.name.to_string(), group.into())).collect(),
            cluster_addr_table: brokers.clusters.iter().map(|(cluster, set)| (cluster.clone(), names(set))).collect(),
        }
    }
}
