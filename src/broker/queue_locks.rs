//! Which client may consume a queue in order: one at a time for each group.
//!
//! Owns the locks, in memory only: after a restart clients ask anew. A lock that its holder does not renew ends
//! by itself. Must not know requests, nor whether the holder is online.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use skylark_protocol::body::MessageQueue;

/// How long a lock lives unless its holder asks again. Java: RebalanceLockManager
const LOCK_LIFE: Duration = Duration::from_secs(60);

/// The queue locks.
#[derive(Default)]
pub(crate) struct QueueLocks {
    groups: Mutex<HashMap<String, HashMap<MessageQueue, Holder>>>,
}

struct Holder {
    client_id: String,
    since: Instant,
}

impl QueueLocks {
    /// Locks those of `queues` that are free or already held by `client_id`, and returns them.
    pub(crate) fn lock(
        &self,
        group: &str,
        client_id: &str,
        queues: Vec<MessageQueue>,
        now: Instant,
    ) -> Vec<MessageQueue> {
        let mut groups = self.groups();
        let held = groups.entry(group.to_owned()).or_default();
        let mut locked = Vec::with_capacity(queues.len());
        for queue in queues {
            let is_free = held
                .get(&queue)
                .is_none_or(|holder| holder.client_id == client_id || now.duration_since(holder.since) > LOCK_LIFE);
            if is_free {
                held.insert(queue.clone(), Holder { client_id: client_id.to_owned(), since: now });
                locked.push(queue);
            }
        }
        locked
    }

    /// Gives up those of `queues` that `client_id` holds.
    pub(crate) fn unlock(&self, group: &str, client_id: &str, queues: &[MessageQueue]) {
        let mut groups = self.groups();
        let Some(held) = groups.get_mut(group) else { return };
        for queue in queues {
            if held.get(queue).is_some_and(|holder| holder.client_id == client_id) {
                held.remove(queue);
            }
        }
        if held.is_empty() {
            groups.remove(group);
        }
    }

    /// Forgets locks that ended, so that the table follows those in use.
    pub(crate) fn expire(&self, now: Instant) {
        self.groups().retain(|_, held| {
            held.retain(|_, holder| now.duration_since(holder.since) <= LOCK_LIFE);
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
        assert_eq!(locks.lock("G", "a", vec![queue(0), queue(1)], start).len(), 2);
        assert_eq!(locks.lock("G", "b", vec![queue(1), queue(2)], start), [queue(2)]);
        assert_eq!(locks.lock("H", "b", vec![queue(1)], start).len(), 1);
        let renewed = start + Duration::from_secs(50);
        assert_eq!(locks.lock("G", "a", vec![queue(1)], renewed).len(), 1);
        let later = start + Duration::from_secs(61);
        assert_eq!(locks.lock("G", "b", vec![queue(0), queue(1)], later), [queue(0)]);
        locks.unlock("G", "b", &[queue(0), queue(1)]);
        assert_eq!(locks.lock("G", "c", vec![queue(0), queue(1)], later), [queue(0)]);
        locks.expire(later + Duration::from_secs(61));
        assert!(locks.groups().is_empty());
    }
}
