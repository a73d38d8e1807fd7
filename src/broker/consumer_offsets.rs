//! How far each group has consumed each queue.
//!
//! Owns the offsets in memory and their rows in Meta, one row a topic and group. **Invariant:** what is flushed
//! was committed; what was committed is flushed within one interval or at stop. Must not know who is online, nor
//! the log: bounds are asked of the caller.
//!
//! Row: key `offset/topic@group`; value, for each queue, big-endian:
//! ```text
//! | queue id 4 | offset 8 |
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::topic_names;
use crate::store::StoreError;
use crate::store::meta::{Meta, MetaChange};

/// Queue id to the next offset to consume.
pub(crate) type QueueOffsets = BTreeMap<i32, i64>;

const ROWS: &str = "offset/";
/// Ids of queues that may be committed.
const QUEUE_ID_MAX: i32 = 65_535;
/// So many queues of groups have an offset, at most.
const OFFSETS_MAX: usize = 1_000_000;

/// Why a commit is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadCommit {
    /// No topic or group can have this name.
    Name,
    /// No queue has this id.
    QueueId(i32),
    /// Offsets start at zero.
    Offset(i64),
    /// The table is full.
    TooMany,
}

impl std::fmt::Display for BadCommit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BadCommit::Name => write!(f, "the topic or group name is illegal"),
            BadCommit::QueueId(id) => write!(f, "the queue id {id} is illegal"),
            BadCommit::Offset(offset) => write!(f, "the offset {offset} is illegal"),
            BadCommit::TooMany => write!(f, "the broker holds {OFFSETS_MAX} offsets and takes no more"),
        }
    }
}

/// The offset table.
pub(crate) struct ConsumerOffsets {
    inner: Mutex<Inner>,
    /// Held by whoever writes rows, from the look at the offsets on: what a flush found must not come after its deletion.
    writing: Mutex<()>,
    meta: Arc<Meta>,
}

#[derive(Default)]
struct Inner {
    groups: HashMap<String, BTreeMap<String, Slot>>,
    /// The groups that have a slot in a topic: operators ask topic by topic.
    groups_of: HashMap<String, BTreeSet<String>>,
    /// (group, topic) of slots that differ from their row, each once.
    dirty: Vec<(String, String)>,
    count: usize,
}

/// The offsets of one group in one topic.
#[derive(Default)]
struct Slot {
    offsets: QueueOffsets,
    dirty: bool,
}

impl ConsumerOffsets {
    /// The offsets as Meta holds them, each brought into the bounds that `bounds` gives for its queue: a log that
    /// lost its end must not leave consumers waiting beyond it. The second value counts those that moved.
    pub(crate) fn load(
        meta: Arc<Meta>,
        mut bounds: impl FnMut(&str, i32) -> (i64, i64),
    ) -> Result<(Self, usize), StoreError> {
        let mut inner = Inner::default();
        let mut moved = 0;
        for (key, value) in meta.scan(ROWS.as_bytes())? {
            let Some((topic, group)) = std::str::from_utf8(&key[ROWS.len()..]).ok().and_then(|row| row.split_once('@'))
            else {
                continue;
            };
            for (queue_id, offset) in decode(&value) {
                let (min, max) = bounds(topic, queue_id);
                let clamped = offset.min(max).max(min);
                inner.set(group, topic, queue_id, clamped, clamped != offset);
                moved += usize::from(clamped != offset);
            }
        }
        Ok((ConsumerOffsets { inner: Mutex::new(inner), writing: Mutex::default(), meta }, moved))
    }

    /// Notes that `group` goes on at `offset`.
    pub(crate) fn commit(&self, group: &str, topic: &str, queue_id: i32, offset: i64) -> Result<(), BadCommit> {
        if !(0..=QUEUE_ID_MAX).contains(&queue_id) {
            return Err(BadCommit::QueueId(queue_id));
        }
        if offset < 0 {
            return Err(BadCommit::Offset(offset));
        }
        let mut inner = self.lock();
        if let Some(slot) = inner.slot(group, topic)
            && let Some(known) = slot.offsets.get_mut(&queue_id)
        {
            // A commit that says nothing new costs no row.
            if *known == offset {
                return Ok(());
            }
        } else if !topic_names::is_topic_name(topic) || !topic_names::is_group_name(group) {
            return Err(BadCommit::Name);
        } else if inner.count >= OFFSETS_MAX {
            return Err(BadCommit::TooMany);
        }
        inner.set(group, topic, queue_id, offset, true);
        Ok(())
    }

    /// Where `group` goes on in the queue; None: it never committed.
    pub(crate) fn get(&self, group: &str, topic: &str, queue_id: i32) -> Option<i64> {
        self.lock().groups.get(group)?.get(topic)?.offsets.get(&queue_id).copied()
    }

    /// All queues of the topic in which `group` committed.
    pub(crate) fn of_topic(&self, group: &str, topic: &str) -> QueueOffsets {
        let inner = self.lock();
        let slot = inner.groups.get(group).and_then(|topics| topics.get(topic));
        slot.map(|slot| slot.offsets.clone()).unwrap_or_default()
    }

    /// The topics in which `group` committed.
    pub(crate) fn topics_of(&self, group: &str) -> Vec<String> {
        self.lock().groups.get(group).map(|topics| topics.keys().cloned().collect()).unwrap_or_default()
    }

    /// The groups that committed in `topic`.
    pub(crate) fn groups_of(&self, topic: &str) -> BTreeSet<String> {
        self.lock().groups_of.get(topic).cloned().unwrap_or_default()
    }

    /// All offsets, keyed `topic@group` as peers copy them.
    pub(crate) fn snapshot(&self) -> BTreeMap<String, QueueOffsets> {
        let inner = self.lock();
        let slots = inner
            .groups
            .iter()
            .flat_map(|(group, topics)| topics.iter().map(move |(topic, slot)| (group, topic, slot)));
        slots.map(|(group, topic, slot)| (format!("{topic}@{group}"), slot.offsets.clone())).collect()
    }

    /// Gives `to` the offsets that `from` has in `topic`.
    pub(crate) fn copy(&self, from: &str, to: &str, topic: &str) {
        let offsets = self.of_topic(from, topic);
        let mut inner = self.lock();
        for (queue_id, offset) in offsets {
            inner.set(to, topic, queue_id, offset, true);
        }
    }

    /// Forgets all offsets of `group`, durably. Blocks for the disk.
    pub(crate) fn remove_group(&self, group: &str) -> Result<(), StoreError> {
        let _writing = self.writing();
        let mut inner = self.lock();
        let Some(topics) = inner.groups.remove(group) else { return Ok(()) };
        inner.count -= topics.values().map(|slot| slot.offsets.len()).sum::<usize>();
        inner.dirty.retain(|(dirty_group, _)| dirty_group != group);
        topics.keys().for_each(|topic| inner.forget_group_of(topic, group));
        drop(inner);
        let rows: Vec<_> = topics.keys().map(|topic| MetaChange::Delete(row(group, topic))).collect();
        self.meta.write(&rows, true)
    }

    /// Forgets all offsets in `topic`, durably: if it comes back, its queues begin at 0. Blocks for the disk.
    pub(crate) fn remove_topic(&self, topic: &str) -> Result<(), StoreError> {
        let _writing = self.writing();
        let mut inner = self.lock();
        let mut rows = Vec::new();
        for group in inner.groups_of.remove(topic).unwrap_or_default() {
            let Some(topics) = inner.groups.get_mut(&group) else { continue };
            let slot = topics.remove(topic);
            if topics.is_empty() {
                inner.groups.remove(&group);
            }
            inner.count -= slot.map_or(0, |slot| slot.offsets.len());
            rows.push(MetaChange::Delete(row(&group, topic)));
        }
        inner.dirty.retain(|(_, dirty_topic)| dirty_topic != topic);
        drop(inner);
        self.meta.write(&rows, true)
    }

    /// Writes what changed since the last flush; on failure it is tried again with the next. Blocks for the disk.
    pub(crate) fn flush(&self, sync: bool) -> Result<usize, StoreError> {
        let _writing = self.writing();
        let mut inner = self.lock();
        let dirty = std::mem::take(&mut inner.dirty);
        if dirty.is_empty() {
            return Ok(0);
        }
        let mut rows = Vec::with_capacity(dirty.len());
        for (group, topic) in &dirty {
            if let Some(slot) = inner.slot(group, topic) {
                slot.dirty = false;
                rows.push(MetaChange::Put(row(group, topic), encode(&slot.offsets)));
            }
        }
        drop(inner);
        let written = self.meta.write(&rows, sync);
        if written.is_err() {
            let mut inner = self.lock();
            for (group, topic) in dirty {
                inner.mark_dirty(&group, &topic);
            }
        }
        written.map(|()| rows.len())
    }

    fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn slot(&mut self, group: &str, topic: &str) -> Option<&mut Slot> {
        self.groups.get_mut(group)?.get_mut(topic)
    }

    fn set(&mut self, group: &str, topic: &str, queue_id: i32, offset: i64, changed: bool) {
        if self.slot(group, topic).is_none() {
            self.groups.entry(group.to_owned()).or_default().entry(topic.to_owned()).or_default();
            self.groups_of.entry(topic.to_owned()).or_default().insert(group.to_owned());
        }
        let slot = self.slot(group, topic).expect("the slot was just made");
        let is_new = slot.offsets.insert(queue_id, offset).is_none();
        self.count += usize::from(is_new);
        if changed {
            self.mark_dirty(group, topic);
        }
    }

    fn forget_group_of(&mut self, topic: &str, group: &str) {
        if let Some(groups) = self.groups_of.get_mut(topic) {
            groups.remove(group);
            if groups.is_empty() {
                self.groups_of.remove(topic);
            }
        }
    }

    fn mark_dirty(&mut self, group: &str, topic: &str) {
        if let Some(slot) = self.slot(group, topic)
            && !std::mem::replace(&mut slot.dirty, true)
        {
            self.dirty.push((group.to_owned(), topic.to_owned()));
        }
    }
}

fn row(group: &str, topic: &str) -> Vec<u8> {
    format!("{ROWS}{topic}@{group}").into_bytes()
}

fn encode(offsets: &QueueOffsets) -> Vec<u8> {
    let mut value = Vec::with_capacity(offsets.len() * 12);
    for (queue_id, offset) in offsets {
        value.extend_from_slice(&queue_id.to_be_bytes());
        value.extend_from_slice(&offset.to_be_bytes());
    }
    value
}

fn decode(value: &[u8]) -> impl Iterator<Item = (i32, i64)> {
    value.chunks_exact(12).map(|entry| {
        let (queue_id, offset) = entry.split_at(4);
        let queue_id = i32::from_be_bytes(queue_id.try_into().expect("four bytes were split off"));
        (queue_id, i64::from_be_bytes(offset.try_into().expect("eight of twelve bytes are left")))
    })
}

#[cfg(test)]
mod tests;
