//! Giving up what the log no longer says: the rows of deleted segments and topics, and the space that they take.
//!
//! A row of `runs` is void once the newest record it stands for is deleted. Void rows are never asked for, and are dropped
//! by compactions, by RocksDB's own or by ours; a queue all of whose rows are void has one more, which says where it goes on.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use rocksdb::CompactionDecision;

use super::*;
use crate::store::pending::Kind;
use crate::store::tail::CHUNK_BYTES_MAX;

/// The runs are compacted when the log lost more than this share of what it holds, so that the index never holds much
/// more than is needed, and is seldom written anew.
const COMPACTED_SHARE: i64 = 4;

/// Makes compactions of the runs drop rows whose newest record lies below `kept_from`.
pub(super) fn drop_deleted(options: &mut Options, kept_from: Arc<AtomicI64>) {
    options.set_compaction_filter("deleted", move |_level: u32, _key: &[u8], value: &[u8]| {
        if newest_record(value) < kept_from.load(Ordering::Acquire) {
            CompactionDecision::Remove
        } else {
            CompactionDecision::Keep
        }
    });
}

/// Where the newest record lies that a row of the runs stands for.
fn newest_record(value: &[u8]) -> PhysicalOffset {
    read_i64(value, value.len().saturating_sub(ENTRY_BYTES))
}

impl IndexDb {
    /// The queues whose newest record lies below `end`, and where each goes on.
    pub(crate) fn queues_ended_below(&self, end: PhysicalOffset) -> Result<Vec<(QueueKey, QueueOffset)>, StoreError> {
        let mut ended = Vec::new();
        let mut rows = self.db.raw_iterator_cf(self.family(RUNS));
        rows.seek_to_first();
        while let Some(queue) = rows.key().and_then(|key| key.split_last_chunk::<8>()).map(|(queue, _)| queue.to_vec())
        {
            rows.seek_for_prev([&queue[..], &QueueOffset::MAX.to_be_bytes()].concat());
            if let Some((key, value)) = rows.item().filter(|(_, value)| newest_record(value) < end)
                && let Some(name) = decode_queue(&queue)
            {
                ended.push((name, read_i64(key, queue.len()) + (value.len() / ENTRY_BYTES) as i64));
            }
            rows.seek([&queue[..], &[0xFF; 8]].concat());
        }
        rows.status().map_err(|error| StoreError::database("read runs of the index", error))?;
        Ok(ended)
    }

    /// Gives up what lies below `first`, where the log begins now. Blocks, sometimes for as long as it takes to write the
    /// runs anew.
    pub(crate) fn forget_below(&self, first: PhysicalOffset) -> Result<(), StoreError> {
        self.kept_from.fetch_max(first, Ordering::AcqRel);
        let chunks = self.chunks()?;
        // The newest chunk says how far the index has come, whatever is left of it.
        let [older @ .., newest] = &chunks[..] else { return Ok(()) };
        for chunk in older.iter().take_while(|chunk| chunk.end <= first) {
            self.forget_keys(chunk.start)?;
            self.db
                .delete_cf(self.family(CHUNKS), chunk.start.to_be_bytes())
                .map_err(|error| StoreError::database("delete a chunk of the index", error))?;
        }
        self.forget_halves(first)?;
        // After a start nothing is known of older compactions but what they were for.
        let _ = self.compacted_at.compare_exchange(-1, chunks[0].start, Ordering::AcqRel, Ordering::Acquire);
        let lost = first - self.compacted_at.load(Ordering::Acquire);
        if lost > CHUNK_BYTES_MAX.max((newest.end - first) / COMPACTED_SHARE) {
            self.compact_runs();
        }
        Ok(())
    }

    /// Writes the runs anew without those that are void.
    pub(crate) fn compact_runs(&self) {
        let first = self.kept_from.load(Ordering::Acquire);
        self.db.compact_range_cf(self.family(RUNS), None::<&[u8]>, None::<&[u8]>);
        self.compacted_at.store(first, Ordering::Release);
    }

    /// Gives back the space of the rows of deleted topics.
    pub(crate) fn compact_deleted_topics(&self) {
        let topics = std::mem::take(&mut *self.deleted_topics.lock().unwrap_or_else(PoisonError::into_inner));
        for (from, to) in topics.iter().map(|topic| topic_rows(topic)) {
            self.db.compact_range_cf(self.family(RUNS), Some(from), Some(to));
        }
    }

    pub(super) fn delete_topic(&self, topic: &str) -> Result<(), StoreError> {
        let (from, to) = topic_rows(topic);
        self.db
            .delete_range_cf(self.family(RUNS), from, to)
            .map_err(|error| StoreError::database("delete a topic's rows", error))?;
        self.deleted_topics.lock().unwrap_or_else(PoisonError::into_inner).push(topic.to_owned());
        Ok(())
    }

    /// A chunk's keys are a file of their own, unless it was sealed more than once.
    fn forget_keys(&self, chunk: PhysicalOffset) -> Result<(), StoreError> {
        let failed = |error| StoreError::database("delete keys of the index", error);
        let (from, to) = (chunk.to_be_bytes(), (chunk + 1).to_be_bytes());
        self.db.delete_file_in_range_cf(self.family(KEYS), from, to).map_err(failed)?;
        let mut options = ReadOptions::default();
        options.set_total_order_seek(true);
        let mut left =
            self.db.iterator_cf_opt(self.family(KEYS), options, IteratorMode::From(&from, Direction::Forward));
        if left.next().transpose().map_err(failed)?.is_some_and(|(key, _)| key[..] < to[..]) {
            drop(left);
            self.db.delete_range_cf(self.family(KEYS), from, to).map_err(failed)?;
            self.db.compact_range_cf(self.family(KEYS), Some(from), Some(to));
        }
        Ok(())
    }

    fn forget_halves(&self, first: PhysicalOffset) -> Result<(), StoreError> {
        let half = |physical_offset| PendingKey { kind: Kind::Half, due: 0, physical_offset };
        if self.pending(Bound::Included(half(0)), half(first - 1), 1)?.is_empty() {
            return Ok(());
        }
        self.db
            .delete_range_cf(self.family(PENDING), pending_row(half(0)), pending_row(half(first)))
            .map_err(|error| StoreError::database("delete pending messages of the index", error))
    }

    /// Bytes of the runs' files.
    #[cfg(test)]
    pub(crate) fn runs_bytes(&self) -> u64 {
        let bytes = self.db.property_int_value_cf(self.family(RUNS), rocksdb::properties::TOTAL_SST_FILES_SIZE);
        bytes.expect("readable").expect("known")
    }

    /// Rows of the runs, of the keys and of the chunks, void or not.
    #[cfg(test)]
    pub(crate) fn row_counts(&self) -> (usize, usize, usize) {
        let count = |name| {
            let mut options = ReadOptions::default();
            options.set_total_order_seek(true);
            self.db.iterator_cf_opt(self.family(name), options, IteratorMode::Start).count()
        };
        (count(RUNS), count(KEYS), count(CHUNKS))
    }
}

/// The range of a topic's rows.
fn topic_rows(topic: &str) -> (Vec<u8>, Vec<u8>) {
    let mut to = topic_prefix(topic);
    to.extend_from_slice(&[0xFF; 13]);
    (run_key(topic, 0, 0), to)
}

fn decode_queue(prefix: &[u8]) -> Option<QueueKey> {
    let (queue_id, topic) = prefix.split_last_chunk::<4>().map(|(topic, queue_id)| (queue_id, &topic[1..]))?;
    let topic = std::str::from_utf8(topic).ok()?.into();
    Some(QueueKey { topic, queue_id: i32::from_be_bytes(*queue_id) })
}
