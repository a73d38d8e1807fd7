//! What was sent, and what became of it.

use super::message::MessageId;
use std::collections::{BTreeMap, HashMap};

/// What the answer said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// Stored: must be found there; a message that waits (see [`Kind`]) lies in another queue.
    Acknowledged {
        /// Offset in the queue.
        offset: i64,
        /// Offset in the log, from the message id.
        physical_offset: i64,
    },
    /// Not stored: must not be found.
    Refused,
    /// No answer, or one that leaves it open: may be found.
    Unknown,
}

/// When a message is to be seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// At once.
    Plain,
    /// After a while.
    Delayed {
        /// In ms.
        by_ms: i64,
    },
    /// When it is committed.
    Half,
}

/// What became of a cancellation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cancel {
    /// The message is taken away: must never be found.
    Done,
    /// It did not wait any more: it must be found.
    TooLate,
    /// No answer: may be found.
    Unknown,
}

/// One message that was sent.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// Which.
    pub id: MessageId,
    /// When it is to be seen.
    pub kind: Kind,
    /// Index into the topics.
    pub topic: usize,
    /// Queue.
    pub queue: i32,
    /// Attempts of a later burst of one producer began after those of an earlier one were answered.
    pub burst: u64,
    /// Just before it was sent, in ms since 1970.
    pub sent_ms: i64,
    /// What became of it.
    pub fate: Fate,
}

impl Attempt {
    /// The answer said that it is stored.
    pub fn is_acknowledged(&self) -> bool {
        matches!(self.fate, Fate::Acknowledged { .. })
    }
}

/// Everything sent, in order per producer.
#[derive(Default)]
pub struct History {
    /// All attempts.
    pub attempts: Vec<Attempt>,
    /// The delayed messages that were to be taken away before they are delivered.
    pub cancels: HashMap<MessageId, Cancel>,
    /// How many requests were answered with which code.
    pub answers: BTreeMap<i32, u64>,
}

impl History {
    /// How many of these were acknowledged.
    pub fn acknowledged(&self, of: impl Fn(Kind) -> bool) -> usize {
        self.attempts.iter().filter(|attempt| of(attempt.kind) && attempt.is_acknowledged()).count()
    }

    /// Both.
    pub fn merge(mut self, other: History) -> History {
        self.attempts.extend(other.attempts);
        self.cancels.extend(other.cancels);
        for (code, count) in other.answers {
            *self.answers.entry(code).or_default() += count;
        }
        self
    }
}
