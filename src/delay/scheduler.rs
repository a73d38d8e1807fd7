//! The scheduler: waits for the next due message, and delivers what is due.
//!
//! It has one owner, who calls [`Scheduler::wait`] and [`Scheduler::deliver`] by turns. Its cursor is a shortcut over
//! what it has settled already and may be lost at any time.
//!
//! **Invariant:** the cursor never passes a message that waits: a message that could not be delivered, or was added
//! behind it, brings it back.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use skylark_protocol::message::record::{RECORD_LENGTH_MIN, RecordView};

use super::records::{cancellation, delivery};
use crate::clock::now_ms;
use crate::store::{Claim, Due, NewMessage, Store, StoreError};

/// Messages delivered with one write.
const BATCH_MESSAGES_MAX: usize = 1024;
/// Bytes of their records, unless one message alone is longer.
const BATCH_BYTES_MAX: usize = 4 << 20;
/// The longest sleep: a wall clock that was set forward is noticed after it.
const SLEEP_MAX: Duration = Duration::from_millis(500);
/// How soon a message is looked at again that is not on disk yet, or that somebody else is just settling.
const AGAIN_AFTER: Duration = Duration::from_millis(5);
/// How soon, if the store refused it.
const AFTER_REFUSAL: Duration = Duration::from_secs(1);
/// The end of time, for a list without bound.
const EVER: i64 = i64::MAX - 1;
const NOBODY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// Delivers delayed messages.
pub struct Scheduler {
    store: Arc<Store>,
    /// All before it is settled, as far as the store's alarm does not tell otherwise.
    cursor: Due,
    /// What stopped at the cursor is not tried again before this is over.
    pause: Duration,
}

/// A message that reached its topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Its real topic.
    pub topic: String,
    /// Bytes of its record.
    pub record_bytes: u64,
}

/// A message that is due, in the hands of the scheduler alone.
struct Ready {
    due: Due,
    _claim: Claim,
    record: NewMessage,
    /// False: it can't be delivered, and the record says that it was given up.
    is_delivery: bool,
}

/// What one look found.
#[derive(Default)]
struct Batch {
    ready: Vec<Ready>,
    /// The first message that has to be looked at again.
    unsettled: Option<Due>,
    /// The last message that was looked at.
    last: Option<Due>,
}

impl Scheduler {
    /// A scheduler that has delivered nothing yet.
    pub fn new(store: Arc<Store>) -> Scheduler {
        Scheduler { store, cursor: Due { due: 0, physical_offset: 0 }, pause: Duration::ZERO }
    }

    /// Returns when a message may be due. It may be dropped while it waits.
    pub async fn wait(&mut self) -> Result<(), StoreError> {
        let pause = std::mem::take(&mut self.pause);
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        loop {
            let earliest = self.store.due_alarm().take();
            if earliest < self.cursor.due {
                self.cursor = Due { due: earliest, physical_offset: 0 };
            }
            let next = self.store.due(self.cursor, EVER, 1)?.first().map_or(EVER, |next| next.due);
            if !self.store.due_alarm().set(next) {
                continue;
            }
            let left = next.saturating_sub(now_ms());
            if left <= 0 {
                return Ok(());
            }
            let sleep = Duration::from_millis(left.unsigned_abs()).min(SLEEP_MAX);
            tokio::select! {
                () = tokio::time::sleep(sleep) => {}
                () = self.store.due_alarm().earlier() => {}
            }
        }
    }

    /// Delivers messages that are due, in order of time, as many as one write takes.
    pub async fn deliver(&mut self) -> Result<Vec<Delivered>, StoreError> {
        let (store, from, now) = (self.store.clone(), self.cursor, now_ms());
        let looked = tokio::task::spawn_blocking(move || look(&store, from, now)).await;
        let batch = looked.unwrap_or(Err(StoreError::Closed)).inspect_err(|_| self.pause = AFTER_REFUSAL)?;
        let mut unsettled = batch.unsettled;
        let (records, about): (Vec<_>, Vec<_>) =
            batch.ready.into_iter().map(|ready| (ready.record, (ready.due, ready._claim, ready.is_delivery))).unzip();
        let puts = self.store.put_again(&records).await.inspect_err(|_| self.pause = AFTER_REFUSAL)?;
        let mut delivered = Vec::with_capacity(puts.len());
        if unsettled.is_some() {
            self.pause = AGAIN_AFTER;
        }
        for ((put, record), (due, _claim, is_delivery)) in puts.into_iter().zip(records).zip(about) {
            match put {
                Ok(_) if is_delivery => {
                    delivered.push(Delivered { record_bytes: record_bytes(&record), topic: record.topic });
                }
                Ok(_) => {}
                Err(error) => {
                    // Without room none can be delivered, and the store has said so.
                    if !matches!(error, StoreError::DiskFull(_) | StoreError::Busy(_)) {
                        tracing::error!(%error, topic = record.topic, physical_offset = due.physical_offset, "deliver a delayed message");
                    }
                    unsettled = Some(unsettled.map_or(due, |first| if earlier(due, first) { due } else { first }));
                    self.pause = AFTER_REFUSAL;
                }
            }
        }
        if let Some(next) = unsettled.or(batch.last.map(after)) {
            self.cursor = next;
        }
        Ok(delivered)
    }
}

fn record_bytes(message: &NewMessage) -> u64 {
    (RECORD_LENGTH_MIN + message.topic.len() + message.properties.len() + message.body.len()) as u64
}

fn after(due: Due) -> Due {
    Due { physical_offset: due.physical_offset + 1, ..due }
}

fn earlier(one: Due, other: Due) -> bool {
    (one.due, one.physical_offset) < (other.due, other.physical_offset)
}

/// Claims and reads messages from `from` on that are due at `now`. Blocks for the disk.
fn look(store: &Store, from: Due, now: i64) -> Result<Batch, StoreError> {
    let mut batch = Batch::default();
    let mut bytes = 0;
    for due in store.due(from, now, BATCH_MESSAGES_MAX)? {
        if bytes > BATCH_BYTES_MAX {
            break;
        }
        batch.last = Some(due);
        let Some(claim) = store.try_claim(due.physical_offset) else {
            batch.unsettled.get_or_insert(due);
            continue;
        };
        if !store.is_delayed(due)? {
            continue;
        }
        let found = store.message_at(due.physical_offset)?;
        if found.is_none() && due.physical_offset >= store.log_bounds().1 {
            // Not on disk yet.
            batch.unsettled.get_or_insert(due);
            continue;
        }
        bytes += found.as_ref().map_or(0, Bytes::len);
        let message = found.and_then(|bytes| sound_delivery(&bytes, due));
        let is_delivery = message.is_some();
        let record = message.unwrap_or_else(|| {
            tracing::error!(
                physical_offset = due.physical_offset,
                due = due.due,
                "give up a delayed message, its record is damaged"
            );
            cancellation(due, None, NOBODY, now)
        });
        batch.ready.push(Ready { due, _claim: claim, record, is_delivery });
    }
    Ok(batch)
}

fn sound_delivery(bytes: &Bytes, due: Due) -> Option<NewMessage> {
    let record = RecordView::parse(bytes).ok().filter(RecordView::check_body_crc)?;
    delivery(&record, bytes, due)
}
