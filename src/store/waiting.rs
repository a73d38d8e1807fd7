//! What the store tells of delayed and half messages: which wait, and who settles them.
//!
//! It neither delivers nor decides anything: whoever does so claims the message, looks whether it waits still, and puts
//! a record that names it.

use super::claims::Claim;
use super::error::StoreError;
use super::pending::{Alarm, Due, Kind, PendingKey};
use super::{PhysicalOffset, Store};

impl Store {
    /// Up to `max` delayed messages in order of time, from `from` on and due at or before `until` (ms).
    pub fn due(&self, from: Due, until: i64, max: usize) -> Result<Vec<Due>, StoreError> {
        let keys = self.pending.list(from.into(), until, max)?;
        Ok(keys.into_iter().map(|PendingKey { due, physical_offset, .. }| Due { due, physical_offset }).collect())
    }

    /// Whether this delayed message is neither delivered nor cancelled.
    pub fn is_delayed(&self, due: Due) -> Result<bool, StoreError> {
        self.pending.contains(due.into())
    }

    /// Wakes the one who delivers when there is a message that is due earlier than it waits for.
    pub fn due_alarm(&self) -> &Alarm {
        self.pending.alarm()
    }

    /// Up to `max` undecided half messages in order of the log, from offset `from` on: where their records begin.
    pub fn undecided(&self, from: PhysicalOffset, max: usize) -> Result<Vec<PhysicalOffset>, StoreError> {
        let keys = self.pending.list(PendingKey { kind: Kind::Half, due: 0, physical_offset: from }, 0, max)?;
        Ok(keys.into_iter().map(|key| key.physical_offset).collect())
    }

    /// Whether a half message lies at `physical_offset` that is neither committed nor rolled back.
    pub fn is_undecided(&self, physical_offset: PhysicalOffset) -> Result<bool, StoreError> {
        self.pending.contains(PendingKey { kind: Kind::Half, due: 0, physical_offset })
    }

    /// Waits for the right to settle the message that waits at `physical_offset`. Look whether it waits still after
    /// this, and put its outcome before letting go.
    pub async fn claim(&self, physical_offset: PhysicalOffset) -> Claim {
        self.claims.take(physical_offset).await
    }

    /// The right to settle the message that waits at `physical_offset`, unless somebody else is just doing that.
    pub fn try_claim(&self, physical_offset: PhysicalOffset) -> Option<Claim> {
        self.claims.try_take(physical_offset)
    }
}

impl From<Due> for PendingKey {
    fn from(Due { due, physical_offset }: Due) -> PendingKey {
        PendingKey { kind: Kind::Delayed, due, physical_offset }
    }
}
