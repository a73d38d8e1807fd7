//! The writer's turn: one writes for all who appended, and while the disk is slow the others hold no thread.
//!
//! Owns who writes and since when. Must not know what is written.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// A thread waits so long for the turn: writing into the page cache takes less, and a task change costs more.
const PATIENCE: Duration = Duration::from_millis(5);

/// Hands out the turn to write.
pub(super) struct Writer {
    turn: Mutex<()>,
    /// When the present turn began, in us since `origin`; 0: nobody writes.
    began: AtomicU64,
    origin: Instant,
    over: Notify,
}

/// The turn; its end is announced.
pub(super) struct Turn<'a> {
    writer: &'a Writer,
    guard: Option<MutexGuard<'a, ()>>,
}

impl Writer {
    pub(super) fn new() -> Writer {
        Writer { turn: Mutex::new(()), began: AtomicU64::new(0), origin: Instant::now(), over: Notify::new() }
    }

    /// The turn, however long it takes to get it.
    pub(super) fn turn(&self) -> Turn<'_> {
        self.begin(self.turn.lock())
    }

    /// The turn, unless the disk is slow: then wait for [`Writer::over`] and try again.
    pub(super) fn try_turn(&self) -> Option<Turn<'_>> {
        let patience = if self.busy_for() < PATIENCE { PATIENCE } else { Duration::ZERO };
        self.turn.try_lock_for(patience).map(|guard| self.begin(guard))
    }

    /// The end of a turn. Ask for it before the try that it follows.
    pub(super) fn over(&self) -> Notified<'_> {
        self.over.notified()
    }

    /// How long the present turn has lasted; nothing if nobody writes.
    pub(super) fn busy_for(&self) -> Duration {
        match self.began.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            began => self.origin.elapsed().saturating_sub(Duration::from_micros(began)),
        }
    }

    fn begin<'a>(&'a self, guard: MutexGuard<'a, ()>) -> Turn<'a> {
        let now = u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.began.store(now.max(1), Ordering::Relaxed);
        Turn { writer: self, guard: Some(guard) }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.writer.began.store(0, Ordering::Relaxed);
        // Free first: whoever is told finds it so.
        self.guard.take();
        self.writer.over.notify_waiters();
    }
}
