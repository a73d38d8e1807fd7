//! Which undecided half messages are due for a check, and which are given up.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use skylark_protocol::message::properties::{self, names};
use skylark_protocol::message::record::RecordView;

use crate::store::PhysicalOffset;

/// What of the configuration decides about checks.
#[derive(Debug, Clone, Copy)]
pub struct CheckRules {
    /// The age in ms from which a producer is asked, unless the message names its own.
    pub timeout_ms: i64,
    /// A producer is asked so often; then the message is given up.
    pub checks_max: u32,
    /// A half message older than this, in ms, is given up.
    pub age_ms_max: i64,
}

/// What is to be done with an undecided half message now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: its producer is still to be given time.
    Wait,
    /// Its producer is to be asked.
    Ask,
    /// Nobody will decide it.
    GiveUp,
}

impl CheckRules {
    /// What is to be done at `now` (ms) with a half message whose producer was asked `asked` times.
    /// Java: TransactionalMessageServiceImpl.check
    pub fn judge(&self, record: &RecordView<'_>, asked: u32, now: i64) -> Verdict {
        let age_ms = now.saturating_sub(record.born_timestamp());
        if asked >= self.checks_max || age_ms > self.age_ms_max {
            return Verdict::GiveUp;
        }
        let own = properties::get(record.properties(), names::CHECK_IMMUNITY_TIME_IN_SECONDS);
        let is_immune = match own.map(str::parse::<i64>) {
            Some(Ok(seconds)) if seconds >= 0 => age_ms < seconds.saturating_mul(1000),
            Some(_) => age_ms < self.timeout_ms,
            // A producer whose clock is ahead is asked at once.
            None => (0..self.timeout_ms).contains(&age_ms),
        };
        if is_immune { Verdict::Wait } else { Verdict::Ask }
    }
}

/// How often the producers of undecided messages were asked.
#[derive(Default)]
pub struct Checks {
    asked: Mutex<HashMap<PhysicalOffset, u32>>,
}

impl Checks {
    /// How often the producer of this message was asked.
    pub fn asked(&self, record: &RecordView<'_>) -> u32 {
        let counted = self.lock().get(&record.physical_offset()).copied();
        // A Java broker kept the count in the message.
        let noted = || properties::get(record.properties(), names::TRANSACTION_CHECK_TIMES)?.parse().ok();
        counted.or_else(noted).unwrap_or(0)
    }

    /// Its producer was asked for the `times`th time.
    pub fn note(&self, physical_offset: PhysicalOffset, times: u32) {
        self.lock().insert(physical_offset, times);
    }

    /// Forgets all but these, which are undecided still.
    pub fn keep_only(&self, undecided: &HashSet<PhysicalOffset>) {
        self.lock().retain(|physical_offset, _| undecided.contains(physical_offset));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PhysicalOffset, u32>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
