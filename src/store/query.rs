//! Finding messages without their queue: by where they lie in the log, and by key.

use bytes::Bytes;
use skylark_protocol::message::record::RecordView;

use super::commit_log::{HEAD_WORDS_BYTES, announced_size};
use super::error::StoreError;
use super::key_index::{carries, key_hash};
use super::{PhysicalOffset, Store};

/// Records read for one query, at most: keys that very many messages carry must not hold others up.
const RECORDS_READ_MAX: usize = 10_000;

impl Store {
    /// The whole record that begins at `physical_offset`; None if none does, or it is not readable yet.
    pub fn message_at(&self, physical_offset: PhysicalOffset) -> Result<Option<Bytes>, StoreError> {
        let readable = self.positions.readable();
        if physical_offset < 0 || physical_offset + HEAD_WORDS_BYTES as i64 > readable {
            return Ok(None);
        }
        let Some(segment) = self.segments.containing(physical_offset) else { return Ok(None) };
        let left = segment.start + self.segments.size() as i64 - physical_offset;
        if left < HEAD_WORDS_BYTES as i64 {
            return Ok(None);
        }
        let mut head = [0; HEAD_WORDS_BYTES];
        segment.read_exact_at(&mut head, physical_offset)?;
        let Some(size) = announced_size(&head) else { return Ok(None) };
        if size as i64 > left.min(readable - physical_offset) || size > self.record_size_max() {
            return Ok(None);
        }
        let mut bytes = vec![0; size];
        segment.read_exact_at(&mut bytes, physical_offset)?;
        let whole = RecordView::parse(&bytes).is_ok_and(|record| record.physical_offset() == physical_offset);
        Ok(whole.then(|| bytes.into()))
    }

    /// Store time in ms of the log's oldest record; None if the log is empty.
    pub fn earliest_message_time(&self) -> Result<Option<i64>, StoreError> {
        self.store_time_of(self.segments.first_offset())
    }

    /// Store time in ms of the record that begins at `physical_offset`; None if none does.
    pub(super) fn store_time_of(&self, physical_offset: PhysicalOffset) -> Result<Option<i64>, StoreError> {
        let bytes = self.message_at(physical_offset)?;
        Ok(bytes.and_then(|bytes| RecordView::parse(&bytes).ok().map(|record| record.store_timestamp())))
    }

    /// Bytes of the log that a power cut would lose.
    pub fn unflushed_bytes(&self) -> u64 {
        u64::try_from(self.positions.written() - self.positions.flushed()).unwrap_or(0)
    }

    /// Up to `max` records of `topic` that carry `key` and were stored in `begin..=end` (ms), the newest ones there are,
    /// in order of the log.
    pub fn query(&self, topic: &str, key: &str, max: usize, begin: i64, end: i64) -> Result<Vec<Bytes>, StoreError> {
        let mut found = Vec::new();
        let mut budget = RECORDS_READ_MAX;
        for offsets in self.candidates(topic, key, begin, end)? {
            for physical_offset in offsets.into_iter().rev() {
                if found.len() >= max || budget == 0 {
                    break;
                }
                budget -= 1;
                let Some(bytes) = self.message_at(physical_offset)? else { continue };
                let matches = RecordView::parse(&bytes).is_ok_and(|record| {
                    carries(&record, topic, key) && (begin..=end).contains(&record.store_timestamp())
                });
                if matches {
                    found.push((physical_offset, bytes));
                }
            }
        }
        found.sort_unstable_by_key(|(physical_offset, _)| *physical_offset);
        Ok(found.into_iter().map(|(_, bytes)| bytes).collect())
    }

    /// Offsets of records that may carry the key, chunk by chunk from the newest; ascending within each.
    fn candidates(&self, topic: &str, key: &str, begin: i64, end: i64) -> Result<Vec<Vec<PhysicalOffset>>, StoreError> {
        let hash = key_hash(topic, key);
        let mut found = Vec::new();
        let sealed_below = {
            let chunks = self.tail.chunks();
            let in_chunk = |keys: &[super::index_db::KeyEntry]| -> Vec<_> {
                keys.iter().filter(|entry| entry.hash == hash).map(|entry| entry.physical_offset).collect()
            };
            found.push(in_chunk(&chunks.open.keys));
            found.extend(chunks.frozen.iter().rev().map(|chunk| in_chunk(&chunk.keys)));
            chunks.frozen.front().map_or(chunks.open.start, |oldest| oldest.start)
        };
        for row in self.index.chunks()?.into_iter().rev() {
            if row.start < sealed_below && row.oldest <= end && row.newest >= begin {
                found.push(self.index.key_offsets(&row, hash)?);
            }
        }
        found.iter_mut().for_each(|offsets| offsets.dedup());
        Ok(found)
    }
}
