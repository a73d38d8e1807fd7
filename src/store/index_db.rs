//! Sealed chunks in RocksDB: what was folded from the log, in sorted, immutable files.
//!
//! Nothing here is known that the log does not say, so there is no write-ahead log, and the folder may be deleted at any
//! time: it is folded again. Four column families, the fourth being that of [`super::pending`]:
//!
//! ```text
//! runs    topic length (1) topic (n) queue (4) first queue offset (8)  ->  up to 64 entries of 20 bytes:
//!                                                                          physical offset (8) size (4) tags code (8)
//!                                                                          or none, and what says so: physical offset (8)
//! keys    chunk start (8) hash of topic and key (8) physical offset (8) ->  nothing; bloom filter on the first 16 bytes
//! chunks  chunk start (8)                                               ->  end (8), oldest and newest store time (8, 8)
//! ```
//!
//! All numbers are big-endian, so that byte order is number order. A run is looked up by one seek for the last key at or
//! below the wanted offset. A row without entries says where a queue goes on whose messages are deleted. Keys carry their chunk in front, so a new file overlaps no older one and is never compacted,
//! and an expired chunk goes as whole files.
//!
//! **Invariant:** a row of `chunks` is written, and synced, after the rows that it stands for. Sealing a stretch of the log
//! twice, or cut differently after a crash, gives rows that agree.

mod reclaim;

use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicI64;

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, Direction, IngestExternalFileOptions,
    IteratorMode, Options, ReadOptions, SliceTransform, SstFileWriter, WriteBatch, WriteOptions,
};

use super::error::StoreError;
use super::pending::{PendingChanges, PendingKey};
use super::queues::{Entry, QueueKey};
use super::{PhysicalOffset, QueueOffset};

const RUNS: &str = "runs";
const KEYS: &str = "keys";
const CHUNKS: &str = "chunks";
const PENDING: &str = "pending";
/// Entries in one value: longer runs make cold pulls slow, shorter ones make more rows.
pub(crate) const RUN_ENTRIES_MAX: usize = 64;
const ENTRY_BYTES: usize = 20;
const BLOCK_CACHE_BYTES: usize = 32 << 20;
const KEY_PREFIX_BYTES: usize = 16;

/// A stretch of the log that is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChunkRow {
    pub(crate) start: PhysicalOffset,
    pub(crate) end: PhysicalOffset,
    /// Store times in ms; the newest is never below any before it.
    pub(crate) oldest: i64,
    pub(crate) newest: i64,
}

/// One message key of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyEntry {
    /// [`super::key_index::key_hash`] of topic and key.
    pub(crate) hash: u64,
    pub(crate) physical_offset: PhysicalOffset,
}

/// Where a queue goes on whose messages are deleted, and where the record lies that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EndRow {
    pub(crate) queue: QueueKey,
    pub(crate) next: QueueOffset,
    pub(crate) stated_at: PhysicalOffset,
}

/// What sealing a chunk puts into the index.
pub(crate) struct SealedChunk {
    pub(crate) row: ChunkRow,
    /// Topics deleted within the chunk: their older rows go first.
    pub(crate) deleted_topics: Vec<String>,
    /// Entries by queue, queues in order of their row keys, entries in order of offset.
    pub(crate) queues: Vec<(QueueKey, Vec<Entry>)>,
    pub(crate) ends: Vec<EndRow>,
    /// Sorted.
    pub(crate) keys: Vec<KeyEntry>,
    /// Messages that began or ceased to wait.
    pub(crate) pending: PendingChanges,
}

/// The sealed part of the store's state.
pub(crate) struct IndexDb {
    db: DB,
    folder: PathBuf,
    /// What lies below is deleted from the log: compactions drop its rows.
    kept_from: Arc<AtomicI64>,
    /// Deleted topics whose rows still take space.
    deleted_topics: Mutex<Vec<String>>,
    /// `kept_from` when the runs were compacted last; -1 before that is known.
    compacted_at: AtomicI64,
}

impl IndexDb {
    /// Opens the index in `folder`. One that can't be opened is thrown away with a warning: the log will be folded again.
    pub(crate) fn open(folder: &Path) -> Result<IndexDb, StoreError> {
        match Self::try_open(folder) {
            Ok(index) => Ok(index),
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "the index can't be opened, it is made again from the log");
                Self::recreate(folder)
            }
        }
    }

    /// Throws the index in `folder` away and opens an empty one.
    pub(crate) fn recreate(folder: &Path) -> Result<IndexDb, StoreError> {
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove the index", folder, error));
            }
            _ => {}
        }
        Self::try_open(folder).map_err(|error| StoreError::database("create the index", error))
    }

    fn try_open(folder: &Path) -> Result<IndexDb, rocksdb::Error> {
        let _ = std::fs::create_dir_all(folder);
        for leftover in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if leftover.file_name().to_string_lossy().ends_with(".sealing") {
                let _ = std::fs::remove_file(leftover.path());
            }
        }
        let cache = Cache::new_lru_cache(BLOCK_CACHE_BYTES);
        let kept_from = Arc::new(AtomicI64::new(0));
        let families = [RUNS, KEYS, CHUNKS, PENDING].map(|name| {
            let mut options = family_options(name, &cache);
            if name == RUNS {
                reclaim::drop_deleted(&mut options, kept_from.clone());
            }
            ColumnFamilyDescriptor::new(name, options)
        });
        let db = DB::open_cf_descriptors(&database_options(), folder, families)?;
        let (folder, deleted_topics, compacted_at) = (folder.to_owned(), Mutex::default(), AtomicI64::new(-1));
        Ok(IndexDb { db, folder, kept_from, deleted_topics, compacted_at })
    }

    /// The sealed chunks, in order of offset.
    pub(crate) fn chunks(&self) -> Result<Vec<ChunkRow>, StoreError> {
        let rows = self.db.iterator_cf(self.family(CHUNKS), IteratorMode::Start);
        rows.map(|row| {
            let (key, value) = row.map_err(|error| StoreError::database("read chunks of the index", error))?;
            let (start, end) = (read_i64(&key, 0), read_i64(&value, 0));
            Ok(ChunkRow { start, end, oldest: read_i64(&value, 8), newest: read_i64(&value, 16) })
        })
        .collect()
    }

    /// Puts a chunk in: first its rows, then, synced, the row that says they are there.
    pub(crate) fn seal(&self, chunk: &SealedChunk) -> Result<(), StoreError> {
        for topic in &chunk.deleted_topics {
            self.delete_topic(topic)?;
        }
        self.ingest(RUNS, chunk.row.start, |writer| write_runs(writer, &chunk.queues))?;
        self.ingest(KEYS, chunk.row.start, |writer| write_keys(writer, chunk.row.start, &chunk.keys))?;
        let mut value = Vec::with_capacity(24);
        for number in [chunk.row.end, chunk.row.oldest, chunk.row.newest] {
            value.extend_from_slice(&number.to_be_bytes());
        }
        let mut batch = WriteBatch::default();
        batch.put_cf(self.family(CHUNKS), chunk.row.start.to_be_bytes(), value);
        for EndRow { queue, next, stated_at } in &chunk.ends {
            let row = run_key(&queue.topic, queue.queue_id, *next);
            batch.put_cf(self.family(RUNS), row, stated_at.to_be_bytes());
        }
        chunk.pending.put.iter().for_each(|key| batch.put_cf(self.family(PENDING), pending_row(*key), []));
        chunk.pending.delete.iter().for_each(|key| batch.delete_cf(self.family(PENDING), pending_row(*key)));
        let mut synced = WriteOptions::default();
        synced.set_sync(true);
        self.db.write_opt(batch, &synced).map_err(|error| StoreError::database("write a chunk's row", error))
    }

    /// One past the newest offset that the index knows of a queue; None if it knows none.
    pub(crate) fn queue_end(&self, topic: &str, queue_id: i32) -> Result<Option<QueueOffset>, StoreError> {
        let newest = self.run_at(topic, queue_id, QueueOffset::MAX)?;
        Ok(newest.map(|(first, entries)| first + entries.len() as i64))
    }

    /// Up to `count` sealed entries of a queue from offset `from` on, or from the next one there is.
    pub(crate) fn entries(
        &self,
        topic: &str,
        queue_id: i32,
        from: QueueOffset,
        count: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut found = self.run_at(topic, queue_id, from)?.map(|(_, entries)| entries).unwrap_or_default();
        found.retain(|entry| entry.queue_offset >= from);
        let mut next = found.last().map_or(from, |entry| entry.queue_offset + 1);
        while found.len() < count {
            let more = self.runs_from(topic, queue_id, next, count - found.len())?;
            let Some(last) = more.last() else { break };
            next = last.queue_offset + 1;
            found.extend(more);
        }
        found.truncate(count);
        Ok(found)
    }

    /// Physical offsets of the records of one chunk that carry a key of this hash, ascending.
    pub(crate) fn key_offsets(&self, chunk: &ChunkRow, hash: u64) -> Result<Vec<PhysicalOffset>, StoreError> {
        let mut prefix = [0; KEY_PREFIX_BYTES];
        prefix[..8].copy_from_slice(&chunk.start.to_be_bytes());
        prefix[8..].copy_from_slice(&hash.to_be_bytes());
        let mut options = ReadOptions::default();
        options.set_prefix_same_as_start(true);
        let mode = IteratorMode::From(&prefix, Direction::Forward);
        let mut offsets = Vec::new();
        for row in self.db.iterator_cf_opt(self.family(KEYS), options, mode) {
            let (key, _) = row.map_err(|error| StoreError::database("read keys of the index", error))?;
            if !key.starts_with(&prefix) {
                break;
            }
            let physical_offset = read_i64(&key, KEY_PREFIX_BYTES);
            // What lies behind the chunk's end is left over from a seal that a crash ended: it belongs to the next one.
            if physical_offset >= chunk.end {
                break;
            }
            offsets.push(physical_offset);
        }
        Ok(offsets)
    }

    /// Whether a message waits, as far as the index knows.
    pub(crate) fn has_pending(&self, key: PendingKey) -> Result<bool, StoreError> {
        let row = self.db.get_pinned_cf(self.family(PENDING), pending_row(key));
        Ok(row.map_err(|error| StoreError::database("read pending messages of the index", error))?.is_some())
    }

    /// Up to `max` waiting messages in order, from `from` to `end`, as far as the index knows.
    pub(crate) fn pending(
        &self,
        from: Bound<PendingKey>,
        end: PendingKey,
        max: usize,
    ) -> Result<Vec<PendingKey>, StoreError> {
        let (Bound::Included(first) | Bound::Excluded(first)) = from else { return Ok(Vec::new()) };
        let first_row = pending_row(first);
        let mode = IteratorMode::From(&first_row, Direction::Forward);
        let mut found = Vec::new();
        for row in self.db.iterator_cf(self.family(PENDING), mode) {
            let (row, _) = row.map_err(|error| StoreError::database("read pending messages of the index", error))?;
            let key = PendingKey { kind: first.kind, due: read_i64(&row, 1), physical_offset: read_i64(&row, 9) };
            if row.first() != first_row.first() || key > end || found.len() == max {
                break;
            }
            if from != Bound::Excluded(key) {
                found.push(key);
            }
        }
        Ok(found)
    }

    /// Writes out what is only in memory and gives up what is being tidied, before the process ends.
    pub(crate) fn close(&self) -> Result<(), StoreError> {
        self.db.cancel_all_background_work(false);
        self.db.flush_wal(true).map_err(|error| StoreError::database("flush the index", error))
    }

    /// The run that covers `offset`, or else the nearest one below it: its first offset and its entries.
    fn run_at(
        &self,
        topic: &str,
        queue_id: i32,
        offset: QueueOffset,
    ) -> Result<Option<(QueueOffset, Vec<Entry>)>, StoreError> {
        let wanted = run_key(topic, queue_id, offset);
        let mut rows = self.db.raw_iterator_cf(self.family(RUNS));
        rows.seek_for_prev(&wanted);
        rows.status().map_err(|error| StoreError::database("read runs of the index", error))?;
        let Some((key, value)) = rows.item() else { return Ok(None) };
        let prefix = wanted.len() - 8;
        if key.len() != wanted.len() || key[..prefix] != wanted[..prefix] {
            return Ok(None);
        }
        let first = read_i64(key, prefix);
        Ok(Some((first, decode_run(first, value))))
    }

    /// Entries of the runs that begin at or above `from`; stops after `count` entries or more.
    fn runs_from(&self, topic: &str, queue_id: i32, from: QueueOffset, count: usize) -> Result<Vec<Entry>, StoreError> {
        let wanted = run_key(topic, queue_id, from);
        let prefix = wanted.len() - 8;
        let mut rows = self.db.raw_iterator_cf(self.family(RUNS));
        rows.seek(&wanted);
        let mut found: Vec<Entry> = Vec::new();
        while let Some((key, value)) = rows.item() {
            if found.len() >= count || key.len() != wanted.len() || key[..prefix] != wanted[..prefix] {
                break;
            }
            let next = found.last().map_or(from, |entry| entry.queue_offset + 1);
            let run = decode_run(read_i64(key, prefix), value);
            found.extend(run.into_iter().filter(|entry| entry.queue_offset >= next));
            rows.next();
        }
        rows.status().map_err(|error| StoreError::database("read runs of the index", error))?;
        Ok(found)
    }

    fn ingest(
        &self,
        family: &'static str,
        chunk: PhysicalOffset,
        write: impl FnOnce(&mut SstFileWriter<'_>) -> Result<usize, rocksdb::Error>,
    ) -> Result<(), StoreError> {
        let failed = |error| StoreError::database("seal a chunk", error);
        let path = self.folder.join(format!("{family}-{chunk:020}.sealing"));
        let options = family_options(family, &Cache::new_lru_cache(0));
        let mut writer = SstFileWriter::create(&options);
        writer.open(&path).map_err(failed)?;
        if write(&mut writer).map_err(failed)? == 0 {
            drop(writer);
            let _ = std::fs::remove_file(&path);
            return Ok(());
        }
        writer.finish().map_err(failed)?;
        let mut ingest = IngestExternalFileOptions::default();
        ingest.set_move_files(true);
        self.db.ingest_external_file_cf_opts(self.family(family), &ingest, vec![path]).map_err(failed)
    }

    fn family(&self, name: &'static str) -> &ColumnFamily {
        self.db.cf_handle(name).expect("all families are made at open")
    }
}

fn write_runs(writer: &mut SstFileWriter<'_>, queues: &[(QueueKey, Vec<Entry>)]) -> Result<usize, rocksdb::Error> {
    let mut rows = 0;
    let mut value = Vec::with_capacity(RUN_ENTRIES_MAX * ENTRY_BYTES);
    for (queue, entries) in queues {
        let consecutive = entries.chunk_by(|a, b| a.queue_offset + 1 == b.queue_offset);
        for run in consecutive.flat_map(|stretch| stretch.chunks(RUN_ENTRIES_MAX)) {
            value.clear();
            for entry in run {
                value.extend_from_slice(&entry.physical_offset.to_be_bytes());
                value.extend_from_slice(&entry.size.to_be_bytes());
                value.extend_from_slice(&entry.tags_code.to_be_bytes());
            }
            writer.put(run_key(&queue.topic, queue.queue_id, run[0].queue_offset), &value)?;
            rows += 1;
        }
    }
    Ok(rows)
}

fn write_keys(
    writer: &mut SstFileWriter<'_>,
    chunk: PhysicalOffset,
    keys: &[KeyEntry],
) -> Result<usize, rocksdb::Error> {
    let mut key = [0; KEY_PREFIX_BYTES + 8];
    key[..8].copy_from_slice(&chunk.to_be_bytes());
    for entry in keys {
        key[8..16].copy_from_slice(&entry.hash.to_be_bytes());
        key[16..].copy_from_slice(&entry.physical_offset.to_be_bytes());
        writer.put(key, [])?;
    }
    Ok(keys.len())
}

/// The row key's part that is the topic. Topics are at most 255 bytes: a record's topic length is one byte.
fn topic_prefix(topic: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + topic.len() + 12);
    key.push(topic.len().min(255) as u8);
    key.extend_from_slice(&topic.as_bytes()[..topic.len().min(255)]);
    key
}

/// Orders as the rows do.
pub(crate) fn run_key(topic: &str, queue_id: i32, first: QueueOffset) -> Vec<u8> {
    let mut key = topic_prefix(topic);
    key.extend_from_slice(&queue_id.cast_unsigned().to_be_bytes());
    key.extend_from_slice(&first.to_be_bytes());
    key
}

fn pending_row(key: PendingKey) -> [u8; 17] {
    let mut row = [0; 17];
    row[0] = key.kind as u8;
    row[1..9].copy_from_slice(&key.due.to_be_bytes());
    row[9..].copy_from_slice(&key.physical_offset.to_be_bytes());
    row
}

fn decode_run(first: QueueOffset, value: &[u8]) -> Vec<Entry> {
    value
        .chunks_exact(ENTRY_BYTES)
        .zip(first..)
        .map(|(bytes, queue_offset)| Entry {
            queue_offset,
            physical_offset: read_i64(bytes, 0),
            size: i32::from_be_bytes(bytes[8..12].try_into().expect("four bytes")),
            tags_code: read_i64(bytes, 12),
        })
        .collect()
}

fn read_i64(bytes: &[u8], at: usize) -> i64 {
    bytes.get(at..at + 8).map_or(0, |eight| i64::from_be_bytes(eight.try_into().expect("eight bytes")))
}

fn database_options() -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    options.set_max_open_files(1024);
    options.set_keep_log_file_num(2);
    options.set_log_level(rocksdb::LogLevel::Warn);
    options.set_max_background_jobs(2);
    options
}

fn family_options(name: &str, cache: &Cache) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    table.set_format_version(5);
    table.set_cache_index_and_filter_blocks(true);
    let mut options = Options::default();
    options.set_write_buffer_size(4 << 20);
    options.set_compression_type(rocksdb::DBCompressionType::None);
    if name == KEYS {
        table.set_bloom_filter(10.0, false);
        table.set_whole_key_filtering(false);
        options.set_prefix_extractor(SliceTransform::create_fixed_prefix(KEY_PREFIX_BYTES));
        options.set_disable_auto_compactions(true);
    }
    options.set_block_based_table_factory(&table);
    options
}
