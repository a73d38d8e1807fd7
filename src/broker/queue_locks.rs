//! Which client may consume a queue in order: one at a time for each group.
//!
//! Owns the locks, in memory only: after a restart clients ask anew. A lock ends with the connection that took it, and by
//! itself if its holder does not renew it. Who was refused is told of when a lock is given up, so that it need not
//! wait for its next look. Must not know requests.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use skylark_protocol::body::MessageQueue;

use crate::remoting::Peer;

/// How long a lock lives unless its holder asks again. Java: RebalanceLockManager
const LOCK_LIFE: Duration = Duration::from_secs(60);

/// The queue locks.
#[derive(Default)]
pub(crate) struct QueueLocks {
    groups: Mutex<HashMap<String, HashMap<MessageQueue, Holder>>>,
}

struct Holder {
    client_id: String,
    peer: Peer,
    since: Instant,
    /// Who asked for the queue meanwhile.
    refused: Vec<Peer>,
}

impl Holder {
    fn new(client: &Client<'_>, now: Instant) -> Holder {
        Holder { client_id: client.id.to_owned(), peer: client.peer.clone(), since: now, refused: Vec::new() }
    }

    /// Java keeps the lock of a client that is gone for its whole life.
    fn is_over(&self, now: Instant) -> bool {
        self.peer.is_closed() || now.duration_since(self.since) > LOCK_LIFE
    }
}

/// Who asks for locks.
#[derive(Clone, Copy)]
pub(crate) struct Client<'a> {
    /// The name that it gave itself.
    pub(crate) id: &'a str,
    /// Its connection.
    pub(crate) peer: &'a Peer,
}

impl QueueLocks {
    /// Locks those of `queues` that are free or already held by `client`, and returns them.
    pub(crate) fn lock(
        &self,
        group: &str,
        client: Client<'_>,
        queues: Vec<MessageQueue>,
        now: Instant,
    ) -> Vec<MessageQueue> {
        let mut groups = self.groups();
        let held = groups.entry(group.to_owned()).or_default();
        let mut locked = Vec::with_capacity(queues.len());
        for queue in queues {
            match held.get_mut(&queue) {
                Some(holder) if holder.client_id == client.id => {
                    holder.peer = client.peer.clone();
                    holder.since = now;
                }
                Some(holder) if !holder.is_over(now) => {
                    holder.refused.retain(|peer| !peer.is_closed() && peer != client.peer);
                    // A connection need not tell itself what it gives up.
                    if holder.peer != *client.peer {
                        holder.refused.push(client.peer.clone());
                    }
                    continue;
                }
                _ => drop(held.insert(queue.clone(), Holder::new(&client, now))),
            }
            locked.push(queue);
        }
        locked
    }

    /// Gives up those of `queues` that `client_id` holds; returns who asked for one of them in vain.
    pub(crate) fn unlock(&self, group: &str, client_id: &str, queues: &[MessageQueue]) -> Vec<Peer> {
        let mut refused = Vec::new();
        let mut groups = self.groups();
        let Some(held) = groups.get_mut(group) else { return refused };
        for queue in queues {
            if held.get(queue).is_some_and(|holder| holder.client_id == client_id) {
                refused.extend(held.remove(queue).into_iter().flat_map(|holder| holder.refused));
            }
        }
        if held.is_empty() {
            groups.remove(group);
        }
        refused.sort_by_key(Peer::id);
        refused.dedup();
        refused
    }

    /// Forgets locks that ended, so that the table follows those in use.
    pub(crate) fn expire(&self, now: Instant) {
        self.groups().retain(|_, held| {
            held.retain(|_, holder| !holder.is_over(now));
            !held.is_empty()
        });
    }

    fn groups(&self) -> MutexGuard<'_, HashMap<String, HashMap<MessageQueue, Holder>>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(queue_id: i32) -> MessageQueue {
        MessageQueue { broker_name: "b".into(), queue_id, topic: "T".into() }
    }

    #[test]
    fn a_queue_has_one_holder_until_its_lock_ends() {
        let locks = QueueLocks::default();
        let start = Instant::now();
        let peers = [0; 3].map(|_| Peer::detached(([127, 0, 0, 1], 1234).into()));
        let [a, b, c] = [("a", 0), ("b", 1), ("c", 2)].map(|(id, peer)| Client { id, peer: &peers[peer] });
        assert_eq!(locks.lock("G", a, vec![queue(0), queue(1)], start).len(), 2);
        assert_eq!(locks.lock("G", b, vec![queue(1), queue(2)], start), [queue(2)]);
        assert_eq!(locks.lock("H", b, vec![queue(1)], start).len(), 1);
        let renewed = start + Duration::from_secs(50);
        assert_eq!(locks.lock("G", a, vec![queue(1)], renewed).len(), 1);
        let later = start + Duration::from_secs(61);
        assert_eq!(locks.lock("G", b, vec![queue(0), queue(1)], later), [queue(0)]);
        assert!(locks.unlock("G", "b", &[queue(0), queue(1)]).is_empty(), "nobody asked for queue 0");
        assert_eq!(locks.lock("G", c, vec![queue(0), queue(1)], later), [queue(0)]);
        assert_eq!(locks.unlock("G", "a", &[queue(1)]), [peers[1].clone(), peers[2].clone()]);
        locks.expire(later + Duration::from_secs(61));
        assert!(locks.groups().is_empty());
    }
}
