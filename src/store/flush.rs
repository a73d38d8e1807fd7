//! Bringing the log to disk: one thread that syncs, takes room ahead and starts write-back early.
//!
//! Under SYNC_FLUSH it syncs as soon as someone waits, for all who wait (group commit); whoever waits alone for a quick disk
//! syncs without it, which saves two thread changes. Under ASYNC_FLUSH whatever is dirty is synced every `flush_interval`,
//! however little. A failed sync poisons the store and is never tried again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::error::StoreError;
use super::positions::Health;
use super::queues::Queue;
use super::{PhysicalOffset, Store};

/// Write-back is started whenever this much more is written, so that a sync never meets a mountain.
const WRITE_BACK_STEP_BYTES: i64 = 8 << 20;

/// A sync that took no longer may be done in the thread of the request that waits for it.
const QUICK_SYNC: Duration = Duration::from_micros(500);

/// What the flushing thread is asked for.
#[derive(Default)]
pub(crate) struct Flusher {
    /// How long the latest sync took, in us; 0: there was none.
    latest_sync: AtomicU64,
    /// How many the latest sync was for, besides the one in whose thread it was.
    latest_waiters: AtomicUsize,
    wanted: Mutex<Wanted>,
    wake: Condvar,
}

#[derive(Default)]
struct Wanted {
    written: PhysicalOffset,
    write_back_started: PhysicalOffset,
    sync_now: bool,
    stop: bool,
    /// Queues with records that become readable at the next sync, by address.
    announce: HashMap<usize, Arc<Queue>>,
}

/// One turn of the flushing thread.
struct Round {
    write_back: Option<(PhysicalOffset, PhysicalOffset)>,
    sync: bool,
    stop: bool,
}

impl Flusher {
    /// The log begins to grow at `end`.
    pub(crate) fn begin(&self, end: PhysicalOffset) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        wanted.written = end;
        wanted.write_back_started = end;
    }

    /// Tells how far the log is written.
    pub(crate) fn written(&self, to: PhysicalOffset) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        wanted.written = wanted.written.max(to);
        if wanted.written - wanted.write_back_started >= WRITE_BACK_STEP_BYTES {
            self.wake.notify_one();
        }
    }

    /// Has the waiters of these queues woken after the next sync.
    pub(crate) fn announce_when_flushed(&self, queues: Vec<Arc<Queue>>) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        wanted.announce.extend(queues.into_iter().map(|queue| (Arc::as_ptr(&queue).addr(), queue)));
    }

    /// Asks for a sync at once.
    fn sync_soon(&self) {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).sync_now = true;
        self.wake.notify_one();
    }

    /// Whether the latest sync was quick and for one alone.
    fn is_quick_and_lonely(&self) -> bool {
        let took = self.latest_sync.load(Ordering::Relaxed);
        (1..QUICK_SYNC.as_micros() as u64).contains(&took) && self.latest_waiters.load(Ordering::Relaxed) <= 1
    }

    /// Ends the thread.
    pub(crate) fn stop(&self) {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).stop = true;
        self.wake.notify_one();
    }

    /// Waits for something to do, at most until `deadline`.
    fn next_round(&self, deadline: Instant) -> Round {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let due = Instant::now() >= deadline;
            let behind = wanted.written - wanted.write_back_started >= WRITE_BACK_STEP_BYTES;
            if wanted.stop || wanted.sync_now || due || behind {
                let write_back = behind.then_some((wanted.write_back_started, wanted.written));
                if behind {
                    wanted.write_back_started = wanted.written;
                }
                let sync = std::mem::take(&mut wanted.sync_now) || due;
                return Round { write_back, sync, stop: wanted.stop };
            }
            let wait = deadline.saturating_duration_since(Instant::now());
            wanted = self.wake.wait_timeout(wanted, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn take_announced(&self) -> HashMap<usize, Arc<Queue>> {
        std::mem::take(&mut self.wanted.lock().unwrap_or_else(PoisonError::into_inner).announce)
    }
}

/// The flushing thread. It ends when it is told to, or when the store is gone.
pub(crate) fn run(flusher: &Flusher, store: &Weak<Store>, interval: Duration) {
    let mut deadline = Instant::now() + interval;
    loop {
        let round = flusher.next_round(deadline);
        let Some(store) = store.upgrade() else { return };
        if round.stop {
            return;
        }
        store.reserve_ahead();
        if let Some((from, to)) = round.write_back {
            store.start_write_back(from, to);
        }
        if round.sync {
            // A failure is told through the store's health.
            let _ = store.flush();
            deadline = Instant::now() + interval;
        }
    }
}

impl Store {
    /// Writes and syncs all that is appended. An error, the first or a later one, means that no more is taken; if the disk
    /// is full, what is written is synced, and the rest waits for the next call.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        let appended = self.appender.lock().unwrap_or_else(PoisonError::into_inner).next();
        let written = self.write_up_to(appended, &self.writer.turn());
        if !matches!(written, Ok(()) | Err(StoreError::DiskFull(_))) {
            return written;
        }
        self.sync_written(self.syncing.lock().unwrap_or_else(PoisonError::into_inner))?;
        written
    }

    /// Has what is written synced at once: in this thread if it waits alone and the disk is quick, else by the flushing
    /// thread for all who wait. `wait` tells whether the caller waits at all.
    pub(super) fn request_sync(&self, wait: bool) {
        if wait
            && self.flusher.is_quick_and_lonely()
            && self.positions.flush_waiters() == 0
            && let Ok(syncing) = self.syncing.try_lock()
        {
            // A failure is told through the store's health.
            let _ = self.sync_written(syncing);
        } else {
            self.flusher.sync_soon();
        }
    }

    fn sync_written(&self, _syncing: MutexGuard<'_, ()>) -> Result<(), StoreError> {
        let announced = self.flusher.take_announced();
        let (from, to) = (self.positions.flushed(), self.positions.written());
        if from < to {
            if let Health::Poisoned(reason) = self.positions.health() {
                return Err(StoreError::Poisoned(reason));
            }
            let began = Instant::now();
            self.sync_segments(from, to).inspect_err(|error| self.positions.poison(error.to_string()))?;
            let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.flusher.latest_sync.store(took.max(1), Ordering::Relaxed);
            self.flusher.latest_waiters.store(self.positions.flush_waiters(), Ordering::Relaxed);
            self.positions.advance_flushed(to);
        }
        announced.values().for_each(|queue| queue.arrivals.notify_waiters());
        Ok(())
    }

    fn sync_segments(&self, from: PhysicalOffset, to: PhysicalOffset) -> Result<(), StoreError> {
        let size = self.segments.size() as i64;
        for segment in self.segments.all() {
            if segment.start < to && segment.start + size > from {
                segment.file.sync().map_err(|error| StoreError::io("sync segment", &segment.path, error))?;
            }
        }
        Ok(())
    }

    /// Takes room for what will be appended next. A full disk is met by the next append, which answers it.
    pub(super) fn reserve_ahead(&self) {
        let next = self.appender.lock().unwrap_or_else(PoisonError::into_inner).reserve_next();
        let Some((from, to)) = next else { return };
        if self.segments.reserve(from, to).is_ok() {
            let end = self.segments.reserved_end(to - 1);
            self.appender.lock().unwrap_or_else(PoisonError::into_inner).reserved(end);
        }
    }

    fn start_write_back(&self, from: PhysicalOffset, to: PhysicalOffset) {
        let size = self.segments.size() as i64;
        for segment in self.segments.all() {
            let (begin, end) = (from.max(segment.start), to.min(segment.start + size));
            if begin < end {
                segment.file.start_write_back((begin - segment.start) as u64, (end - begin) as u64);
            }
        }
    }
}
