//! Sealing: a frozen chunk becomes rows of the index, and its part of the tail is forgotten.
//!
//! **Invariant:** only what is on disk is sealed, so the index never knows what the log does not say.

use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};

use super::error::StoreError;
use super::index_db::{SealedChunk, run_key};
use super::queues::Queue;
use super::tail::{Chunk, StatedEnd};
use super::{PhysicalOffset, Store};

/// Frozen chunks that may wait; beyond that the writer waits for the sealer, so that memory stays bounded.
const FROZEN_MAX: usize = 4;

/// Wakes the sealing thread, and those who wait for it.
#[derive(Default)]
pub(crate) struct Sealer {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    due: bool,
    stop: bool,
}

impl Sealer {
    /// There is a frozen chunk.
    pub(crate) fn wake(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).due = true;
        self.changed.notify_all();
    }

    /// Ends the thread after what it is doing.
    pub(crate) fn stop(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).stop = true;
        self.changed.notify_all();
    }

    /// True: something may be frozen; false: stop.
    fn wait(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !state.due && !state.stop {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.due = false;
        !state.stop
    }
}

/// The sealing thread. It ends when it is told to, or when the store is gone.
pub(crate) fn run(sealer: &Sealer, store: &Weak<Store>) {
    while sealer.wait() {
        let Some(store) = store.upgrade() else { return };
        if let Err(error) = store.seal_frozen() {
            tracing::error!(%error, "sealing failed, the tail stays in memory until the next try");
        }
    }
}

impl Store {
    /// Seals all frozen chunks, oldest first.
    pub(crate) fn seal_frozen(&self) -> Result<(), StoreError> {
        let _sealing = self.sealing.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let Some(chunk) = self.tail.chunks().frozen.front().cloned() else { return Ok(()) };
            self.flush()?;
            self.index.seal(&self.rows_of(&chunk))?;
            chunk.queues.iter().for_each(|queue| queue.forget_below(chunk.end));
            chunk.deleted_topics.iter().for_each(|topic| self.queues.deletion_sealed(topic, chunk.end));
            self.pending.sealed_below(chunk.end);
            self.tail.chunks().frozen.pop_front();
            tracing::debug!(end = chunk.end, messages = chunk.messages, "sealed a chunk");
        }
    }

    /// Keeps the tail bounded when sealing can't keep up: the caller seals itself.
    pub(crate) fn seal_if_behind(&self) -> Result<(), StoreError> {
        let behind = self.tail.chunks().frozen.len() > FROZEN_MAX;
        if behind { self.seal_frozen() } else { Ok(()) }
    }

    fn rows_of(&self, chunk: &Chunk) -> SealedChunk {
        let live = |queue: &&Arc<Queue>| !queue.deleted.load(std::sync::atomic::Ordering::Acquire);
        let mut queues: Vec<_> = chunk
            .queues
            .iter()
            .filter(live)
            .map(|queue| {
                let unsealed = queue.unsealed();
                let end = unsealed.partition_point(|entry| entry.physical_offset < chunk.end);
                (queue.key.clone(), unsealed.range(..end).copied().collect::<Vec<_>>())
            })
            .collect();
        queues.sort_by_cached_key(|(key, _)| run_key(&key.topic, key.queue_id, 0));
        let mut keys = chunk.keys.clone();
        keys.sort_unstable();
        keys.dedup();
        SealedChunk {
            row: chunk.row(),
            deleted_topics: chunk.deleted_topics.clone(),
            queues,
            ends: chunk.ends.iter().filter(|end| is_last_word(end, chunk.end)).map(StatedEnd::row).collect(),
            keys,
            pending: self.pending.changes_below(chunk.end),
        }
    }
}

/// Whether a queue has no messages below `end` behind the end that was stated.
fn is_last_word(stated: &StatedEnd, end: PhysicalOffset) -> bool {
    let unsealed = stated.queue.unsealed();
    let newest = unsealed.partition_point(|entry| entry.physical_offset < end).checked_sub(1);
    let is_deleted = stated.queue.deleted.load(std::sync::atomic::Ordering::Acquire);
    !is_deleted && newest.is_none_or(|newest| unsealed[newest].queue_offset < stated.next)
}
