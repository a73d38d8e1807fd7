//! Who consumes right now: the members of each group, and what the group subscribes to.
//!
//! Owns groups, members and subscriptions while their connections live; nothing of it is persisted. Every change
//! returns whom it concerns, so that the caller can tell them. Must not know requests, nor whether a group is
//! allowed to exist.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use skylark_protocol::body::{ConsumeFromWhere, ConsumeType, ConsumerData, MessageModel, SubscriptionData};
use skylark_protocol::language::Language;

use crate::filter::{Filter, FilterError, TagFilter, is_tag_expression};
use crate::remoting::Peer;

/// A client on one connection.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// The connection.
    pub(crate) peer: Peer,
    /// The name that the client gave itself.
    pub(crate) client_id: String,
    /// The client's language.
    pub(crate) language: Language,
    /// The client's version number.
    pub(crate) version: i32,
    /// When it was last heard of.
    pub(crate) seen: Instant,
    /// The same, in wall-clock milliseconds.
    pub(crate) seen_ms: i64,
}

/// What a group wants of one topic.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// As the client announced it.
    pub(crate) data: SubscriptionData,
    /// Read from `data` when it is first asked for, never while the table is locked.
    filter: OnceLock<Result<Arc<Filter>, FilterError>>,
}

/// How a group consumes, as its members last said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GroupStyle {
    /// CONSUME_ACTIVELY or CONSUME_PASSIVELY.
    pub(crate) consume_type: Option<ConsumeType>,
    /// CLUSTERING or BROADCASTING.
    pub(crate) message_model: Option<MessageModel>,
    /// Where a new group begins.
    pub(crate) consume_from_where: Option<ConsumeFromWhere>,
}

/// A group at one moment.
#[derive(Clone, Debug)]
pub(crate) struct GroupView {
    /// How it consumes.
    pub(crate) style: GroupStyle,
    /// Its members.
    pub(crate) members: Vec<Member>,
    /// By topic.
    pub(crate) subscriptions: BTreeMap<String, Arc<Subscription>>,
}

/// A group whose members have to be told that they have changed.
#[derive(Debug)]
pub(crate) struct Changed {
    /// The group.
    pub(crate) group: String,
    /// Its members now, the newest among them.
    pub(crate) members: Vec<Peer>,
}

/// The consumers online.
#[derive(Default)]
pub(crate) struct Consumers {
    inner: RwLock<Inner>,
}

#[derive(Default)]
struct Inner {
    groups: HashMap<String, Group>,
    /// The groups of each connection, so that its end need not search.
    groups_of: HashMap<Peer, HashSet<String>>,
}

struct Group {
    style: GroupStyle,
    members: HashMap<Peer, Member>,
    subscriptions: BTreeMap<String, Arc<Subscription>>,
}

impl Consumers {
    /// Takes in one group of a heartbeat; Some if the group changed by it. Java: ConsumerManager.registerConsumer
    pub(crate) fn join(&self, member: Member, data: ConsumerData) -> Option<Changed> {
        let mut inner = self.write();
        let name = data.group_name;
        let style = GroupStyle {
            consume_type: data.consume_type,
            message_model: data.message_model,
            consume_from_where: data.consume_from_where,
        };
        let peer = member.peer.clone();
        let group = inner.groups.entry(name.clone()).or_insert_with(|| Group::new(style));
        group.style = style;
        let joined = group.members.insert(peer.clone(), member).is_none();
        let resubscribed = group.subscribe(data.subscription_data_set);
        let changed = (joined || resubscribed).then(|| Changed { group: name.clone(), members: group.peers() });
        inner.groups_of.entry(peer).or_default().insert(name);
        changed
    }

    /// Removes a connection from one group. Java notifies even if it was no member; so do we.
    pub(crate) fn leave(&self, group: &str, peer: &Peer) -> Option<Changed> {
        let mut inner = self.write();
        if let Some(groups) = inner.groups_of.get_mut(peer) {
            groups.remove(group);
        }
        inner.remove_member(group, peer)
    }

    /// Removes a connection from all its groups.
    pub(crate) fn closed(&self, peer: &Peer) -> Vec<Changed> {
        let mut inner = self.write();
        let groups = inner.groups_of.remove(peer).unwrap_or_default();
        groups.iter().filter_map(|group| inner.remove_member(group, peer)).collect()
    }

    /// Removes members not heard of for `silence`; returns their connections and the groups that changed.
    pub(crate) fn expire(&self, silence: Duration) -> (Vec<Peer>, Vec<Changed>) {
        let mut expired: Vec<Peer> = {
            let inner = self.read();
            let members = inner.groups.values().flat_map(|group| group.members.values());
            members.filter(|member| member.seen.elapsed() > silence).map(|member| member.peer.clone()).collect()
        };
        expired.sort_by_key(Peer::id);
        expired.dedup();
        let changed = expired.iter().flat_map(|peer| self.closed(peer)).collect();
        (expired, changed)
    }

    /// The group at this moment; None if nobody of it is online.
    pub(crate) fn group(&self, group: &str) -> Option<GroupView> {
        self.read().groups.get(group).map(|group| GroupView {
            style: group.style,
            members: group.members.values().cloned().collect(),
            subscriptions: group.subscriptions.clone(),
        })
    }

    /// Whether the group is online and consumes by broadcast; None if nobody of it is online.
    pub(crate) fn is_broadcasting(&self, group: &str) -> Option<bool> {
        self.read().groups.get(group).map(|group| group.style.message_model == Some(MessageModel::Broadcasting))
    }

    /// What the online group wants of `topic`.
    pub(crate) fn subscription(&self, group: &str, topic: &str) -> Option<Arc<Subscription>> {
        self.read().groups.get(group)?.subscriptions.get(topic).cloned()
    }

    /// How many topics the online group subscribes to; 0 if nobody of it is online.
    pub(crate) fn subscription_count(&self, group: &str) -> usize {
        self.read().groups.get(group).map_or(0, |group| group.subscriptions.len())
    }

    /// The client ids of the group's members, each connection once.
    pub(crate) fn client_ids(&self, group: &str) -> Vec<String> {
        let inner = self.read();
        let members = inner.groups.get(group).into_iter().flat_map(|group| group.members.values());
        members.map(|member| member.client_id.clone()).collect()
    }

    /// The member of `group` with this client id.
    pub(crate) fn find(&self, group: &str, client_id: &str) -> Option<Member> {
        self.read().groups.get(group)?.members.values().find(|member| member.client_id == client_id).cloned()
    }

    /// The online groups that subscribe to `topic`.
    pub(crate) fn groups_of_topic(&self, topic: &str) -> Vec<String> {
        let inner = self.read();
        let groups = inner.groups.iter().filter(|(_, group)| group.subscriptions.contains_key(topic));
        groups.map(|(name, _)| name.clone()).collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn remove_member(&mut self, name: &str, peer: &Peer) -> Option<Changed> {
        let group = self.groups.get_mut(name)?;
        group.members.remove(peer);
        let members = group.peers();
        if members.is_empty() {
            self.groups.remove(name);
        }
        Some(Changed { group: name.to_owned(), members })
    }
}

impl Group {
    fn new(style: GroupStyle) -> Self {
        Group { style, members: HashMap::new(), subscriptions: BTreeMap::new() }
    }

    fn peers(&self) -> Vec<Peer> {
        self.members.keys().cloned().collect()
    }

    /// Makes the announced subscriptions the group's; true if a topic came or went. A newer version of a known
    /// one replaces it silently. Java: ConsumerGroupInfo.updateSubscription
    fn subscribe(&mut self, announced: Vec<SubscriptionData>) -> bool {
        let topics: HashSet<String> = announced.iter().map(|data| data.topic.clone()).collect();
        let before = self.subscriptions.len();
        self.subscriptions.retain(|topic, _| topics.contains(topic));
        let mut changed = self.subscriptions.len() < before;
        for data in announced {
            let known = self.subscriptions.get(&data.topic);
            if known.is_some_and(|known| data.sub_version <= known.data.sub_version) {
                continue;
            }
            changed |= known.is_none();
            self.subscriptions.insert(data.topic.clone(), Arc::new(Subscription::new(data)));
        }
        changed
    }
}

impl Subscription {
    /// The subscription that a client announced.
    pub(crate) fn new(data: SubscriptionData) -> Self {
        Subscription { data, filter: OnceLock::new() }
    }

    /// Which messages are wanted.
    pub(crate) fn filter(&self) -> Result<Arc<Filter>, FilterError> {
        self.filter.get_or_init(|| read_filter(&self.data).map(Arc::new)).clone()
    }
}

fn read_filter(data: &SubscriptionData) -> Result<Filter, FilterError> {
    let filter = if is_tag_expression(Some(&data.expression_type)) {
        Filter::Tag(TagFilter::announced(&data.sub_string, data.code_set.iter().copied()))
    } else {
        Filter::parse(Some(&data.expression_type), Some(&data.sub_string))?
    };
    Ok(if data.class_filter_mode { Filter::ALL } else { filter })
}

#[cfg(test)]
mod tests;
