//! The fold: what follows from the records after the watermark, kept in memory.
//!
//! [`Tail::fold`] is the only place where a record changes the store's state, while sending as while recovering. It gets
//! the record's bytes and nothing else. The newest part of the log is one open chunk; a chunk that is full is frozen and
//! waits to be sealed into the index.
//!
//! **Invariant:** folding the same bytes gives the same state, whether they were just written or read after a crash.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use skylark_protocol::message::record::RecordView;
use skylark_protocol::message::{properties, sys_flag, tags_code};

use super::error::StoreError;
use super::index_db::{ChunkRow, EndRow, KeyEntry};
use super::key_index::{for_each_key, key_hash};
use super::pending::{Kind, Pending, PendingKey};
use super::queues::{Entry, Queue, QueueKey, Queues};
use super::{PhysicalOffset, QueueOffset};

/// A record in this topic says that the topic named by its body is deleted: what the log holds of it before is gone.
/// So a deletion, too, follows from the log. Java brokers see a message of a topic that nobody reads.
pub const DELETED_TOPIC: &str = "rmq_sys_topic_deleted";

/// Messages with a delay level wait in this topic, in the queue `level - 1`. Java: TopicValidator.
pub const SCHEDULE_TOPIC: &str = "SCHEDULE_TOPIC_XXXX";
/// Messages with a delay that is no level wait in this topic.
pub const TIMER_TOPIC: &str = "rmq_sys_timer";
/// A record in this topic takes away the delayed message that it names, undelivered.
pub const CANCELLED_TOPIC: &str = "rmq_sys_timer_cancelled";
/// Half messages wait in this topic. Java: TopicValidator.
pub const HALF_TOPIC: &str = "RMQ_SYS_TRANS_HALF_TOPIC";
/// A record in this topic says that a half message is decided: its body is the half's queue offset in decimal, as in
/// Java; its prepared-transaction-offset field says where the half lies, which Java leaves at 0.
pub const OP_TOPIC: &str = "RMQ_SYS_TRANS_OP_HALF_TOPIC";
/// The property that says when a delayed message is due, in ms since 1970: on the delayed message, so that changed
/// levels don't time it anew, and on its delivery, which names the delayed message by it.
pub const DUE_PROPERTY: &str = "TIMER_OUT_MS";

/// A record in this topic says where queues go on whose messages are all deleted: a line `next-offset queue topic` for
/// each. So a queue's counter, too, follows from the log, however little is left of it.
pub const QUEUE_ENDS_TOPIC: &str = "rmq_sys_queue_ends";

/// The property of a waiting message that took the place of the one that it names, which may be at offset 0.
pub const MOVED_PROPERTY: &str = "TIMER_ROLL_TIMES";

/// A chunk is frozen once it holds as many messages as it may, or spans this many bytes of the log: what a restart has to
/// fold again is bounded by it.
pub(crate) const CHUNK_BYTES_MAX: i64 = 256 << 20;
/// A queue offset this far above the queue's newest is damage, not a gap.
const GAP_MAX: i64 = 1 << 20;

/// A stretch of the log and what was folded from it, but for the queues' entries: those are kept by the queues.
#[derive(Default)]
pub(crate) struct Chunk {
    pub(crate) start: PhysicalOffset,
    pub(crate) end: PhysicalOffset,
    /// Store times in ms.
    pub(crate) oldest: i64,
    pub(crate) newest: i64,
    pub(crate) messages: usize,
    pub(crate) keys: Vec<KeyEntry>,
    /// The queues with entries in this chunk, each once.
    pub(crate) queues: Vec<Arc<Queue>>,
    pub(crate) deleted_topics: Vec<String>,
    /// Where queues without messages go on.
    pub(crate) ends: Vec<StatedEnd>,
}

/// Where a queue goes on, and where the record lies that says so.
#[derive(Clone)]
pub(crate) struct StatedEnd {
    pub(crate) queue: Arc<Queue>,
    pub(crate) next: QueueOffset,
    pub(crate) stated_at: PhysicalOffset,
}

impl StatedEnd {
    /// As the index takes it in.
    pub(crate) fn row(&self) -> EndRow {
        EndRow { queue: self.queue.key.clone(), next: self.next, stated_at: self.stated_at }
    }
}

impl Chunk {
    fn starting_at(start: PhysicalOffset) -> Chunk {
        Chunk { start, end: start, ..Chunk::default() }
    }

    fn is_full(&self, messages_max: usize) -> bool {
        self.messages >= messages_max || self.end - self.start >= CHUNK_BYTES_MAX
    }

    /// The chunk without its contents.
    pub(crate) fn row(&self) -> ChunkRow {
        ChunkRow { start: self.start, end: self.end, oldest: self.oldest, newest: self.newest }
    }
}

/// What a record's fold had to say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Folded {
    /// Taken in; the queue got an entry unless the record is of a kind that none sees.
    Taken,
    /// Its queue offset does not follow from the queue: the record stays in the log, but no queue shows it.
    OutOfOrder,
}

/// The chunks after the watermark.
pub(crate) struct Tail {
    queues: Arc<Queues>,
    pending: Arc<Pending>,
    /// What the delay levels mean, in ms, level 1 first: for messages of Java brokers, which don't say when they are due.
    level_delays: Vec<i64>,
    chunk_messages_max: usize,
    chunks: Mutex<Chunks>,
}

pub(crate) struct Chunks {
    pub(crate) open: Chunk,
    /// Full chunks that wait to be sealed, oldest first.
    pub(crate) frozen: VecDeque<Arc<Chunk>>,
    /// The queue of the newest record: the next one is often of the same.
    newest_queue: Option<Arc<Queue>>,
}

impl Tail {
    /// An empty tail that begins at the watermark.
    pub(crate) fn new(
        queues: Arc<Queues>,
        pending: Arc<Pending>,
        level_delays: Vec<i64>,
        chunk_messages_max: usize,
        watermark: PhysicalOffset,
    ) -> Tail {
        let chunks = Chunks { open: Chunk::starting_at(watermark), frozen: VecDeque::new(), newest_queue: None };
        Tail { queues, pending, level_delays, chunk_messages_max, chunks: Mutex::new(chunks) }
    }

    /// The chunks, for as long as the guard lives: keep that short, folding waits.
    pub(crate) fn chunks(&self) -> MutexGuard<'_, Chunks> {
        self.chunks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in one record, which lies behind all that were folded before. Gives the queue that it is in, if any.
    pub(crate) fn fold(
        &self,
        chunks: &mut Chunks,
        record: &RecordView<'_>,
    ) -> Result<(Folded, Option<Arc<Queue>>), StoreError> {
        let physical_offset = record.physical_offset();
        let open = &mut chunks.open;
        open.end = physical_offset + record.total_size() as i64;
        open.newest = open.newest.max(record.store_timestamp());
        if open.messages == 0 {
            open.oldest = record.store_timestamp();
        }
        open.messages += 1;
        let kind = sys_flag::transaction_type(record.sys_flag());
        let (mut tags, mut due) = ("", None);
        for (name, value) in properties::iter(record.properties()) {
            match name {
                properties::names::TAGS => tags = value,
                DUE_PROPERTY => due = value.parse().ok(),
                name if kind != sys_flag::TRANSACTION_ROLLBACK => for_each_key(name, value, |key| {
                    open.keys.push(KeyEntry { hash: key_hash(record.topic(), key), physical_offset });
                }),
                _ => {}
            }
        }
        match record.topic() {
            DELETED_TOPIC => self.fold_deletion(open, record, physical_offset),
            QUEUE_ENDS_TOPIC => self.fold_queue_ends(open, record, physical_offset)?,
            _ => {}
        }
        self.fold_waiting(record, kind, due)?;
        if kind == sys_flag::TRANSACTION_PREPARED || kind == sys_flag::TRANSACTION_ROLLBACK {
            return Ok((Folded::Taken, None));
        }
        let queue = match chunks.newest_queue.take().filter(|queue| queue.is(record.topic(), record.queue_id())) {
            Some(queue) => queue,
            None => self.queues.get_or_load(record.topic(), record.queue_id())?,
        };
        chunks.newest_queue = Some(queue.clone());
        let entry = Entry {
            queue_offset: record.queue_offset(),
            physical_offset,
            size: record.total_size() as i32,
            tags_code: tags_code(tags),
        };
        Ok((push(&mut chunks.open, &queue, entry), Some(queue)))
    }

    /// Notes that the log goes on at `offset`: what lies between (a blank, a damaged stretch) holds no record.
    pub(crate) fn skip_to(&self, chunks: &mut Chunks, offset: PhysicalOffset) {
        chunks.open.end = chunks.open.end.max(offset);
    }

    /// Freezes the open chunk if it is full, or has anything in it and `even_small` is set.
    pub(crate) fn freeze(&self, chunks: &mut Chunks, even_small: bool) -> bool {
        let due = chunks.open.is_full(self.chunk_messages_max) || (even_small && chunks.open.messages > 0);
        if due {
            let next = Chunk::starting_at(chunks.open.end);
            let full = std::mem::replace(&mut chunks.open, next);
            chunks.frozen.push_back(Arc::new(full));
        }
        due
    }

    /// What a record says of messages that wait for a time or an outcome.
    fn fold_waiting(&self, record: &RecordView<'_>, kind: i32, stated_due: Option<i64>) -> Result<(), StoreError> {
        let (at, origin) = (record.physical_offset(), record.prepared_transaction_offset());
        match record.topic() {
            SCHEDULE_TOPIC | TIMER_TOPIC => {
                let due = stated_due.unwrap_or_else(|| self.due_by_level(record));
                if origin != 0 || properties::get(record.properties(), MOVED_PROPERTY).is_some() {
                    self.pending.resolve(delayed(due, origin), at);
                }
                self.pending.add(delayed(due, at));
            }
            HALF_TOPIC => {
                if origin != 0 || properties::get(record.properties(), MOVED_PROPERTY).is_some() {
                    self.pending.resolve(half(origin), at);
                }
                self.pending.add(half(at));
            }
            OP_TOPIC => {
                let decided = if origin != 0 { Some(origin) } else { self.half_named_by(record.body())? };
                if let Some(decided) = decided {
                    self.pending.resolve(half(decided), at);
                }
            }
            _ => {
                if let Some(due) = stated_due {
                    self.pending.resolve(delayed(due, origin), at);
                }
            }
        }
        if kind == sys_flag::TRANSACTION_COMMIT {
            self.pending.resolve(half(origin), at);
        }
        Ok(())
    }

    /// When a delayed message is due that does not say so. Java: ScheduleMessageService.computeDeliverTimestamp.
    fn due_by_level(&self, record: &RecordView<'_>) -> i64 {
        const UNKNOWN_LEVEL_DELAY_MS: i64 = 1000;
        let level = properties::get(record.properties(), properties::names::DELAY);
        let level = level.and_then(|level| level.parse::<usize>().ok()).unwrap_or(0).min(self.level_delays.len());
        let delay = level.checked_sub(1).and_then(|level| self.level_delays.get(level)).copied();
        record.store_timestamp() + delay.unwrap_or(UNKNOWN_LEVEL_DELAY_MS)
    }

    /// The half message that an op record of a Java broker names: by its queue offset.
    fn half_named_by(&self, body: &[u8]) -> Result<Option<PhysicalOffset>, StoreError> {
        let Some(queue_offset) = std::str::from_utf8(body).ok().and_then(|text| text.parse().ok()) else {
            return Ok(None);
        };
        let queue = self.queues.get_or_load(HALF_TOPIC, 0)?;
        let entry = self.queues.entries(&queue, queue_offset, 1)?.first().copied();
        Ok(entry.filter(|entry| entry.queue_offset == queue_offset).map(|entry| entry.physical_offset))
    }

    fn fold_deletion(&self, open: &mut Chunk, record: &RecordView<'_>, deleted_at: PhysicalOffset) {
        let Ok(topic) = std::str::from_utf8(record.body()) else { return };
        self.queues.delete_topic(topic, deleted_at);
        open.deleted_topics.push(topic.to_owned());
    }

    fn fold_queue_ends(&self, open: &mut Chunk, record: &RecordView<'_>, at: PhysicalOffset) -> Result<(), StoreError> {
        for (topic, queue_id, next) in
            std::str::from_utf8(record.body()).unwrap_or_default().lines().filter_map(parse_end)
        {
            let queue = self.queues.get_or_load(topic, queue_id)?;
            if queue.go_on_at(next) {
                open.ends.push(StatedEnd { queue, next, stated_at: at });
            }
        }
        Ok(())
    }
}

/// One line of a record in [`QUEUE_ENDS_TOPIC`].
pub(crate) fn end_line(key: &QueueKey, next: QueueOffset) -> String {
    format!("{next} {} {}\n", key.queue_id, key.topic)
}

fn parse_end(line: &str) -> Option<(&str, i32, QueueOffset)> {
    let (next, rest) = line.split_once(' ')?;
    let (queue_id, topic) = rest.split_once(' ')?;
    Some((topic, queue_id.parse().ok()?, next.parse().ok()?))
}

fn half(physical_offset: PhysicalOffset) -> PendingKey {
    PendingKey { kind: Kind::Half, due: 0, physical_offset }
}

fn delayed(due: i64, physical_offset: PhysicalOffset) -> PendingKey {
    PendingKey { kind: Kind::Delayed, due, physical_offset }
}

fn push(open: &mut Chunk, queue: &Arc<Queue>, entry: Entry) -> Folded {
    let next = queue.assigned.load(Ordering::Acquire);
    let begins = next == 0;
    if !begins && entry.queue_offset - next > GAP_MAX || !queue.push(entry) {
        return Folded::OutOfOrder;
    }
    if queue.listed_in.swap(open.start, Ordering::AcqRel) != open.start {
        open.queues.push(queue.clone());
    }
    Folded::Taken
}
