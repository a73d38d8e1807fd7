//! Whether there is room for more messages.
//!
//! Two may find that there is none: whoever watches the disk ([`super::Store::refuse_puts`]), and a write that met a full
//! one. What such a write could not write is kept and written later, in its place; until then nothing else is taken.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::commit_log::append::Purpose;
use super::error::StoreError;

/// Why no message is taken, if none is.
#[derive(Default)]
pub(crate) struct Room {
    /// Whether either reason is set: looked at by every put.
    is_full: AtomicBool,
    reasons: Mutex<Reasons>,
    met_full: AtomicBool,
    met: Notify,
}

#[derive(Default)]
struct Reasons {
    watched: Option<String>,
    unwritten: Option<String>,
}

impl Room {
    /// Refuses if there is no room. While something is unwritten that holds for all: the outcome of a message that waits
    /// may be in it, and would be put a second time.
    pub(crate) fn check(&self, purpose: Purpose) -> Result<(), StoreError> {
        if !self.is_full.load(Ordering::Acquire) {
            return Ok(());
        }
        let reasons = self.reasons();
        let watched = reasons.watched.as_ref().filter(|_| purpose == Purpose::Store);
        watched.or(reasons.unwritten.as_ref()).map_or(Ok(()), |reason| Err(StoreError::DiskFull(reason.clone())))
    }

    /// What the one who watches the disk says: None if there is room. True if that is news.
    pub(crate) fn watched(&self, reason: Option<String>) -> bool {
        self.change(|reasons| {
            let is_news = reasons.watched.is_some() != reason.is_some();
            reasons.watched = reason;
            is_news
        })
    }

    /// A write met a full disk, or could be made up for: None.
    pub(crate) fn unwritten(&self, reason: Option<String>) {
        let is_full = reason.is_some();
        if !is_full && !self.is_full.load(Ordering::Acquire) {
            return;
        }
        let is_news = self.change(|reasons| std::mem::replace(&mut reasons.unwritten, reason).is_some() != is_full);
        match (is_news, is_full) {
            (true, true) => tracing::error!("the log met a full disk, no message is taken until there is room"),
            (true, false) => tracing::info!("what met a full disk is written"),
            (false, _) => {}
        }
        if is_full {
            self.meet_full();
        }
    }

    /// A put met a full disk.
    pub(crate) fn meet_full(&self) {
        self.met_full.store(true, Ordering::Release);
        self.met.notify_one();
    }

    /// Whether a put met a full disk since this was asked before.
    pub(crate) fn take_met_full(&self) -> bool {
        self.met_full.swap(false, Ordering::AcqRel)
    }

    /// Returns when a put meets a full disk.
    pub(crate) async fn met_full(&self) {
        self.met.notified().await;
    }

    fn change<T>(&self, change: impl FnOnce(&mut Reasons) -> T) -> T {
        let mut reasons = self.reasons();
        let changed = change(&mut reasons);
        self.is_full.store(reasons.watched.is_some() || reasons.unwritten.is_some(), Ordering::Release);
        changed
    }

    fn reasons(&self) -> MutexGuard<'_, Reasons> {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
