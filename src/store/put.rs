//! Putting messages: append, write for all who appended meanwhile, fold, and wait as long as was asked.
//!
//! ```text
//! put ── append (short lock, memory only) ── yield ── write + fold (one for all) ── readable ── [flushed] ── answer
//! ```
//!
//! The yield lets the other requests that came in with the same socket read append first, so one write carries them all.
//! Whoever comes first writes; the others find their record written when they get the writer's lock.
//!
//! **Invariant:** a put is answered only when its record is written and folded: acknowledged implies visible.

use std::pin::{Pin, pin};
use std::slice::from_ref;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};

use skylark_protocol::message::record::{self, RecordView};

use super::commit_log::announced_size;
use super::commit_log::append::{Extent, Placed, Purpose};
use super::error::StoreError;
use super::positions::Health;
use super::queues::Queue;
use super::tail::{Chunks, Folded};
use super::writer::Turn;
use super::{Durability, FlushMode, NewMessage, PhysicalOffset, Put, Store};
use crate::clock::now_ms;

/// The longest properties text in bytes: its length is a signed short.
pub const PROPERTIES_BYTES_MAX: usize = i16::MAX as usize;
/// The longest topic in bytes: its length is a signed byte.
pub const TOPIC_BYTES_MAX: usize = i8::MAX as usize;

impl Store {
    /// Stores one message and waits until it is readable, or on disk if it asks for that under SYNC_FLUSH.
    pub async fn put(&self, message: NewMessage) -> Result<Put, StoreError> {
        let mut put = self.put_all([message]).await?;
        Ok(put.pop().expect("one message was put"))
    }

    /// Stores messages of one queue, at consecutive offsets and in one file of the log, with one durability for all.
    /// An empty batch is illegal.
    pub async fn put_batch(&self, messages: Vec<NewMessage>) -> Result<Vec<Put>, StoreError> {
        self.put_all(messages).await
    }

    /// Stores messages that the log holds already in another place, each for itself, and waits for all at once. What was
    /// taken before is taken again, however long bodies may be by now.
    pub async fn put_again(&self, messages: &[NewMessage]) -> Result<Vec<Result<Put, StoreError>>, StoreError> {
        self.put_each(messages, Purpose::Store).await
    }

    /// Stores records without which nothing can be deleted, also if there is no room for messages.
    pub(super) async fn put_to_make_room(&self, messages: &[NewMessage]) -> Result<(), StoreError> {
        self.put_each(messages, Purpose::MakeRoom).await?.into_iter().try_for_each(|put| put.map(|_| ()))
    }

    async fn put_each(
        &self,
        messages: &[NewMessage],
        purpose: Purpose,
    ) -> Result<Vec<Result<Put, StoreError>>, StoreError> {
        let append = |message| self.append(from_ref(message), usize::MAX, purpose);
        let placed: Vec<_> = messages.iter().map(append).collect();
        YieldOnce(false).await;
        let placed: Vec<Result<Placed, _>> =
            placed.into_iter().map(|one| one.map(|placed| *placed.last().expect("one was placed"))).collect();
        let Some(end) = placed.iter().flatten().map(|placed| placed.end).max() else {
            return Ok(placed.into_iter().filter_map(Result::err).map(Err).collect());
        };
        self.write_for_all(end).await?;
        self.seal_if_behind()?;
        let durability = self.wait_durable(end, messages.iter().any(|message| message.wait)).await?;
        Ok(placed.into_iter().map(|one| one.map(|placed| Put::new(&placed, durability))).collect())
    }

    async fn put_all(&self, messages: impl AsRef<[NewMessage]>) -> Result<Vec<Put>, StoreError> {
        let placed = self.append(messages.as_ref(), self.limits.message_size_max(), Purpose::Store)?;
        let wait = messages.as_ref()[0].wait;
        // What was read from the socket is needed no more, however long the disk takes.
        drop(messages);
        YieldOnce(false).await;
        let end = placed.last().expect("at least one message was placed").end;
        self.write_for_all(end).await?;
        self.seal_if_behind()?;
        let durability = self.wait_durable(end, wait).await?;
        Ok(placed.iter().map(|placed| Put::new(placed, durability)).collect())
    }

    fn append(
        &self,
        messages: &[NewMessage],
        body_bytes_max: usize,
        purpose: Purpose,
    ) -> Result<Vec<Placed>, StoreError> {
        self.refuse_if_unhealthy()?;
        self.room.check(purpose)?;
        self.refuse_if_stalled()?;
        let Some(first) = messages.first() else {
            return Err(StoreError::MessageIllegal("a batch without messages".to_owned()));
        };
        for message in messages {
            check(message, body_bytes_max)?;
        }
        let crcs: Vec<u32> = messages.iter().map(|message| record::body_crc(&message.body)).collect();
        let queue = self.queues.get_or_load(&first.topic, first.queue_id)?;
        let mut placed = Vec::with_capacity(messages.len());
        let mut appender = self.appender.lock().unwrap_or_else(PoisonError::into_inner);
        self.refuse_if_behind(appender.next())?;
        let appended = appender.append(&queue, messages, &crcs, now_ms(), purpose, &mut placed);
        if matches!(appended, Err(StoreError::DiskFull(_))) {
            self.room.meet_full();
        }
        appended.map(|()| placed)
    }

    /// Makes sure that the log is written and folded up to `end`, by this task or by another. Holds no thread while it
    /// waits for a slow disk that another task writes to.
    async fn write_for_all(&self, end: PhysicalOffset) -> Result<(), StoreError> {
        while self.positions.written() < end {
            let mut over = pin!(self.writer.over());
            over.as_mut().enable();
            if let Some(turn) = self.writer.try_turn() {
                return self.write_up_to(end, &turn);
            }
            over.await;
        }
        Ok(())
    }

    /// Writes and folds what was appended, up to `end` at least.
    pub(super) fn write_up_to(&self, end: PhysicalOffset, _turn: &Turn<'_>) -> Result<(), StoreError> {
        if self.positions.written() >= end {
            return Ok(());
        }
        self.refuse_if_unhealthy()?;
        let mut extents = self.appender.lock().unwrap_or_else(PoisonError::into_inner).take().into_iter();
        let (mut arrived, mut written, mut full) = (Vec::new(), Vec::new(), None);
        while let Some(extent) = extents.next() {
            match self.segments.write_all_at(&extent.bytes, extent.start) {
                Err(StoreError::DiskFull(reason)) => {
                    // It lies behind all that was answered, and is written again, as a whole, before anything else.
                    let unwritten = std::iter::once(extent).chain(extents).collect();
                    self.appender.lock().unwrap_or_else(PoisonError::into_inner).put_back(unwritten);
                    full = Some(reason);
                    break;
                }
                other => other.and_then(|()| self.fold_written(&extent, &mut arrived)),
            }
            .inspect_err(|error| self.positions.poison(error.to_string()))?;
            written.push(extent);
        }
        self.announce(arrived);
        if let Some(extent) = written.into_iter().max_by_key(|extent| extent.bytes.capacity()) {
            self.appender.lock().unwrap_or_else(PoisonError::into_inner).give_back(extent.bytes);
        }
        self.room.unwritten(full.clone());
        full.map_or(Ok(()), |reason| Err(StoreError::DiskFull(reason)))
    }

    /// Takes in what was just written.
    fn fold_written(&self, extent: &Extent, arrived: &mut Vec<Arc<Queue>>) -> Result<(), StoreError> {
        let end = extent.start + extent.bytes.len() as i64;
        let mut chunks = self.tail.chunks();
        self.fold_extent(&mut chunks, extent, arrived)?;
        let frozen = self.tail.freeze(&mut chunks, false);
        drop(chunks);
        self.positions.advance_written(end);
        if frozen {
            self.sealer.wake();
        }
        Ok(())
    }

    fn fold_extent(
        &self,
        chunks: &mut Chunks,
        extent: &Extent,
        arrived: &mut Vec<Arc<Queue>>,
    ) -> Result<(), StoreError> {
        let mut rest = &extent.bytes[..];
        while let Some(length) = announced_size(rest) {
            let view = RecordView::parse(&rest[..length]).map_err(|error| StoreError::Layout(error.to_string()))?;
            let (folded, queue) = self.tail.fold(chunks, &view)?;
            if folded == Folded::OutOfOrder {
                tracing::error!(physical_offset = view.physical_offset(), "appended a record out of its queue's order");
            }
            let is_news = |queue: &Arc<Queue>| arrived.last().is_none_or(|newest| !Arc::ptr_eq(newest, queue));
            arrived.extend(queue.filter(is_news));
            rest = &rest[length..];
        }
        if !rest.is_empty() {
            // An end-of-file blank: the log goes on at the next file.
            let size = self.segments.size() as i64;
            let next = self.segments.containing(extent.start).map_or(0, |segment| segment.start + size);
            self.tail.skip_to(chunks, next);
        }
        Ok(())
    }

    /// Wakes those who wait for messages of these queues, now or when the messages are on disk.
    fn announce(&self, arrived: Vec<Arc<Queue>>) {
        match self.config.flush {
            FlushMode::Async => arrived.iter().for_each(|queue| queue.arrivals.notify_waiters()),
            FlushMode::Sync => self.flusher.announce_when_flushed(arrived),
        }
        self.flusher.written(self.positions.written());
    }

    /// Waits for the disk if the store is set to SYNC_FLUSH. Under it a message that does not ask to wait is answered at
    /// once, and becomes visible when it is on disk.
    async fn wait_durable(&self, end: PhysicalOffset, wait: bool) -> Result<Durability, StoreError> {
        if self.config.flush == FlushMode::Async {
            return Ok(Durability::Reached);
        }
        if self.positions.flushed() < end {
            self.request_sync(wait);
        }
        if !wait {
            return Ok(Durability::Reached);
        }
        match tokio::time::timeout(self.limits.sync_flush_timeout(), self.positions.wait_flushed(end)).await {
            Ok(true) => Ok(Durability::Reached),
            Ok(false) => Err(self.unhealthy()),
            Err(_) => Ok(Durability::FlushTimedOut),
        }
    }

    fn refuse_if_unhealthy(&self) -> Result<(), StoreError> {
        if self.positions.is_healthy() { Ok(()) } else { Err(self.unhealthy()) }
    }

    /// A message that is taken now would wait in memory for a disk that stands still.
    fn refuse_if_stalled(&self) -> Result<(), StoreError> {
        let busy = self.writer.busy_for();
        if busy <= self.config.write_stall_max {
            return Ok(());
        }
        Err(StoreError::Busy(format!("a write of the log has taken {} ms so far", busy.as_millis())))
    }

    fn refuse_if_behind(&self, appended: PhysicalOffset) -> Result<(), StoreError> {
        let behind = appended - self.positions.written();
        if behind <= self.config.unwritten_bytes_max {
            return Ok(());
        }
        Err(StoreError::Busy(format!("{behind} bytes wait to be written to the log")))
    }

    fn unhealthy(&self) -> StoreError {
        match self.positions.health() {
            Health::Poisoned(reason) => StoreError::Poisoned(reason),
            Health::Healthy => StoreError::Closed,
        }
    }
}

fn check(message: &NewMessage, body_bytes_max: usize) -> Result<(), StoreError> {
    let illegal = |what: &str, length: usize, max: usize| {
        Err(StoreError::MessageIllegal(format!("{what} of {length} bytes, at most {max} are possible")))
    };
    let (body, properties, topic) = (message.body.len(), message.properties.len(), message.topic.len());
    if body > body_bytes_max {
        return illegal("a body", body, body_bytes_max);
    }
    if properties > PROPERTIES_BYTES_MAX {
        return illegal("properties", properties, PROPERTIES_BYTES_MAX);
    }
    if topic > TOPIC_BYTES_MAX {
        return illegal("a topic", topic, TOPIC_BYTES_MAX);
    }
    Ok(())
}

/// Pending once, then ready. It asks to be polled again at once, so it is right in any task; whoever polls several
/// requests by turns gets through all of them in between.
struct YieldOnce(bool);

impl Future for YieldOnce {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
