//! What all who make up the load share.

use crate::cluster::Target;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What producers and readers share with the one who kills.
pub struct Load {
    /// The broker's address.
    pub broker: String,
    /// What it is.
    pub target: Target,
    acked: AtomicU64,
    over: AtomicBool,
    settled: AtomicBool,
    ends: Mutex<Vec<End>>,
}

/// An end of the broker.
#[derive(Clone, Copy, Debug)]
pub struct End {
    /// It lived until here, at least.
    pub began: Instant,
    /// It lived until here, at most.
    pub gone: Instant,
    /// It was killed, not asked to end.
    pub is_kill: bool,
}

impl Load {
    /// Nothing is sent yet.
    pub fn new(broker: String, target: Target) -> Load {
        let no = AtomicBool::default;
        Load { broker, target, acked: AtomicU64::new(0), over: no(), settled: no(), ends: Mutex::default() }
    }

    /// One more message was acknowledged, of those that are seen at once.
    pub fn note_acked(&self) {
        self.acked.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were acknowledged.
    pub fn acked(&self) -> u64 {
        self.acked.load(Ordering::Relaxed)
    }

    /// Nobody sends from now on.
    pub fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Nobody needs answer the broker's questions any more.
    pub fn settle(&self) {
        self.settled.store(true, Ordering::Relaxed);
    }

    /// Whether [`Self::end`] was called.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Whether [`Self::settle`] was called.
    pub fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Relaxed)
    }

    /// Notes how the broker ends while `ending` does that.
    pub fn note_end(&self, is_kill: bool, ending: impl FnOnce()) {
        let began = Instant::now();
        ending();
        let end = End { began, gone: Instant::now(), is_kill };
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).push(end);
    }

    /// How the broker ended that was there at `moment`, if it did.
    pub fn first_end_after(&self, moment: Instant) -> Option<End> {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.iter().find(|end| end.gone >= moment).copied()
    }

    /// Before the next attempt to connect to a broker that is down.
    pub fn pause(&self) {
        thread::sleep(Duration::from_millis(5));
    }
}
