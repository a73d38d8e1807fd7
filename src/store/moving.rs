//! Keeping waiting messages alive that outlast the file they lie in: delayed ones, and half messages without an outcome.

use std::sync::Arc;

use bytes::Bytes;
use skylark_protocol::message::properties;
use skylark_protocol::message::properties::Properties;
use skylark_protocol::message::record::RecordView;

use super::error::StoreError;
use super::pending::{Kind, PendingKey};
use super::put::PROPERTIES_BYTES_MAX;
use super::tail::{DUE_PROPERTY, MOVED_PROPERTY};
use super::{NewMessage, PhysicalOffset, Store};

/// Waiting messages looked at with one list.
const LIST_MAX: usize = 1024;
/// Messages that are moved with one write, at most.
const BATCH_MESSAGES_MAX: usize = 64;
/// Bytes of their records, unless one message alone is longer.
const BATCH_BYTES_MAX: usize = 4 << 20;

impl Store {
    /// Puts every message that waits below `end` once more at the log's end, where it waits on, so that the files below
    /// `end` may go. Gives how many there were.
    pub async fn move_up(self: &Arc<Self>, end: PhysicalOffset) -> Result<usize, StoreError> {
        let mut count = 0;
        for kind in [Kind::Half, Kind::Delayed] {
            let mut from = PendingKey { kind, due: 0, physical_offset: 0 };
            loop {
                let (waiting, next) = self.blocking(move |store| store.pending.below(from, end, LIST_MAX)).await?;
                count += self.move_all(waiting).await?;
                let Some(next) = next else { break };
                from = next;
            }
        }
        Ok(count)
    }

    async fn move_all(self: &Arc<Self>, mut waiting: Vec<PendingKey>) -> Result<usize, StoreError> {
        let mut count = 0;
        while !waiting.is_empty() {
            let some = waiting[..waiting.len().min(BATCH_MESSAGES_MAX)].to_vec();
            let mut claims = Vec::with_capacity(some.len());
            for key in &some {
                claims.push(self.claim(key.physical_offset).await);
            }
            let (looked_at, messages) = self.blocking(move |store| store.read_waiting(&some)).await?;
            count += messages.len();
            self.put_to_make_room(&messages).await?;
            waiting.drain(..looked_at);
        }
        Ok(count)
    }

    /// What is to be put for these messages, which are claimed, as far as one write takes it; and how many it is for.
    fn read_waiting(&self, keys: &[PendingKey]) -> Result<(usize, Vec<NewMessage>), StoreError> {
        let (mut messages, mut bytes) = (Vec::new(), 0);
        for (looked_at, key) in keys.iter().enumerate() {
            if bytes > BATCH_BYTES_MAX {
                return Ok((looked_at, messages));
            }
            if !self.pending.contains(*key)? {
                continue;
            }
            let record = self.message_at(key.physical_offset)?;
            let Some(message) = record.as_ref().and_then(|bytes| moved(bytes, key)) else {
                // A delayed one is given up when it is due.
                tracing::error!(at = key.physical_offset, "a waiting message is damaged, it goes with its segment");
                continue;
            };
            bytes += record.map_or(0, |bytes| bytes.len());
            messages.push(message);
        }
        Ok((keys.len(), messages))
    }

    /// Runs work that blocks for the disk where it holds up no other task.
    pub(super) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&store)).await;
        done.unwrap_or_else(|panic| Err(StoreError::Layout(panic.to_string())))
    }
}

/// The message as it waits on at the log's end; None if its record is damaged. It waits for the disk, so that under
/// SYNC_FLUSH no message is neither here nor there.
fn moved(bytes: &Bytes, key: &PendingKey) -> Option<NewMessage> {
    let record = RecordView::parse(bytes).ok().filter(RecordView::check_body_crc)?;
    let mut stated = Properties::parse(record.properties());
    if key.kind == Kind::Delayed {
        // A Java broker does not say when it is due.
        stated.set(DUE_PROPERTY, key.due.to_string());
    }
    let moves = properties::get(record.properties(), MOVED_PROPERTY).and_then(|moves| moves.parse().ok()).unwrap_or(0);
    let without_moves = stated.encode();
    stated.set(MOVED_PROPERTY, (moves + 1_u32).to_string());
    let with_moves = stated.encode();
    let message = NewMessage::of_record(&record, bytes);
    Some(NewMessage {
        // Only the log's first record can't do without.
        properties: if with_moves.len() <= PROPERTIES_BYTES_MAX { with_moves } else { without_moves },
        prepared_transaction_offset: key.physical_offset,
        ..message
    })
}
