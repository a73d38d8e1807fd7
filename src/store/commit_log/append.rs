//! Placing records: which offset each gets, and the bytes that wait to be written.
//!
//! Appending only fills a buffer in memory, under a short lock. Whoever needs a record written takes the whole buffer
//! and writes it for all who appended meanwhile (see [`crate::store::put`]).
//!
//! **Invariant:** physical offsets, queue offsets and store times are given out under one lock, so a record that lies
//! further back in the log is never younger, in its queue or in time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use skylark_protocol::message::record::{BLANK_MAGIC, RecordFields};

use super::segments::{RESERVE_STEP_BYTES, Segments};
use crate::store::error::StoreError;
use crate::store::queues::Queue;
use crate::store::{NewMessage, PhysicalOffset, QueueOffset};

/// Bytes that an end-of-file blank takes, and that must stay free behind every record.
const BLANK_BYTES: i64 = 8;
/// Room is taken again when less than this much of it is left, so that no sender waits for it.
const RESERVE_AHEAD_BYTES: i64 = (RESERVE_STEP_BYTES / 2) as i64;

/// Room that only what makes room may use: with it old files can be emptied although the disk is full.
const SPARE_BYTES: i64 = 1 << 20;

/// Who asks for room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A message.
    Store,
    /// A record without which nothing can be deleted.
    MakeRoom,
}

/// Where a record was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) physical_offset: PhysicalOffset,
    pub(crate) queue_offset: QueueOffset,
    pub(crate) store_timestamp: i64,
    /// One past the record's last byte.
    pub(crate) end: PhysicalOffset,
}

/// A stretch of the log that is not written yet; it lies within one file.
pub(crate) struct Extent {
    pub(crate) start: PhysicalOffset,
    pub(crate) bytes: Vec<u8>,
}

/// The log's growing end. Guarded by the store's append lock.
pub(crate) struct Appender {
    segments: Arc<Segments>,
    store_host: SocketAddr,
    next: PhysicalOffset,
    reserved_end: PhysicalOffset,
    last_store_timestamp: i64,
    open: Extent,
    full: Vec<Extent>,
    spare: Vec<u8>,
}

impl Appender {
    /// An appender that goes on at `next`, giving no store time below `last_store_timestamp` (ms).
    pub(crate) fn new(
        segments: Arc<Segments>,
        store_host: SocketAddr,
        next: PhysicalOffset,
        last_store_timestamp: i64,
    ) -> Self {
        let open = Extent { start: next, bytes: Vec::new() };
        let (full, spare) = (Vec::new(), Vec::new());
        Appender { segments, store_host, next, reserved_end: next, last_store_timestamp, open, full, spare }
    }

    /// One past the last appended byte.
    pub(crate) fn next(&self) -> PhysicalOffset {
        self.next
    }

    /// The newest store time that was given out, in ms; 0 if none was.
    pub(crate) fn last_store_timestamp(&self) -> i64 {
        self.last_store_timestamp
    }

    /// Appends messages of one queue back to back, in one file. Nothing is appended if this fails.
    /// `now` is the wall clock in ms; `crcs` are the bodies' checksums, in order.
    pub(crate) fn append(
        &mut self,
        queue: &Queue,
        messages: &[NewMessage],
        crcs: &[u32],
        now: i64,
        purpose: Purpose,
        placed: &mut Vec<Placed>,
    ) -> Result<(), StoreError> {
        let mut record = self.record(&messages[0], 0, 0);
        let mut needed = record.encoded_len();
        for message in &messages[1..] {
            record = self.record(message, 0, 0);
            needed += record.encoded_len();
        }
        self.make_room(needed as i64, purpose)?;
        self.last_store_timestamp = self.last_store_timestamp.max(now);
        for (message, crc) in messages.iter().zip(crcs) {
            let queue_offset = queue.assigned.load(Ordering::Relaxed);
            let record = self.record(message, queue_offset, *crc);
            let length = record.encoded_len() as i64;
            let physical_offset = self.next;
            let store_timestamp = self.last_store_timestamp;
            let record = RecordFields { physical_offset, ..record };
            record.encode(&mut self.open.bytes);
            queue.assigned.store(queue_offset + 1, Ordering::Relaxed);
            self.next += length;
            placed.push(Placed { physical_offset, queue_offset, store_timestamp, end: self.next });
        }
        Ok(())
    }

    /// Takes all that was appended and not yet taken, in order of offset.
    pub(crate) fn take(&mut self) -> Vec<Extent> {
        let mut taken = std::mem::take(&mut self.full);
        if !self.open.bytes.is_empty() {
            let fresh = Extent { start: self.next, bytes: std::mem::take(&mut self.spare) };
            taken.push(std::mem::replace(&mut self.open, fresh));
        }
        taken
    }

    /// Takes back, in order, what could not be written yet.
    pub(crate) fn put_back(&mut self, unwritten: Vec<Extent>) {
        self.full.splice(..0, unwritten);
    }

    /// Gives a written buffer back, so that the next one need not be allocated.
    pub(crate) fn give_back(&mut self, mut buffer: Vec<u8>) {
        const KEPT_BYTES_MAX: usize = 4 << 20;
        if buffer.capacity() > self.spare.capacity() && buffer.capacity() <= KEPT_BYTES_MAX {
            buffer.clear();
            self.spare = buffer;
        }
    }

    /// Takes room ahead of the end if little is left; called in the background, so that appends rarely have to.
    /// Returns the range to reserve: reserving needs no lock of ours.
    pub(crate) fn reserve_next(&self) -> Option<(PhysicalOffset, PhysicalOffset)> {
        let end = self.next + RESERVE_AHEAD_BYTES.min(self.segments.size() as i64);
        (end > self.reserved_end).then_some((self.next, end))
    }

    /// Notes that room up to `end` is taken.
    pub(crate) fn reserved(&mut self, end: PhysicalOffset) {
        self.reserved_end = self.reserved_end.max(end);
    }

    fn record<'a>(&self, message: &'a NewMessage, queue_offset: QueueOffset, body_crc: u32) -> RecordFields<'a> {
        RecordFields {
            queue_id: message.queue_id,
            flag: message.flag,
            queue_offset,
            physical_offset: 0,
            sys_flag: message.sys_flag,
            born_timestamp: message.born_timestamp,
            born_host: message.born_host,
            store_timestamp: self.last_store_timestamp,
            store_host: self.store_host,
            reconsume_times: message.reconsume_times,
            prepared_transaction_offset: message.prepared_transaction_offset,
            body_crc,
            body: &message.body,
            topic: &message.topic,
            properties: &message.properties,
        }
    }

    /// Makes the next `needed` bytes fit into the current file, or goes to the next one.
    fn make_room(&mut self, needed: i64, purpose: Purpose) -> Result<(), StoreError> {
        let size = self.segments.size() as i64;
        if needed + BLANK_BYTES > size {
            return Err(StoreError::MessageIllegal(format!("a record of {needed} bytes does not fit into a segment")));
        }
        let spare = if purpose == Purpose::Store { SPARE_BYTES.min(size / 8) } else { 0 };
        let first = self.segments.first_offset();
        let left = size - (self.next - first) % size;
        if needed + BLANK_BYTES > left {
            self.reserve(self.next, self.next + left + needed + BLANK_BYTES + spare)?;
            self.open.bytes.extend_from_slice(&(left as i32).to_be_bytes());
            self.open.bytes.extend_from_slice(&BLANK_MAGIC.to_be_bytes());
            self.next += left;
            let fresh = Extent { start: self.next, bytes: std::mem::take(&mut self.spare) };
            self.full.push(std::mem::replace(&mut self.open, fresh));
        }
        self.reserve(self.next, self.next + needed + BLANK_BYTES + spare)
    }

    fn reserve(&mut self, from: PhysicalOffset, to: PhysicalOffset) -> Result<(), StoreError> {
        if to > self.reserved_end {
            self.segments.reserve(from, to)?;
            self.reserved_end = self.segments.reserved_end(to - 1).max(to);
        }
        Ok(())
    }
}
