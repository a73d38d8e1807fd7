//! The store: one log, and everything that follows from it.
//!
//! ```text
//!            append (whoever holds the log writes for all who wait)
//!  put ───►  commit_log ──fold──►  tail, queues: in memory, what follows   ──seal──►  index_db: RocksDB, immutable
//!            the only truth        from the records after the watermark               chunks, and the watermark
//!                                            │ hot                                          │ cold
//!                                            └────────── consume_queue, query ──────────────┘
//! ```
//!
//! The log loses its oldest files in [`cleanup`], when the broker says so: what is still needed of them goes to the log's
//! end first ([`moving`]).
//!
//! It knows no peers, consumer groups or request codes. What does not follow from the log is kept in [`meta`].
//!
//! **Invariant:** nothing is acknowledged before the log holds it at the durability that was asked for.
//! **Invariant:** under SYNC_FLUSH no reader ever sees a record that is not yet on disk.
//! **Invariant:** a failed write or sync poisons the store: it refuses writes, says why, and is never retried in place.

pub mod disk;
pub(crate) mod commit_log;
mod put;
mod writer;
mod positions;
mod flush;
mod tail;
mod queues;
mod pending;
mod claims;
mod waiting;
mod room;
mod seal;
pub(crate) mod index_db;
mod key_index;
mod consume_queue;
mod query;
mod recovery;
mod moving;
mod cleanup;
pub mod meta;
mod error;
mod limits;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use skylark_protocol::message::record::RecordView;
use tokio::sync::watch;

use claims::Claims;
use commit_log::append::{Appender, Placed};
use commit_log::segments::Segments;
use disk::{Disk, FolderLock};
use flush::Flusher;
use index_db::IndexDb;
use limits::Limits;
use pending::Pending;
use positions::Positions;
use queues::Queues;
use room::Room;
use seal::Sealer;
use tail::Tail;
use writer::Writer;

use crate::clock::now_ms;

pub use claims::Claim;
pub use cleanup::{Deleted, OldSegment};
pub use consume_queue::{GetLimits, GetStatus, Got, QueueBounds, QueueWatch};
pub use error::StoreError;
pub use pending::{Alarm, Due};
pub use positions::Health;
pub use put::{PROPERTIES_BYTES_MAX, TOPIC_BYTES_MAX};
pub use recovery::Recovery;
pub use tail::{
    CANCELLED_TOPIC, DELETED_TOPIC, DUE_PROPERTY, HALF_TOPIC, MOVED_PROPERTY, OP_TOPIC, QUEUE_ENDS_TOPIC,
    SCHEDULE_TOPIC, TIMER_TOPIC,
};
#[cfg(test)]
pub(crate) use tests::crash;

/// Bytes from the log's very beginning. Segments are named by it.
pub type PhysicalOffset = i64;
/// Messages from a queue's very beginning.
pub type QueueOffset = i64;

/// When a message counts as stored. Java: flushDiskType.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlushMode {
    /// Once the operating system has it: it survives the death of the process, not a power cut.
    Async,
    /// Once the disk has it.
    Sync,
}

/// How a store is laid out and how it behaves.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The store's folder (storePathRootDir): holds `lock`, `abort`, `index/`, `meta/`.
    pub root: PathBuf,
    /// The log's folder (storePathCommitLog).
    pub commit_log: PathBuf,
    /// Bytes of each file of the log (mappedFileSizeCommitLog).
    pub segment_size_bytes: u64,
    /// When a message counts as stored.
    pub flush: FlushMode,
    /// How often dirty bytes are brought to disk under [`FlushMode::Async`].
    pub flush_interval: Duration,
    /// How long a put waits for the disk under [`FlushMode::Sync`].
    pub sync_flush_timeout: Duration,
    /// A write of the log that lasts longer turns further messages away.
    pub write_stall_max: Duration,
    /// Bytes that may wait in memory for being written, while the disk is slow.
    pub unwritten_bytes_max: i64,
    /// The longest body in bytes.
    pub message_size_max: usize,
    /// So many messages are sealed into the index together, at most.
    pub chunk_messages_max: usize,
    /// What the delay levels mean, in ms, level 1 first (messageDelayLevel).
    pub level_delays: Vec<i64>,
    /// The address that records name as their store: brokerIP1 and listenPort.
    pub store_host: SocketAddr,
}

/// A message to be put. All fields go into its record as they are.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// At most 127 bytes.
    pub topic: String,
    /// The queue in the topic.
    pub queue_id: i32,
    /// The sender's own flag, opaque to the broker.
    pub flag: i32,
    /// See `sys_flag` in the protocol crate; the two address bits are set by the record's encoder.
    pub sys_flag: i32,
    /// ms, from the sender.
    pub born_timestamp: i64,
    /// The sender's address.
    pub born_host: SocketAddr,
    /// How often it was consumed before.
    pub reconsume_times: i32,
    /// On a committed message: where its half message lies; else 0.
    pub prepared_transaction_offset: PhysicalOffset,
    /// As sent; compressed stays compressed.
    pub body: Bytes,
    /// At most 32767 bytes.
    pub properties: String,
    /// Whether the put waits for the disk under [`FlushMode::Sync`].
    pub wait: bool,
}

impl NewMessage {
    /// A stored record's message, to be stored once more. `bytes` are the record's own.
    pub(crate) fn of_record(record: &RecordView<'_>, bytes: &Bytes) -> NewMessage {
        NewMessage {
            topic: record.topic().to_owned(),
            queue_id: record.queue_id(),
            flag: record.flag(),
            sys_flag: record.sys_flag(),
            born_timestamp: record.born_timestamp(),
            born_host: record.born_host(),
            reconsume_times: record.reconsume_times(),
            prepared_transaction_offset: 0,
            body: bytes.slice_ref(record.body()),
            properties: record.properties().to_owned(),
            wait: true,
        }
    }
}

/// How far a put got before it was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// As far as was asked for.
    Reached,
    /// It is written, but the disk did not confirm in time.
    FlushTimedOut,
}

/// A message that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Put {
    /// Where its record begins.
    pub physical_offset: PhysicalOffset,
    /// Its offset in its queue.
    pub queue_offset: QueueOffset,
    /// ms.
    pub store_timestamp: i64,
    /// How far it got.
    pub durability: Durability,
}

impl Put {
    fn new(placed: &Placed, durability: Durability) -> Put {
        let Placed { physical_offset, queue_offset, store_timestamp, .. } = *placed;
        Put { physical_offset, queue_offset, store_timestamp, durability }
    }
}

/// The store. Open one per folder and share it.
pub struct Store {
    config: StoreConfig,
    limits: Limits,
    segments: Arc<Segments>,
    /// The log's growing end. Held for as long as it takes to copy a record into memory.
    appender: Mutex<Appender>,
    /// Whose turn it is to write and fold what was appended.
    writer: Writer,
    /// Held by whoever syncs.
    syncing: Mutex<()>,
    /// Held by whoever seals.
    sealing: Mutex<()>,
    positions: Positions,
    room: Room,
    /// All that is still needed of what lies below is also kept above.
    released: AtomicI64,
    queues: Arc<Queues>,
    tail: Tail,
    pending: Arc<Pending>,
    claims: Arc<Claims>,
    index: Arc<IndexDb>,
    flusher: Arc<Flusher>,
    sealer: Arc<Sealer>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    _lock: FolderLock,
}

impl Store {
    /// Opens the store, or makes an empty one: finds the log's end and folds what the index does not have yet.
    /// Blocks for as long as that takes; at most a chunk has to be folded unless the index is missing.
    pub fn open(config: StoreConfig, disk: &Arc<dyn Disk>) -> Result<(Arc<Store>, Recovery), StoreError> {
        let lock = FolderLock::take(&config.root).map_err(|error| match error.kind() {
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::PermissionDenied => {
                StoreError::Layout(format!("the store {} is in use by another process", config.root.display()))
            }
            _ => StoreError::io("lock the store", &config.root, error),
        })?;
        let abort = abort_mark(&config.root);
        let segments = Arc::new(Segments::open(disk.clone(), &config.commit_log, config.segment_size_bytes)?);
        let (index, watermark, newest) = open_index(&config.root.join("index"), &segments)?;
        let index = Arc::new(index);
        let queues = Arc::new(Queues::new(index.clone()));
        let pending = Arc::new(Pending::new(index.clone()));
        let appender = Appender::new(segments.clone(), config.store_host, watermark, newest);
        let store = Arc::new(Store {
            positions: Positions::new(watermark, config.flush == FlushMode::Sync),
            room: Room::default(),
            released: AtomicI64::new(0),
            tail: Tail::new(
                queues.clone(),
                pending.clone(),
                config.level_delays.clone(),
                config.chunk_messages_max,
                watermark,
            ),
            appender: Mutex::new(appender),
            writer: Writer::new(),
            syncing: Mutex::default(),
            sealing: Mutex::default(),
            flusher: Arc::default(),
            sealer: Arc::default(),
            threads: Mutex::default(),
            limits: Limits::new(&config),
            config,
            segments,
            queues,
            pending,
            claims: Arc::default(),
            index,
            _lock: lock,
        });
        let recovery = store.recover(watermark, !abort.exists())?;
        store.begin(recovery.log_end, newest);
        std::fs::write(&abort, []).map_err(|error| StoreError::io("mark the store as running", &abort, error))?;
        store.start_threads()?;
        Ok((store, recovery))
    }

    /// The oldest byte of the log, and one past its newest readable one.
    pub fn log_bounds(&self) -> (PhysicalOffset, PhysicalOffset) {
        (self.segments.first_offset(), self.positions.readable())
    }

    /// A watch on whether the store takes messages.
    pub fn watch_health(&self) -> watch::Receiver<Health> {
        self.positions.watch_health()
    }

    /// Deletes a topic: its queues are empty from now on, and begin at offset 0 again. Waits as a put does, but is not
    /// refused when there is no room for messages.
    pub async fn delete_topic(&self, topic: &str) -> Result<(), StoreError> {
        let message = self.own_message(tail::DELETED_TOPIC, Bytes::copy_from_slice(topic.as_bytes()));
        self.put_to_make_room(&[message]).await
    }

    /// A record by which the store tells itself something.
    fn own_message(&self, topic: &str, body: Bytes) -> NewMessage {
        NewMessage {
            topic: topic.to_owned(),
            queue_id: 0,
            flag: 0,
            sys_flag: 0,
            born_timestamp: now_ms(),
            born_host: self.config.store_host,
            reconsume_times: 0,
            prepared_transaction_offset: 0,
            body,
            properties: String::new(),
            wait: true,
        }
    }

    /// Brings all to disk, seals it, so that the next start folds nothing, and ends the store's threads. Blocks.
    pub fn close(&self) -> Result<(), StoreError> {
        self.end_threads();
        self.flush()?;
        let frozen = self.tail.freeze(&mut self.tail.chunks(), true);
        if frozen {
            self.seal_frozen()?;
        }
        self.index.close()?;
        let abort = abort_mark(&self.config.root);
        match std::fs::remove_file(&abort) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::io("remove the mark of a running store", &abort, error))
            }
            _ => Ok(()),
        }
    }

    fn begin(&self, end: PhysicalOffset, newest: i64) {
        let newest = newest.max(self.tail.chunks().open.newest);
        let appender = Appender::new(self.segments.clone(), self.config.store_host, end, newest);
        *self.appender.lock().unwrap_or_else(PoisonError::into_inner) = appender;
        self.positions.advance_written(end);
        self.positions.advance_flushed(end);
        self.flusher.begin(end);
    }

    fn start_threads(self: &Arc<Self>) -> Result<(), StoreError> {
        let (flusher, sealer, interval) = (self.flusher.clone(), self.sealer.clone(), self.config.flush_interval);
        let (flushes, seals): (Weak<Store>, Weak<Store>) = (Arc::downgrade(self), Arc::downgrade(self));
        let flush = named("flush", move || flush::run(&flusher, &flushes, interval))?;
        let seal = named("seal", move || seal::run(&sealer, &seals))?;
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).extend([flush, seal]);
        Ok(())
    }

    fn end_threads(&self) {
        self.flusher.stop();
        self.sealer.stop();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads.into_iter().filter(|thread| thread.thread().id() != std::thread::current().id()) {
            let _ = thread.join();
        }
    }

    /// Bytes of the largest record that a message of the allowed size can become, or that another broker wrote.
    fn record_size_max(&self) -> usize {
        recovery::RECORD_BYTES_MAX.max(self.limits.message_size_max() + PROPERTIES_BYTES_MAX + 1024)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // A store that is dropped without being closed looks like one whose process died; its threads must end all the same.
        self.end_threads();
    }
}

fn named(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(|error| StoreError::io("start a thread of the store", Path::new(name), error))
}

/// The index with the watermark and the newest store time it knows. One that is ahead of the log is of another log.
fn open_index(folder: &Path, segments: &Segments) -> Result<(IndexDb, PhysicalOffset, i64), StoreError> {
    let mut index = IndexDb::open(folder)?;
    let first = segments.first_offset();
    let end = segments.all().last().map_or(0, |segment| segment.start + segments.size() as i64);
    let mut chunks = index.chunks()?;
    if chunks.iter().any(|chunk| chunk.end > end) {
        tracing::warn!(folder = %folder.display(), "the index is ahead of the log, it is made again");
        index = IndexDb::recreate(folder)?;
        chunks = Vec::new();
    }
    let watermark = chunks.iter().map(|chunk| chunk.end).max().unwrap_or(first).max(first);
    let newest = chunks.iter().map(|chunk| chunk.newest).max().unwrap_or(0);
    Ok((index, watermark, newest))
}

/// The file that tells a later start, or a Java broker, that this store was not closed.
fn abort_mark(root: &Path) -> PathBuf {
    root.join("abort")
}
