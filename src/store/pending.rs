//! Messages that wait for something: a delayed one for its time, a half message for its outcome.
//!
//! Both follow from the log. The record of the message brings the row; a later record that names it in its
//! prepared-transaction-offset field (a delivery, a commit, a rollback, a cancellation) takes it away. So there is no
//! progress to be saved, nothing is delivered twice after a crash, and nothing is forgotten.
//!
//! Rows of unsealed chunks are kept here, the others in the index:
//!
//! ```text
//! pending   kind (1) due time in ms, 0 for a half message (8) physical offset (8)  ->  nothing
//! ```
//!
//! **Invariant:** a row leaves the index only when the record that took it away is on disk.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::PhysicalOffset;
use super::error::StoreError;
use super::index_db::IndexDb;

/// What a message waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A commit or a rollback.
    Half = 0,
    /// A time.
    Delayed = 1,
}

/// Names a waiting message; orders by what it waits for, then by time, then by place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PendingKey {
    pub(crate) kind: Kind,
    /// ms since 1970; 0 for a half message.
    pub(crate) due: i64,
    /// Where its record begins.
    pub(crate) physical_offset: PhysicalOffset,
}

/// A delayed message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// When it is to be delivered, in ms since 1970.
    pub due: i64,
    /// Where its record begins.
    pub physical_offset: PhysicalOffset,
}

/// Rows of the index that are read at once, unless more are asked for.
const STEP_MAX: usize = 1024;

#[derive(Debug, Clone, Copy)]
struct Row {
    in_index: bool,
    /// Where the record lies that took the row away.
    resolved_by: Option<PhysicalOffset>,
}

/// What sealing a chunk does to the rows of the index.
#[derive(Debug, Default)]
pub(crate) struct PendingChanges {
    pub(crate) put: Vec<PendingKey>,
    pub(crate) delete: Vec<PendingKey>,
}

/// Wakes the one who waits for the next due message when an earlier one comes.
///
/// ```text
/// take ── look which message is next ── set ── wait until then, or for an earlier one ── take ...
/// ```
pub struct Alarm {
    /// The earliest due time in ms since it was taken, or the one it was set for if that is earlier.
    earliest: AtomicI64,
    earlier: Notify,
}

impl Default for Alarm {
    fn default() -> Alarm {
        Alarm { earliest: AtomicI64::new(i64::MAX), earlier: Notify::new() }
    }
}

impl Alarm {
    /// The earliest due time (ms) of messages added since the alarm was taken before, or the one it was set for.
    pub fn take(&self) -> i64 {
        self.earliest.swap(i64::MAX, Ordering::SeqCst)
    }

    /// Sets the alarm; false if a message that is due earlier came after it was taken.
    pub fn set(&self, due: i64) -> bool {
        self.earliest.fetch_min(due, Ordering::SeqCst) >= due
    }

    /// Returns when a message came that is due before the time it was set for; sometimes although none did.
    pub async fn earlier(&self) {
        self.earlier.notified().await;
    }

    fn added(&self, due: i64) {
        if self.earliest.fetch_min(due, Ordering::SeqCst) > due {
            self.earlier.notify_one();
        }
    }
}

/// The waiting messages.
pub(crate) struct Pending {
    index: Arc<IndexDb>,
    rows: Mutex<BTreeMap<PendingKey, Row>>,
    alarm: Alarm,
}

impl Pending {
    pub(crate) fn new(index: Arc<IndexDb>) -> Pending {
        Pending { index, rows: Mutex::default(), alarm: Alarm::default() }
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<PendingKey, Row>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A record brought a waiting message.
    pub(crate) fn add(&self, key: PendingKey) {
        self.rows().insert(key, Row { in_index: false, resolved_by: None });
        if key.kind == Kind::Delayed {
            self.alarm.added(key.due);
        }
    }

    /// The record at `by` took a waiting message away; it need not be one.
    pub(crate) fn resolve(&self, key: PendingKey, by: PhysicalOffset) {
        let mut rows = self.rows();
        let row = rows.entry(key).or_insert(Row { in_index: true, resolved_by: None });
        row.resolved_by.get_or_insert(by);
    }

    /// Whether the message waits still.
    pub(crate) fn contains(&self, key: PendingKey) -> Result<bool, StoreError> {
        match self.rows().get(&key) {
            Some(row) => Ok(row.resolved_by.is_none()),
            None => self.index.has_pending(key),
        }
    }

    /// Up to `max` waiting messages of one kind, in order, from `from` on and due at or before `until` (ms).
    pub(crate) fn list(&self, from: PendingKey, until: i64, max: usize) -> Result<Vec<PendingKey>, StoreError> {
        let end = PendingKey { kind: from.kind, due: until, physical_offset: PhysicalOffset::MAX };
        let mut found = Vec::new();
        if from > end {
            return Ok(found);
        }
        let mut next = Bound::Included(from);
        // Rows of the index that were taken away meanwhile are passed over, so look until enough are left; if there
        // are many of those, in ever larger steps.
        let mut step = max;
        while found.len() < max {
            let sealed = self.index.pending(next, end, step)?;
            let rows = self.rows();
            let last = if sealed.len() < step { end } else { sealed.last().copied().unwrap_or(end) };
            found.extend(sealed.iter().filter(|key| !rows.contains_key(key)));
            let unsealed = rows.range((next, Bound::Included(last)));
            found.extend(unsealed.filter(|(_, row)| row.resolved_by.is_none()).map(|(key, _)| *key));
            if last == end {
                break;
            }
            next = Bound::Excluded(last);
            step = (step * 2).max(max).min(STEP_MAX.max(max));
        }
        found.sort_unstable();
        found.truncate(max);
        Ok(found)
    }

    /// Up to `max` messages of one kind whose records lie below `end`, from `from` on; and where to go on, if there are more.
    pub(crate) fn below(
        &self,
        from: PendingKey,
        end: PhysicalOffset,
        max: usize,
    ) -> Result<(Vec<PendingKey>, Option<PendingKey>), StoreError> {
        let listed = self.list(from, i64::MAX - 1, max)?;
        let next = listed.last().map(|last| PendingKey { physical_offset: last.physical_offset + 1, ..*last });
        Ok((listed.into_iter().filter(|key| key.physical_offset < end).collect(), next))
    }

    /// Forgets half messages whose records are deleted.
    pub(crate) fn forget_halves_below(&self, first: PhysicalOffset) {
        self.rows().retain(|key, _| key.kind != Kind::Half || key.physical_offset >= first);
    }

    pub(crate) fn alarm(&self) -> &Alarm {
        &self.alarm
    }

    /// What sealing the log up to `end` does to the index's rows. All below `end` is on disk.
    pub(crate) fn changes_below(&self, end: PhysicalOffset) -> PendingChanges {
        let mut changes = PendingChanges::default();
        for (key, row) in self.rows().iter() {
            let resolved = row.resolved_by.is_some_and(|by| by < end);
            match (row.in_index, resolved) {
                (true, true) => changes.delete.push(*key),
                (false, false) if key.physical_offset < end => changes.put.push(*key),
                _ => {}
            }
        }
        changes
    }

    /// The index has taken in what [`Self::changes_below`] said.
    pub(crate) fn sealed_below(&self, end: PhysicalOffset) {
        self.rows().retain(|key, row| {
            let resolved = row.resolved_by.is_some_and(|by| by < end);
            if resolved {
                return false;
            }
            row.in_index |= key.physical_offset < end;
            !row.in_index || row.resolved_by.is_some()
        });
    }
}
