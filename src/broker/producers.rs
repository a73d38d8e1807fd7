//! Who produces right now: the connections of each producer group.
//!
//! Owns them while their connections live; nothing of it is persisted. Must not know requests.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::consumers::Member;
use crate::remoting::Peer;

/// The producers online.
#[derive(Default)]
pub(crate) struct Producers {
    groups: Mutex<BTreeMap<String, HashMap<Peer, Member>>>,
    /// The newest connection of each client id, for replies; some may be gone.
    clients: Mutex<HashMap<String, Peer>>,
}

impl Producers {
    /// Takes in one group of a heartbeat.
    pub(crate) fn join(&self, group: &str, member: Member) {
        self.clients().insert(member.client_id.clone(), member.peer.clone());
        let mut groups = self.lock();
        match groups.get_mut(group) {
            Some(members) => drop(members.insert(member.peer.clone(), member)),
            None => drop(groups.insert(group.to_owned(), HashMap::from([(member.peer.clone(), member)]))),
        }
    }

    /// Removes a connection from one group.
    pub(crate) fn leave(&self, group: &str, peer: &Peer) {
        let mut groups = self.lock();
        if let Some(members) = groups.get_mut(group) {
            members.remove(peer);
            if members.is_empty() {
                groups.remove(group);
            }
        }
    }

    /// Removes a connection from all its groups. Java keeps the empty groups; we do not.
    pub(crate) fn closed(&self, peer: &Peer) {
        self.clients().retain(|_, newest| newest != peer);
        self.lock().retain(|_, members| {
            members.remove(peer);
            !members.is_empty()
        });
    }

    /// Removes members not heard of for `silence` and returns their connections.
    pub(crate) fn expire(&self, silence: Duration) -> Vec<Peer> {
        let mut expired = Vec::new();
        self.lock().retain(|_, members| {
            members.retain(|peer, member| {
                let stays = member.seen.elapsed() <= silence;
                if !stays {
                    expired.push(peer.clone());
                }
                stays
            });
            !members.is_empty()
        });
        expired
    }

    /// The connection of a producer by its client id. Java: ProducerManager.findChannel
    pub(crate) fn find(&self, client_id: &str) -> Option<Peer> {
        self.clients().get(client_id).filter(|peer| !peer.is_closed()).cloned()
    }

    /// The members of `group`; None if nobody of it is online.
    pub(crate) fn group(&self, group: &str) -> Option<Vec<Member>> {
        self.lock().get(group).map(|members| members.values().cloned().collect())
    }

    /// All groups with their members.
    pub(crate) fn all(&self) -> BTreeMap<String, Vec<Member>> {
        self.lock().iter().map(|(group, members)| (group.clone(), members.values().cloned().collect())).collect()
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<String, Peer>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, HashMap<Peer, Member>>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use skylark_protocol::language::Language;

    use super::*;

    #[test]
    fn groups_last_as_long_as_their_connections() {
        let producers = Producers::default();
        let peer = Peer::detached(([127, 0, 0, 1], 1234).into());
        let member = Member {
            peer: peer.clone(),
            client_id: "c".into(),
            language: Language::Java,
            version: 407,
            seen: Instant::now(),
            seen_ms: 0,
        };
        producers.join("P", member.clone());
        producers.join("P", member.clone());
        producers.join("Q", member);
        assert_eq!(producers.group("P").map(|members| members.len()), Some(1));
        assert_eq!(producers.find("c").as_ref(), Some(&peer));
        producers.leave("P", &peer);
        assert!(producers.group("P").is_none());
        producers.closed(&peer);
        assert!(producers.all().is_empty() && producers.find("c").is_none());
    }
}
