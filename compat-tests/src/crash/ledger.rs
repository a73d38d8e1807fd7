//! What the producers of transactions know together: which half messages are decided, and which they were asked about.

use super::message::MessageId;
use super::violations::Violations;
use crate::frame::Answer;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Where a half message lies.
#[derive(Clone, Copy, Debug)]
pub struct Half {
    /// Which.
    pub id: MessageId,
    /// In the queue of half messages.
    pub queue_offset: i64,
    /// In the log.
    pub physical_offset: i64,
}

/// What the producers of the group know together.
#[derive(Default)]
pub struct Ledger {
    /// Acknowledged, and no answer said yet that they are decided.
    open: HashSet<MessageId>,
    /// When the answer came that said so.
    decided: HashMap<MessageId, Instant>,
    /// How often the broker asked.
    asked: HashMap<MessageId, u32>,
    violations: Violations,
    ends: u64,
}

impl Ledger {
    /// The answer said that it is stored.
    pub fn acknowledged(&mut self, half: Half) {
        self.open.insert(half.id);
    }

    /// A request that ends it was answered so; true if it is the first that says that it is `decided`.
    pub fn ended(&mut self, half: Half, answer: &Answer, decides: bool) -> bool {
        self.ends += 1;
        if answer.code != 0 {
            let is_open = self.open.contains(&half.id);
            self.violations.unless(!is_open, "A8 acknowledged half, not found", || format!("{half:?}: {answer:?}"));
            return false;
        }
        decides && {
            self.open.remove(&half.id);
            self.decided.insert(half.id, Instant::now()).is_none()
        }
    }

    /// The broker asked about it on a connection that was opened at that moment; how often it did by now.
    pub fn asked(&mut self, half: Half, opened: Instant) -> u32 {
        let times = *self.asked.entry(half.id).and_modify(|times| *times += 1).or_insert(1);
        // A question on a connection that was not there when the answer came was asked after it.
        let is_late = self.decided.get(&half.id).is_some_and(|decided| *decided < opened);
        self.violations.unless(!is_late, "A8 decided, asked again", || format!("{half:?}, time {times}"));
        times
    }

    /// An answer said that it is decided.
    pub fn is_decided(&self, id: MessageId) -> bool {
        self.decided.contains_key(&id)
    }

    /// What the producers saw that should not be.
    pub fn violations(&self) -> Violations {
        self.violations.clone()
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = self.asked.values().max().copied().unwrap_or(0);
        let Ledger { decided, ends, asked, .. } = self;
        write!(f, "{} decided by {ends} answered requests, {} asked about, ", decided.len(), asked.len())?;
        write!(f, "at most {most} times")
    }
}

/// Shared by the producers of the group.
pub type SharedLedger = Arc<Mutex<Ledger>>;

/// The ledger.
pub fn lock(ledger: &SharedLedger) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}
