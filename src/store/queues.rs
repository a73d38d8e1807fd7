//! The queues: for each, the next offset to give out, and the entries that are not sealed yet.
//!
//! A queue costs one small struct: no file, no thread. It is made when first asked for, from the index's newest
//! entry of it, and from then on changed by folding alone.
//!
//! **Invariant:** a queue's offsets only grow, also over restarts; deleting its topic is the one way to begin again.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tokio::sync::Notify;

use super::error::StoreError;
use super::index_db::IndexDb;
use super::{PhysicalOffset, QueueOffset};

/// Sealed entries read from the index at a time.
const READ_AHEAD_ENTRIES: usize = 1024;
/// Queues that may hold entries read ahead: 8 MiB in all.
const READ_AHEAD_QUEUES_MAX: usize = 256;

/// What a queue knows of one message: where its record is, and what its tag hashes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) queue_offset: QueueOffset,
    pub(crate) physical_offset: PhysicalOffset,
    /// Bytes of the whole record.
    pub(crate) size: i32,
    pub(crate) tags_code: i64,
}

impl Entry {
    /// One past the record's last byte.
    pub(crate) fn end(&self) -> PhysicalOffset {
        self.physical_offset + i64::from(self.size)
    }
}

/// Names a queue: its topic and its number in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct QueueKey {
    pub(crate) topic: Arc<str>,
    pub(crate) queue_id: i32,
}

/// One queue of one topic.
pub(crate) struct Queue {
    pub(crate) key: QueueKey,
    /// The next offset to give out. Changed only under the append lock, and while recovering.
    pub(crate) assigned: AtomicI64,
    /// Where the queue stood when it was made: the offset after its newest sealed entry.
    sealed_end: AtomicI64,
    /// The oldest offset still there when the log began at `min_for`.
    min: AtomicI64,
    min_for: AtomicI64,
    /// Start of the newest chunk that lists this queue, so that each chunk lists it once.
    pub(crate) listed_in: AtomicI64,
    /// Set once the topic was deleted: what is still in here is gone.
    pub(crate) deleted: AtomicBool,
    unsealed: Mutex<VecDeque<Entry>>,
    /// Sealed entries read ahead for whoever reads the queue from the index; the table bounds how many queues have some.
    read_ahead: Mutex<Vec<Entry>>,
    /// Told after each message that became readable.
    pub(crate) arrivals: Notify,
}

impl Queue {
    fn new(key: QueueKey, next: QueueOffset) -> Queue {
        Queue {
            key,
            assigned: AtomicI64::new(next),
            sealed_end: AtomicI64::new(next),
            min: AtomicI64::new(0),
            min_for: AtomicI64::new(-1),
            listed_in: AtomicI64::new(-1),
            deleted: AtomicBool::new(false),
            unsealed: Mutex::new(VecDeque::new()),
            read_ahead: Mutex::default(),
            arrivals: Notify::new(),
        }
    }

    /// Whether this is that queue, and its topic was not deleted.
    pub(crate) fn is(&self, topic: &str, queue_id: i32) -> bool {
        self.key.queue_id == queue_id && *self.key.topic == *topic && !self.deleted.load(Ordering::Acquire)
    }

    /// The entries that are not sealed yet, in order of offset.
    pub(crate) fn unsealed(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.unsealed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in the entry of a record that lies further back in the log than all before it. An entry at or below the
    /// newest one, which only damage or an odd writer brings forth, is left out: false.
    pub(crate) fn push(&self, entry: Entry) -> bool {
        let mut unsealed = self.unsealed();
        let sealed_end = self.sealed_end.load(Ordering::Acquire);
        let end_before = |count: usize| match count {
            0 => sealed_end,
            count => unsealed[count - 1].queue_offset + 1,
        };
        let newest = end_before(unsealed.len());
        if entry.queue_offset < newest {
            // Nothing covers a record's queue offset with a checksum. If the newest entry leapt ahead and this one goes
            // on behind where that should have been, the leap was a flipped bit: a consumer must not be led there.
            let leapt_from = unsealed.len().checked_sub(1).map(end_before);
            if leapt_from.is_none_or(|from| entry.queue_offset != from + 1) {
                return false;
            }
            unsealed.pop_back();
            self.assigned.store(entry.queue_offset, Ordering::Release);
        }
        unsealed.push_back(entry);
        self.assigned.fetch_max(entry.queue_offset + 1, Ordering::AcqRel);
        true
    }

    /// Forgets entries whose records begin below `watermark`: the index has them now.
    pub(crate) fn forget_below(&self, watermark: PhysicalOffset) {
        let mut unsealed = self.unsealed();
        while let Some(front) = unsealed.front().copied().filter(|front| front.physical_offset < watermark) {
            self.sealed_end.store(front.queue_offset + 1, Ordering::Release);
            unsealed.pop_front();
        }
        if unsealed.is_empty() {
            *unsealed = VecDeque::new();
        }
    }

    /// One past the newest entry whose record ends at or below `readable`.
    pub(crate) fn max(&self, readable: PhysicalOffset) -> QueueOffset {
        let unsealed = self.unsealed();
        let mut newest = unsealed.len();
        while newest > 0 && unsealed[newest - 1].end() > readable {
            newest -= 1;
        }
        match newest {
            0 => self.sealed_end.load(Ordering::Acquire),
            newest => unsealed[newest - 1].queue_offset + 1,
        }
    }

    /// Takes up what the log says of a queue whose messages are deleted: it goes on at `next`. False if there are messages,
    /// which say so themselves.
    pub(crate) fn go_on_at(&self, next: QueueOffset) -> bool {
        let unsealed = self.unsealed();
        if !unsealed.is_empty() || self.sealed_end.load(Ordering::Acquire) > next {
            return false;
        }
        self.sealed_end.store(next, Ordering::Release);
        self.assigned.fetch_max(next, Ordering::AcqRel);
        true
    }

    /// One past the newest entry, readable or not.
    fn end(&self) -> QueueOffset {
        let unsealed = self.unsealed();
        unsealed.back().map_or(self.sealed_end.load(Ordering::Acquire), |newest| newest.queue_offset + 1)
    }
}

/// All queues that were asked for, by topic and number.
pub(crate) struct Queues {
    index: Arc<IndexDb>,
    /// The queues with entries read ahead, the longest so first.
    reading_ahead: Mutex<VecDeque<Arc<Queue>>>,
    topics: RwLock<Topics>,
}

#[derive(Default)]
struct Topics {
    queues: HashMap<Arc<str>, HashMap<i32, Arc<Queue>>>,
    /// Topics whose deletion is folded but not sealed: what the index still has of them is void.
    void_in_index: HashMap<Arc<str>, PhysicalOffset>,
}

impl Queues {
    pub(crate) fn new(index: Arc<IndexDb>) -> Queues {
        Queues { index, reading_ahead: Mutex::default(), topics: RwLock::default() }
    }

    /// The queue, made from what the index knows of it if this is the first time that it is asked for.
    pub(crate) fn get_or_load(&self, topic: &str, queue_id: i32) -> Result<Arc<Queue>, StoreError> {
        if let Some(queue) = self.get(topic, queue_id) {
            return Ok(queue);
        }
        let sealed = self.index.queue_end(topic, queue_id)?;
        let mut topics = self.topics.write().unwrap_or_else(PoisonError::into_inner);
        let void = topics.void_in_index.contains_key(topic);
        let next = sealed.filter(|_| !void).unwrap_or(0);
        let topic: Arc<str> = match topics.queues.get_key_value(topic) {
            Some((name, _)) => name.clone(),
            None => topic.into(),
        };
        let queues = topics.queues.entry(topic.clone()).or_default();
        let queue = queues.entry(queue_id).or_insert_with(|| Arc::new(Queue::new(QueueKey { topic, queue_id }, next)));
        Ok(queue.clone())
    }

    /// The queue, if it was asked for before.
    fn get(&self, topic: &str, queue_id: i32) -> Option<Arc<Queue>> {
        let topics = self.topics.read().unwrap_or_else(PoisonError::into_inner);
        topics.queues.get(topic)?.get(&queue_id).cloned()
    }

    /// Up to `count` entries of a queue from `from` on, readable or not: from the tail, or else from the index.
    pub(crate) fn entries(
        &self,
        queue: &Arc<Queue>,
        from: QueueOffset,
        count: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let in_tail = |must_begin: bool| -> Vec<Entry> {
            let unsealed = queue.unsealed();
            if must_begin && unsealed.front().is_none_or(|front| front.queue_offset > from) {
                return Vec::new();
            }
            let begin = unsealed.partition_point(|entry| entry.queue_offset < from);
            unsealed.range(begin..).take(count).copied().collect()
        };
        let hot = in_tail(true);
        if !hot.is_empty() {
            return Ok(hot);
        }
        let cold = self.sealed_entries(queue, from, count)?;
        Ok(if cold.is_empty() { in_tail(false) } else { cold })
    }

    /// The oldest offset of a queue whose record lies at or above `first`, where the log begins; one past its newest if
    /// there is none. Looked for once for each `first`.
    pub(crate) fn min(&self, queue: &Arc<Queue>, first: PhysicalOffset) -> Result<QueueOffset, StoreError> {
        let known = queue.min.load(Ordering::Acquire);
        if queue.min_for.load(Ordering::Acquire) == first {
            return Ok(queue.min.load(Ordering::Acquire));
        }
        let end = queue.end();
        let (mut low, mut high, mut min) = (known, end, end);
        // Most queues lost nothing, or all they had.
        let mut guesses = [known, end - 1].into_iter();
        while low < high {
            let probe = guesses.next().unwrap_or(low + (high - low) / 2);
            match self.entries(queue, probe, 1)?.first() {
                Some(entry) if entry.physical_offset >= first => (min, high) = (entry.queue_offset, probe),
                Some(entry) => low = entry.queue_offset + 1,
                None => low = high,
            }
        }
        queue.min.fetch_max(min, Ordering::AcqRel);
        queue.min_for.store(first, Ordering::Release);
        Ok(min)
    }

    /// Whether a queue has messages that are not sealed, or its topic was deleted: then nothing need be said of its end.
    pub(crate) fn speaks_for_itself(&self, key: &QueueKey) -> bool {
        let topics = self.topics.read().unwrap_or_else(PoisonError::into_inner);
        let queue = topics.queues.get(&key.topic).and_then(|queues| queues.get(&key.queue_id));
        topics.void_in_index.contains_key(&key.topic) || queue.is_some_and(|queue| !queue.unsealed().is_empty())
    }

    /// Up to `count` sealed entries. Whoever asks for several will ask for those behind them next, so one look into the index
    /// serves many reads; what is sealed never changes.
    fn sealed_entries(&self, queue: &Arc<Queue>, from: QueueOffset, count: usize) -> Result<Vec<Entry>, StoreError> {
        let QueueKey { topic, queue_id } = &queue.key;
        if count <= 1 {
            return self.index.entries(topic, *queue_id, from, count);
        }
        let mut ahead = queue.read_ahead.lock().unwrap_or_else(PoisonError::into_inner);
        let covered = ahead.first().zip(ahead.last());
        if covered.is_none_or(|(first, last)| from < first.queue_offset || last.queue_offset < from) {
            let is_new = ahead.is_empty();
            *ahead = self.index.entries(topic, *queue_id, from, count.max(READ_AHEAD_ENTRIES))?;
            if is_new && !ahead.is_empty() {
                self.note_reading_ahead(queue);
            }
        }
        let begin = ahead.partition_point(|entry| entry.queue_offset < from);
        Ok(ahead[begin..].iter().take(count).copied().collect())
    }

    /// Keeps the number of queues that hold entries read ahead bounded.
    fn note_reading_ahead(&self, queue: &Arc<Queue>) {
        let mut reading = self.reading_ahead.lock().unwrap_or_else(PoisonError::into_inner);
        reading.push_back(queue.clone());
        if reading.len() <= READ_AHEAD_QUEUES_MAX {
            return;
        }
        let Some(oldest) = reading.pop_front() else { return };
        if let Ok(mut ahead) = oldest.read_ahead.try_lock() {
            *ahead = Vec::new();
            return;
        }
        // Somebody reads there this moment: the next one's turn.
        reading.push_back(oldest);
    }

    /// Drops the topic's queues, as its deletion at `deleted_at` in the log says. Those who wait on them are woken.
    pub(crate) fn delete_topic(&self, topic: &str, deleted_at: PhysicalOffset) {
        let mut topics = self.topics.write().unwrap_or_else(PoisonError::into_inner);
        topics.void_in_index.insert(topic.into(), deleted_at);
        for queue in topics.queues.remove(topic).into_iter().flat_map(HashMap::into_values) {
            queue.deleted.store(true, Ordering::Release);
            queue.arrivals.notify_waiters();
        }
    }

    /// The index has forgotten the topic too, up to `watermark`.
    pub(crate) fn deletion_sealed(&self, topic: &str, watermark: PhysicalOffset) {
        let mut topics = self.topics.write().unwrap_or_else(PoisonError::into_inner);
        if topics.void_in_index.get(topic).is_some_and(|deleted_at| *deleted_at < watermark) {
            topics.void_in_index.remove(topic);
        }
    }
}
