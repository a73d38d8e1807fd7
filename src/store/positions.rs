//! How far the log has come: numbers that only grow, and waiting on them.
//!
//! ```text
//! sealed <= flushed <= written <= appended
//!                      readable = written, or flushed under SYNC_FLUSH
//! ```
//!
//! Whoever waits subscribes first and looks then, so no advance is missed.

use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::watch;

use super::PhysicalOffset;

/// Whether the store takes messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// All is well.
    Healthy,
    /// A write or sync of the log failed, for this reason: no message is taken any more, reading goes on.
    Poisoned(String),
}

/// The log's positions.
pub(crate) struct Positions {
    written: AtomicI64,
    flushed: watch::Sender<PhysicalOffset>,
    health: watch::Sender<Health>,
    readable_when_flushed: bool,
}

impl Positions {
    /// All positions at `end`, which is on disk.
    pub(crate) fn new(end: PhysicalOffset, readable_when_flushed: bool) -> Positions {
        Positions {
            written: AtomicI64::new(end),
            flushed: watch::Sender::new(end),
            health: watch::Sender::new(Health::Healthy),
            readable_when_flushed,
        }
    }

    /// Up to here the log's bytes were handed to the operating system: the death of this process loses nothing below.
    pub(crate) fn written(&self) -> PhysicalOffset {
        self.written.load(Ordering::Acquire)
    }

    pub(crate) fn advance_written(&self, to: PhysicalOffset) {
        self.written.fetch_max(to, Ordering::AcqRel);
    }

    /// Up to here the log's bytes are on disk: a power cut loses nothing below.
    pub(crate) fn flushed(&self) -> PhysicalOffset {
        *self.flushed.borrow()
    }

    pub(crate) fn advance_flushed(&self, to: PhysicalOffset) {
        self.flushed.send_if_modified(|flushed| std::mem::replace(flushed, to.max(*flushed)) < to);
    }

    /// Up to here records may be shown to consumers and queries.
    pub(crate) fn readable(&self) -> PhysicalOffset {
        if self.readable_when_flushed { self.flushed() } else { self.written() }
    }

    /// Waits until the log is on disk up to `to`; false if the store was poisoned before.
    pub(crate) async fn wait_flushed(&self, to: PhysicalOffset) -> bool {
        let mut flushed = self.flushed.subscribe();
        let mut health = self.health.subscribe();
        tokio::select! {
            biased;
            reached = flushed.wait_for(|flushed| *flushed >= to) => reached.is_ok(),
            _ = health.wait_for(|health| *health != Health::Healthy) => false,
        }
    }

    /// How many wait for the disk just now.
    pub(crate) fn flush_waiters(&self) -> usize {
        self.flushed.receiver_count()
    }

    pub(crate) fn is_healthy(&self) -> bool {
        *self.health.borrow() == Health::Healthy
    }

    pub(crate) fn health(&self) -> Health {
        self.health.borrow().clone()
    }

    /// A watch on the store's health.
    pub(crate) fn watch_health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    /// Refuses writes from now on. The first reason stays.
    pub(crate) fn poison(&self, reason: String) {
        self.health.send_if_modified(|health| {
            let first = *health == Health::Healthy;
            if first {
                tracing::error!(reason, "the log can't be written, no more messages are taken");
                *health = Health::Poisoned(reason);
            }
            first
        });
    }
}
