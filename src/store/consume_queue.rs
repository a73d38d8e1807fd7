//! The one read interface of a queue: hot entries from the tail, cold ones from the index, records from the log.

use std::sync::Arc;

use bytes::BytesMut;
use skylark_protocol::message::record::RecordView;

use super::error::StoreError;
use super::queues::{Entry, Queue};
use super::{PhysicalOffset, QueueOffset, Store};

/// Entries looked at in one step of a get.
const STEP_ENTRIES: usize = 64;

/// A get that reads records to decide about them stops after this many bytes.
const DECIDED_BYTES_MAX: usize = 4 << 20;

/// How much a get may return. The first wanted message is always returned, whatever its size.
#[derive(Debug, Clone, Copy)]
pub struct GetLimits {
    /// Messages at most, when they come from memory and when they may come from disk.
    pub count_in_memory: usize,
    /// See `count_in_memory`.
    pub count_on_disk: usize,
    /// Bytes of records at most, when they come from memory.
    pub bytes_in_memory: usize,
    /// Bytes of records at most, when they may come from disk.
    pub bytes_on_disk: usize,
    /// Records further behind the log's end than this many bytes count as being on disk.
    pub memory_reach_bytes: i64,
    /// Entries looked at, at most.
    pub scan_entries: usize,
}

/// What a get found. Java: GetMessageStatus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GetStatus {
    /// At least one message.
    Found,
    /// The entries looked at were all unwanted.
    NoMatchedMessage,
    /// The message was deleted from the log a moment ago.
    MessageWasRemoving,
    /// There is no entry at the offset, though the queue goes on behind it.
    OffsetFoundNull,
    /// The offset is more than one past the newest message.
    OffsetOverflowBadly,
    /// The offset is that of the next message to come.
    OffsetOverflowOne,
    /// The offset is below the oldest message.
    OffsetTooSmall,
    /// The queue is empty, or unknown.
    NoMessageInQueue,
}

/// The answer of a get.
#[derive(Debug)]
pub struct Got {
    /// What was found.
    pub status: GetStatus,
    /// Records back to back, as they lie in the log.
    pub body: BytesMut,
    /// Number of records in `body`.
    pub count: usize,
    /// Where to go on.
    pub next_offset: QueueOffset,
    /// The queue's oldest offset.
    pub min: QueueOffset,
    /// One past the queue's newest offset.
    pub max: QueueOffset,
    /// Bytes of the log between the last record looked at and its end; 0 if none was.
    pub behind_bytes: i64,
}

/// A queue's range: `min` is its oldest offset, `max` one past its newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueBounds {
    /// The oldest offset still there.
    pub min: QueueOffset,
    /// One past the newest readable message.
    pub max: QueueOffset,
}

/// A watch on one queue's arrivals.
pub struct QueueWatch<'a> {
    store: &'a Store,
    queue: Arc<Queue>,
}

impl QueueWatch<'_> {
    /// Returns when the queue has a readable message at or above `offset`, or when its topic is deleted.
    pub async fn wait_past(&self, offset: QueueOffset) {
        loop {
            let arrival = self.queue.arrivals.notified();
            tokio::pin!(arrival);
            arrival.as_mut().enable();
            let gone = self.queue.deleted.load(std::sync::atomic::Ordering::Acquire);
            if gone || self.queue.max(self.store.positions.readable()) > offset {
                return;
            }
            arrival.await;
        }
    }
}

impl Store {
    /// The range of a queue; 0, 0 for an unknown one.
    pub fn queue_bounds(&self, topic: &str, queue_id: i32) -> Result<QueueBounds, StoreError> {
        let queue = self.queues.get_or_load(topic, queue_id)?;
        self.bounds_of(&queue)
    }

    /// A watch on a queue, which need not exist yet.
    pub fn watch_queue(&self, topic: &str, queue_id: i32) -> Result<QueueWatch<'_>, StoreError> {
        Ok(QueueWatch { store: self, queue: self.queues.get_or_load(topic, queue_id)? })
    }

    /// Gets messages of a queue from `offset` on whose tags code is `wanted`.
    pub fn get(
        &self,
        topic: &str,
        queue_id: i32,
        offset: QueueOffset,
        limits: &GetLimits,
        wanted: &mut dyn FnMut(i64) -> bool,
    ) -> Result<Got, StoreError> {
        self.get_wanted(topic, queue_id, offset, limits, &mut Wanted::ByTags(wanted))
    }

    /// Gets messages of a queue from `offset` on whose record is `wanted`. Those that are not count as looked at; a
    /// record that cannot be read is not wanted.
    pub fn get_by_record(
        &self,
        topic: &str,
        queue_id: i32,
        offset: QueueOffset,
        limits: &GetLimits,
        wanted: &mut dyn FnMut(&RecordView<'_>) -> bool,
    ) -> Result<Got, StoreError> {
        self.get_wanted(topic, queue_id, offset, limits, &mut Wanted::ByRecord(wanted))
    }

    fn get_wanted(
        &self,
        topic: &str,
        queue_id: i32,
        offset: QueueOffset,
        limits: &GetLimits,
        wanted: &mut Wanted<'_>,
    ) -> Result<Got, StoreError> {
        let queue = self.queues.get_or_load(topic, queue_id)?;
        let bounds = self.bounds_of(&queue)?;
        if let Some(out_of_range) = outside(offset, bounds) {
            return Ok(out_of_range);
        }
        let mut reading = Reading::new(self, limits, bounds, offset);
        while let Some(budget) = reading.scan_budget() {
            let entries = self.queues.entries(&queue, reading.next_offset, budget.min(STEP_ENTRIES))?;
            if entries.is_empty() {
                break;
            }
            for entry in &entries {
                if !reading.take(entry, wanted)? {
                    return reading.finish();
                }
            }
        }
        reading.finish()
    }

    /// The readable offset whose message was stored nearest to `timestamp` (ms); an exact match wins, the ends are not
    /// left; where the queue begins if it is empty. Java: ConsumeQueue.getOffsetInQueueByTime.
    pub fn offset_by_time(&self, topic: &str, queue_id: i32, timestamp: i64) -> Result<QueueOffset, StoreError> {
        let bounds = self.queue_bounds(topic, queue_id)?;
        let (mut low, mut high) = (bounds.min, bounds.max);
        if low >= high {
            return Ok(low);
        }
        while low < high {
            let middle = low + (high - low) / 2;
            match self.store_time_at(topic, queue_id, middle)? {
                Some(stored) if stored >= timestamp => high = middle,
                _ => low = middle + 1,
            }
        }
        // `low` is the first at or after the timestamp, or one past the newest.
        if low == bounds.min {
            return Ok(low);
        }
        if low == bounds.max {
            return Ok(low - 1);
        }
        let distance = |stored: Option<i64>| stored.map_or(i64::MAX, |stored| stored.abs_diff(timestamp).cast_signed());
        let after = distance(self.store_time_at(topic, queue_id, low)?);
        let before = distance(self.store_time_at(topic, queue_id, low - 1)?);
        Ok(if after != 0 && before < after { low - 1 } else { low })
    }

    /// Store time in ms of the message at `offset`, or None if there is none.
    pub fn store_time_at(&self, topic: &str, queue_id: i32, offset: QueueOffset) -> Result<Option<i64>, StoreError> {
        let queue = self.queues.get_or_load(topic, queue_id)?;
        let bounds = self.bounds_of(&queue)?;
        if !(bounds.min..bounds.max).contains(&offset) {
            return Ok(None);
        }
        match self.queues.entries(&queue, offset, 1)?.first() {
            Some(entry) => self.store_time_of(entry.physical_offset),
            None => Ok(None),
        }
    }

    /// Store time in ms of the queue's oldest message; None for an empty queue.
    pub fn earliest_store_time(&self, topic: &str, queue_id: i32) -> Result<Option<i64>, StoreError> {
        let bounds = self.queue_bounds(topic, queue_id)?;
        self.store_time_at(topic, queue_id, bounds.min)
    }

    /// A queue whose messages are all deleted begins where it ends. Java: keeps an old beginning
    fn bounds_of(&self, queue: &Arc<Queue>) -> Result<QueueBounds, StoreError> {
        let max = queue.max(self.positions.readable());
        let min = self.queues.min(queue, self.segments.first_offset())?;
        Ok(QueueBounds { min: min.min(max), max })
    }
}

fn outside(offset: QueueOffset, bounds: QueueBounds) -> Option<Got> {
    let QueueBounds { min, max } = bounds;
    let (status, next_offset) = if max == 0 {
        (GetStatus::NoMessageInQueue, 0)
    } else if offset < min {
        (GetStatus::OffsetTooSmall, min)
    } else if offset == max {
        (GetStatus::OffsetOverflowOne, offset)
    } else if offset > max {
        (GetStatus::OffsetOverflowBadly, max)
    } else {
        return None;
    };
    Some(Got { status, body: BytesMut::new(), count: 0, next_offset, min, max, behind_bytes: 0 })
}

/// What decides about a message: its queue entry alone, or the whole record.
enum Wanted<'a> {
    ByTags(&'a mut dyn FnMut(i64) -> bool),
    ByRecord(&'a mut dyn FnMut(&RecordView<'_>) -> bool),
}

/// A get on its way: which records it will return.
struct Reading<'a> {
    store: &'a Store,
    limits: &'a GetLimits,
    bounds: QueueBounds,
    readable: PhysicalOffset,
    next_offset: QueueOffset,
    scanned: usize,
    chosen: Vec<Entry>,
    chosen_bytes: usize,
    /// The record that is being decided about.
    record: BytesMut,
    /// Bytes of records read to decide about them.
    decided_bytes: usize,
    behind_bytes: i64,
    full: bool,
}

impl<'a> Reading<'a> {
    fn new(store: &'a Store, limits: &'a GetLimits, bounds: QueueBounds, offset: QueueOffset) -> Self {
        let readable = store.positions.readable();
        let (scanned, chosen_bytes, decided_bytes, behind_bytes, full) = (0, 0, 0, 0, false);
        let chosen = Vec::with_capacity(limits.count_in_memory.min(STEP_ENTRIES));
        Reading {
            store,
            limits,
            bounds,
            readable,
            next_offset: offset,
            scanned,
            chosen,
            chosen_bytes,
            record: BytesMut::new(),
            decided_bytes,
            behind_bytes,
            full,
        }
    }

    /// How many more entries may be looked at; None: enough.
    fn scan_budget(&self) -> Option<usize> {
        let left = self.limits.scan_entries.saturating_sub(self.scanned);
        (left > 0 && !self.full && self.next_offset < self.bounds.max).then_some(left)
    }

    /// Looks at one entry; false: the get is full, and this entry is not part of it.
    fn take(&mut self, entry: &Entry, wanted: &mut Wanted<'_>) -> Result<bool, StoreError> {
        if entry.end() > self.readable || self.is_full_before(entry) {
            self.full = true;
            return Ok(false);
        }
        self.scanned += 1;
        self.next_offset = entry.queue_offset + 1;
        self.behind_bytes = self.readable - entry.physical_offset;
        if self.is_wanted(entry, wanted)? {
            self.chosen_bytes += entry.size.max(0) as usize;
            self.chosen.push(*entry);
        }
        Ok(true)
    }

    fn is_wanted(&mut self, entry: &Entry, wanted: &mut Wanted<'_>) -> Result<bool, StoreError> {
        match wanted {
            Wanted::ByTags(wanted) => Ok(wanted(entry.tags_code)),
            Wanted::ByRecord(wanted) => {
                self.record.clear();
                self.decided_bytes += entry.size.max(0) as usize;
                // One that is gone is chosen: the end of the get finds the same and says so.
                let is_gone = !self.store.read_stretch(std::slice::from_ref(entry), &mut self.record)?;
                Ok(is_gone || RecordView::parse(&self.record).is_ok_and(|record| wanted(&record)))
            }
        }
    }

    fn is_full_before(&self, entry: &Entry) -> bool {
        if self.decided_bytes >= DECIDED_BYTES_MAX {
            return true;
        }
        if self.chosen.is_empty() {
            return false;
        }
        let on_disk = self.readable - entry.physical_offset > self.limits.memory_reach_bytes;
        let (count, bytes) = if on_disk {
            (self.limits.count_on_disk, self.limits.bytes_on_disk)
        } else {
            (self.limits.count_in_memory, self.limits.bytes_in_memory)
        };
        self.chosen.len() >= count || self.chosen_bytes + entry.size.max(0) as usize > bytes
    }

    fn finish(self) -> Result<Got, StoreError> {
        let mut body = BytesMut::with_capacity(self.chosen_bytes);
        let mut count = 0;
        for stretch in self.chosen.chunk_by(|a, b| a.end() == b.physical_offset) {
            if self.store.read_stretch(stretch, &mut body)? {
                count += stretch.len();
            }
        }
        let status = match (count, self.chosen.is_empty(), self.scanned) {
            (1.., _, _) => GetStatus::Found,
            (0, false, _) => GetStatus::MessageWasRemoving,
            (0, true, 0) => GetStatus::OffsetFoundNull,
            _ => GetStatus::NoMatchedMessage,
        };
        let QueueBounds { min, max } = self.bounds;
        let next_offset = if status == GetStatus::OffsetFoundNull { max } else { self.next_offset };
        Ok(Got { status, body, count, next_offset, min, max, behind_bytes: self.behind_bytes })
    }
}

impl Store {
    /// Appends records that lie back to back in the log; false if they are no longer in it.
    fn read_stretch(&self, stretch: &[Entry], body: &mut BytesMut) -> Result<bool, StoreError> {
        let (Some(first), Some(last)) = (stretch.first(), stretch.last()) else { return Ok(false) };
        let Ok(length) = usize::try_from(last.end() - first.physical_offset) else { return Ok(false) };
        let Some(segment) = self.segments.containing(first.physical_offset) else { return Ok(false) };
        let begin = body.len();
        body.resize(begin + length, 0);
        segment.read_exact_at(&mut body[begin..], first.physical_offset)?;
        Ok(true)
    }
}
