//! Deleting the log's oldest files, and what the index holds of them.
//!
//! ```text
//! old_segments ── the caller decides ── release_below ── delete_oldest, one by one ── forget_deleted
//! ```
//!
//! Which files go, and when, is the caller's business. Nothing here holds a lock that a put or a get takes for longer than
//! it takes to strike a file off a list.
//!
//! **Invariant:** before a file is deleted, all that is still needed of it lies, on disk, further back in the log: messages
//! that wait, and where queues go on that have no other message.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use super::commit_log::segments::Segment;
use super::disk::Usage;
use super::error::StoreError;
use super::tail::{QUEUE_ENDS_TOPIC, end_line};
use super::{PhysicalOffset, Store};

/// Bytes of a record's body that says where queues go on: it fits into the smallest segment.
const ENDS_BYTES_MAX: usize = 32 << 10;

/// A file of the log that is full, on disk, and not the newest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldSegment {
    /// One past its last byte.
    pub end: PhysicalOffset,
    /// None of its messages was stored after this time, in ms; None if that is not known.
    pub newest: Option<i64>,
}

/// A file that was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// Where it was.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Where the log begins now.
    pub log_start: PhysicalOffset,
}

impl Store {
    /// The oldest files that may be deleted, at most `max`.
    pub fn old_segments(&self, max: usize) -> Result<Vec<OldSegment>, StoreError> {
        let (flushed, size) = (self.positions.flushed(), self.segments.size() as i64);
        let all = self.segments.all();
        let mut old = Vec::new();
        for (at, segment) in all.iter().enumerate().take(all.len().saturating_sub(1)).take(max) {
            let end = segment.start + size;
            if end > flushed {
                break;
            }
            old.push(OldSegment { end, newest: self.first_store_time(&all[at + 1..])? });
        }
        Ok(old)
    }

    /// When the first record of these files was stored; a file that does not begin with a record is passed over.
    fn first_store_time(&self, segments: &[Arc<Segment>]) -> Result<Option<i64>, StoreError> {
        for segment in segments {
            if let Some(stored) = self.store_time_of(segment.start)? {
                return Ok(Some(stored));
            }
        }
        Ok(None)
    }

    /// Makes all below `end`, the end of an old segment, dispensable. Gives how many waiting messages were put once more.
    pub async fn release_below(self: &Arc<Self>, end: PhysicalOffset) -> Result<usize, StoreError> {
        self.blocking(move |store| store.seal_below(end)).await?;
        let moved = self.move_up(end).await?;
        let ends = self.blocking(move |store| store.ends_to_state(end)).await?;
        for body in ends {
            self.put_to_make_room(&[self.own_message(QUEUE_ENDS_TOPIC, body.into())]).await?;
        }
        self.blocking(Store::flush).await?;
        self.released.fetch_max(end, Ordering::AcqRel);
        Ok(moved)
    }

    /// Deletes the oldest file, if it lies below what was released. Blocks for the disk.
    pub fn delete_oldest(&self) -> Result<Option<Deleted>, StoreError> {
        let deleted = self.segments.delete_oldest(self.released.load(Ordering::Acquire))?;
        let (bytes, log_start) = (self.segments.size(), self.segments.first_offset());
        Ok(deleted.map(|segment| Deleted { path: segment.path.clone(), bytes, log_start }))
    }

    /// Gives up what the index holds of deleted files and topics. Blocks, sometimes for as long as it takes to write the
    /// index anew.
    pub fn forget_deleted(&self) -> Result<(), StoreError> {
        let first = self.segments.first_offset();
        self.index.forget_below(first)?;
        self.pending.forget_halves_below(first);
        self.index.compact_deleted_topics();
        Ok(())
    }

    /// Store time in ms of the newest message that was ever put; None if none was.
    pub fn newest_store_time(&self) -> Option<i64> {
        let appender = self.appender.lock().unwrap_or_else(PoisonError::into_inner);
        Some(appender.last_store_timestamp()).filter(|time| *time > 0)
    }

    /// How full the file systems of the log and of all else are.
    pub fn disk_usage(&self) -> Result<[(PathBuf, Usage); 2], StoreError> {
        let usage = |folder: &PathBuf| match self.segments.disk().usage(folder) {
            Ok(usage) => Ok((folder.clone(), usage)),
            Err(error) => Err(StoreError::io("ask for the free space of", folder, error)),
        };
        Ok([usage(&self.config.commit_log)?, usage(&self.config.root)?])
    }

    /// Takes no messages from now on, for this reason, or takes some again. True if that is news.
    pub fn refuse_puts(&self, reason: Option<String>) -> bool {
        self.room.watched(reason)
    }

    /// Returns when a put met a full disk.
    pub async fn met_full_disk(&self) {
        self.room.met_full().await;
    }

    /// Whether a put met a full disk since this was asked before.
    pub fn take_met_full_disk(&self) -> bool {
        self.room.take_met_full()
    }

    /// Brings the index as far as `end`: a queue's counter must not be forgotten with messages that only memory knows.
    fn seal_below(&self, end: PhysicalOffset) -> Result<(), StoreError> {
        let mut chunks = self.tail.chunks();
        let sealed_below = chunks.frozen.front().map_or(chunks.open.start, |oldest| oldest.start);
        if sealed_below >= end {
            return Ok(());
        }
        if chunks.open.start < end {
            self.tail.freeze(&mut chunks, true);
        }
        drop(chunks);
        self.seal_frozen()
    }

    /// Bodies of the records that say where queues go on whose messages all lie below `end`.
    fn ends_to_state(&self, end: PhysicalOffset) -> Result<Vec<String>, StoreError> {
        let mut bodies = vec![String::new()];
        for (key, next) in self.index.queues_ended_below(end)? {
            // Nobody reads the queue of these very records.
            if *key.topic == *QUEUE_ENDS_TOPIC || self.queues.speaks_for_itself(&key) {
                continue;
            }
            let line = end_line(&key, next);
            if bodies.last().is_none_or(|body| body.len() + line.len() > ENDS_BYTES_MAX) {
                bodies.push(String::new());
            }
            bodies.last_mut().expect("there is one").push_str(&line);
        }
        bodies.retain(|body| !body.is_empty());
        Ok(bodies)
    }
}
