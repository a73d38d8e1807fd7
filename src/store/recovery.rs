//! Opening a log: find its end, and fold what the index does not have yet. There is no other recovery.
//!
//! A record counts if its lengths add up, its magic is right, its physical-offset field names the place where it lies and
//! its body has the CRC it says. What does not count is damage if good records follow: it is stepped over and reported,
//! and nothing is deleted. If none follow, the log ends before it: a torn tail is overwritten with zeros, so that a
//! later reader can't take its rest for a record.

use std::time::{Duration, Instant};

use skylark_protocol::message::record::{BLANK_MAGIC, MESSAGE_MAGIC, RecordView};

use super::commit_log::{announced_size, head_words};
use super::error::StoreError;
use super::tail::Folded;
use super::{PhysicalOffset, Store};

/// Bytes read from the log at a time.
const WINDOW_BYTES: usize = 4 << 20;
/// No record is larger: a frame that brings a message is at most 16 MiB.
pub(super) const RECORD_BYTES_MAX: usize = (16 << 20) + (64 << 10);
/// Bytes of a page: file systems tell data from holes by the page.
const PAGE_BYTES: u64 = 4096;
/// Where a record says at which offset of the log it lies.
const PHYSICAL_OFFSET_AT: usize = 28;

/// What opening a store found.
#[derive(Debug, Clone, Default)]
pub struct Recovery {
    /// Offset of the oldest byte of the log.
    pub log_start: PhysicalOffset,
    /// One past its newest byte.
    pub log_end: PhysicalOffset,
    /// Messages that were folded because the index did not have them.
    pub messages_folded: usize,
    /// Damaged stretches that were stepped over: from, to.
    pub damaged: Vec<(PhysicalOffset, PhysicalOffset)>,
    /// Bytes of an unfinished record that were cut from the end.
    pub torn_bytes: u64,
    /// Messages whose queue offset did not follow from their queue: they stay in the log, no queue shows them.
    pub out_of_order: usize,
    /// How long it took.
    pub took: Duration,
}

/// What lies at an offset of the log.
enum Found {
    /// A good record of this many bytes; it begins at the start of the window.
    Record(usize),
    /// The rest of the file is unused.
    EndOfFile,
    /// Neither.
    Nothing,
}

impl Store {
    /// Folds the log from `watermark` to its end. Only the opening thread runs yet. `closed`: the store was closed, so
    /// all of the log is on disk.
    pub(super) fn recover(&self, watermark: PhysicalOffset, closed: bool) -> Result<Recovery, StoreError> {
        let began = Instant::now();
        let mut recovery = Recovery { log_start: self.segments.first_offset(), ..Recovery::default() };
        if !closed {
            self.sync_from(watermark)?;
        }
        let mut window = Window::default();
        let mut at = watermark;
        loop {
            match self.look_at(&mut window, at)? {
                Found::Record(size) => {
                    self.fold_recovered(&window.bytes_at(at)[..size], at, &mut recovery)?;
                    at += size as i64;
                }
                Found::EndOfFile => at = self.skip_file(at),
                // A closed store is sealed up to its end; only a log that another broker went on writing has more.
                Found::Nothing if closed && at == watermark && is_zero(window.bytes_at(at)) => break,
                Found::Nothing => match self.next_record_after(&mut window, at)? {
                    Some(next) => {
                        tracing::error!(from = at, to = next, "a damaged stretch of the log was stepped over");
                        recovery.damaged.push((at, next));
                        self.tail.skip_to(&mut self.tail.chunks(), next);
                        at = next;
                    }
                    None => break,
                },
            }
        }
        recovery.log_end = at;
        if !(closed && at == watermark) {
            recovery.torn_bytes = self.zero_from(at)?;
        }
        recovery.took = began.elapsed();
        Ok(recovery)
    }

    fn fold_recovered(&self, bytes: &[u8], at: PhysicalOffset, recovery: &mut Recovery) -> Result<(), StoreError> {
        let record = RecordView::parse(bytes).map_err(|error| StoreError::Layout(error.to_string()))?;
        let mut chunks = self.tail.chunks();
        let (folded, _) = self.tail.fold(&mut chunks, &record)?;
        let frozen = self.tail.freeze(&mut chunks, false);
        drop(chunks);
        recovery.messages_folded += 1;
        if folded == Folded::OutOfOrder && !self.is_in_index(&record)? {
            recovery.out_of_order += 1;
            tracing::warn!(
                physical_offset = at,
                topic = record.topic(),
                "a message's queue offset does not follow from its queue"
            );
        }
        if frozen {
            // All of it was synced before folding began.
            self.positions.advance_written(at + bytes.len() as i64);
            self.positions.advance_flushed(at + bytes.len() as i64);
            self.seal_frozen()?;
        }
        Ok(())
    }

    /// The index shows the record in its queue, although the watermark lies before it: a crash ended the seal of its chunk.
    fn is_in_index(&self, record: &RecordView<'_>) -> Result<bool, StoreError> {
        let there = self.index.entries(record.topic(), record.queue_id(), record.queue_offset(), 1)?;
        Ok(there.first().is_some_and(|entry| entry.physical_offset == record.physical_offset()))
    }

    /// What a crash left in the page cache is brought to disk before anything follows from it.
    fn sync_from(&self, watermark: PhysicalOffset) -> Result<(), StoreError> {
        let size = self.segments.size() as i64;
        for segment in self.segments.all().iter().filter(|segment| segment.start + size > watermark) {
            segment.file.sync().map_err(|error| StoreError::io("sync segment", &segment.path, error))?;
        }
        Ok(())
    }

    fn look_at(&self, window: &mut Window, at: PhysicalOffset) -> Result<Found, StoreError> {
        window.fill(self, at, RECORD_HEAD_BYTES)?;
        let head = window.bytes_at(at);
        let Some((size, magic)) = head_words(head) else {
            return Ok(if self.segments.containing(at).is_some() { Found::EndOfFile } else { Found::Nothing });
        };
        if magic == BLANK_MAGIC {
            let left = self.left_in_file(at);
            return Ok(if i64::from(size) == left { Found::EndOfFile } else { Found::Nothing });
        }
        let Some(size) = announced_size(head).filter(|size| *size <= RECORD_BYTES_MAX) else {
            return Ok(Found::Nothing);
        };
        window.fill(self, at, size)?;
        let good = window.bytes_at(at).get(..size).is_some_and(|bytes| is_good(bytes, at));
        Ok(if good { Found::Record(size) } else { Found::Nothing })
    }

    /// The start of the next file, or the end of this one if there is no next.
    fn skip_file(&self, at: PhysicalOffset) -> PhysicalOffset {
        let end = at + self.left_in_file(at);
        let next = self.segments.all().iter().map(|segment| segment.start).find(|start| *start >= end).unwrap_or(end);
        self.tail.skip_to(&mut self.tail.chunks(), next);
        next
    }

    fn left_in_file(&self, at: PhysicalOffset) -> i64 {
        self.segments.containing(at).map_or(0, |segment| segment.start + self.segments.size() as i64 - at)
    }

    /// The next good record behind `at`, in this file or a later one.
    fn next_record_after(&self, window: &mut Window, at: PhysicalOffset) -> Result<Option<PhysicalOffset>, StoreError> {
        let size = self.segments.size() as i64;
        for segment in self.segments.all().iter().filter(|segment| segment.start + size > at) {
            let mut from = (at + 1).max(segment.start);
            let end = segment.start + size;
            while from < end {
                let data = segment
                    .file
                    .next_data((from - segment.start) as u64)
                    .map_err(|error| StoreError::io("look for data in segment", &segment.path, error))?;
                let Some(data) = data else { break };
                // A record's first bytes are zeros: it may begin a little before the data does.
                from = from.max(segment.start + (data & !(PAGE_BYTES - 1)) as i64);
                window.fill(self, from, WINDOW_BYTES)?;
                let bytes = window.bytes_at(from);
                for candidate in candidates(bytes, from) {
                    if let Found::Record(_) = self.look_at(&mut Window::default(), candidate)? {
                        return Ok(Some(candidate));
                    }
                }
                // A record's head may lie across the border: look again at the last bytes.
                from += (bytes.len() as i64 - RECORD_HEAD_BYTES as i64 + 1).max(RECORD_HEAD_BYTES as i64);
            }
        }
        Ok(None)
    }

    /// Overwrites what is not zero from `at` to the end of its file; gives the number of bytes that were not.
    fn zero_from(&self, at: PhysicalOffset) -> Result<u64, StoreError> {
        let Some(segment) = self.segments.containing(at) else { return Ok(0) };
        let failed = |error| StoreError::io("clear the torn end of segment", &segment.path, error);
        let (mut torn, mut from) = (0, (at - segment.start) as u64);
        let mut bytes = vec![0; WINDOW_BYTES];
        let zeros = vec![0; WINDOW_BYTES];
        while let Some(data) = segment.file.next_data(from).map_err(failed)?.filter(|data| *data < self.segments.size())
        {
            let length = (self.segments.size() - data).min(WINDOW_BYTES as u64) as usize;
            segment.file.read_exact_at(&mut bytes[..length], data).map_err(failed)?;
            let dirty = bytes[..length].chunks(PAGE_BYTES as usize).filter(|page| !is_zero(page)).flatten();
            let dirty = dirty.filter(|byte| **byte != 0).count() as u64;
            if dirty > 0 {
                segment.file.write_all_at(&zeros[..length], data).map_err(failed)?;
                torn += dirty;
            }
            from = data + length as u64;
        }
        if torn > 0 {
            tracing::warn!(at, bytes = torn, "an unfinished record was cut from the log's end");
            segment.file.sync().map_err(failed)?;
        }
        Ok(torn)
    }
}

/// Bytes that must be there to see what a record is and where it says that it lies.
const RECORD_HEAD_BYTES: usize = PHYSICAL_OFFSET_AT + 8;

fn is_good(bytes: &[u8], at: PhysicalOffset) -> bool {
    RecordView::parse(bytes).is_ok_and(|record| {
        record.physical_offset() == at
            && record.store_timestamp() > 0
            && record.queue_offset() >= 0
            && !record.topic().is_empty()
            && !record.topic().contains(char::is_control)
            && !record.properties().contains('\0')
            && record.check_body_crc()
    })
}

/// Places where a record's head seems to be, in bytes that begin at `start`.
fn candidates(bytes: &[u8], start: PhysicalOffset) -> impl Iterator<Item = PhysicalOffset> + '_ {
    let magic = MESSAGE_MAGIC.to_be_bytes();
    let says = |head: &[u8]| i64::from_be_bytes(head[PHYSICAL_OFFSET_AT..].try_into().expect("eight bytes"));
    // Room that was taken but never written reads as zeros, page after page.
    let pages = (0..bytes.len()).step_by(PAGE_BYTES as usize);
    let used = pages.filter(|page| !is_zero(&bytes[*page..bytes.len().min(page + PAGE_BYTES as usize)]));
    used.flat_map(|page| page.saturating_sub(RECORD_HEAD_BYTES)..(page + PAGE_BYTES as usize))
        .filter_map(move |at| Some((bytes.get(at..at + RECORD_HEAD_BYTES)?, start + at as i64)))
        .filter(move |(head, at)| head[4..8] == magic && says(head) == *at)
        .map(|(_, at)| at)
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().fold(0, |all, byte| all | byte) == 0
}

/// A stretch of one file in memory.
#[derive(Default)]
struct Window {
    start: PhysicalOffset,
    bytes: Vec<u8>,
}

impl Window {
    /// What the window holds from `at` on.
    fn bytes_at(&self, at: PhysicalOffset) -> &[u8] {
        usize::try_from(at - self.start).ok().and_then(|skip| self.bytes.get(skip..)).unwrap_or_default()
    }

    /// Makes the window hold `needed` bytes from `at` on, or all that its file has.
    fn fill(&mut self, store: &Store, at: PhysicalOffset, needed: usize) -> Result<(), StoreError> {
        if self.start <= at && self.bytes_at(at).len() >= needed {
            return Ok(());
        }
        let left = store.left_in_file(at).max(0) as usize;
        if self.start <= at && self.bytes_at(at).len() == left {
            return Ok(());
        }
        self.bytes.resize(left.min(WINDOW_BYTES.max(needed)), 0);
        self.start = at;
        if self.bytes.is_empty() { Ok(()) } else { store.segments.read_exact_at(&mut self.bytes, at) }
    }
}
