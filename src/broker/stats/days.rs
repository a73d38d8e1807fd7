//! How many messages came and went when yesterday and when today began, over restarts. Java: BrokerStats, until it ends.
//!
//! Owns the totals of the runs before this one and their row in Meta: what was pulled follows from no log. A day begins
//! at midnight of local time. Row: key `stats/days`, value:
//!
//! ```text
//! | day 8 | yesterday: put 8, got 8 | today: put 8, got 8 | now: put 8, got 8 |      big-endian
//! ```

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::Datelike;

use crate::store::StoreError;
use crate::store::meta::{Meta, MetaChange};

const ROW: &[u8] = b"stats/days";

/// Messages (stored, pulled).
pub(crate) type Totals = (u64, u64);

/// The totals of a broker's whole life.
pub(crate) struct Days {
    meta: Arc<Meta>,
    inner: Mutex<Inner>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Inner {
    /// Days of the calendar.
    day: i64,
    yesterday: Totals,
    today: Totals,
    /// When this run began.
    before: Totals,
    saved: Totals,
}

impl Days {
    /// The totals as Meta holds them; a row of another form is as good as none.
    pub(crate) fn load(meta: Arc<Meta>) -> Result<Days, StoreError> {
        let inner = meta.get(ROW)?.and_then(|row| Inner::decode(&row)).unwrap_or_default();
        let days = Days { meta, inner: Mutex::new(inner) };
        days.turn(local_day(), (0, 0));
        Ok(days)
    }

    /// Totals when yesterday began, when today began, and now, if this run added `added`.
    pub(crate) fn totals(&self, added: Totals) -> [Totals; 3] {
        let inner = self.lock();
        [inner.yesterday, inner.today, inner.now(added)]
    }

    /// Notes that a new day may have begun.
    pub(crate) fn look_at_clock(&self, added: Totals) {
        self.turn(local_day(), added);
    }

    /// Writes the totals down if they changed. Blocks for the disk.
    pub(crate) fn save(&self, added: Totals, sync: bool) -> Result<(), StoreError> {
        let mut inner = self.lock();
        let now = inner.now(added);
        if inner.saved == now {
            return Ok(());
        }
        inner.saved = now;
        let row = inner.encode(now);
        drop(inner);
        self.meta.write(&[MetaChange::Put(ROW.to_vec(), row)], sync)
    }

    fn turn(&self, day: i64, added: Totals) {
        let mut inner = self.lock();
        if day <= inner.day {
            return;
        }
        let now = inner.now(added);
        // After a day without a broker nothing came yesterday either.
        inner.yesterday = if day == inner.day + 1 { inner.today } else { now };
        inner.today = now;
        inner.day = day;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn now(&self, added: Totals) -> Totals {
        (self.before.0 + added.0, self.before.1 + added.1)
    }

    fn encode(&self, now: Totals) -> Vec<u8> {
        let numbers =
            [self.day.cast_unsigned(), self.yesterday.0, self.yesterday.1, self.today.0, self.today.1, now.0, now.1];
        numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
    }

    fn decode(row: &[u8]) -> Option<Inner> {
        let numbers: Vec<u64> = row.chunks_exact(8).filter_map(|n| n.try_into().ok()).map(u64::from_be_bytes).collect();
        let &[day, yesterday_put, yesterday_got, today_put, today_got, put, got] = &numbers[..] else { return None };
        Some(Inner {
            day: day.cast_signed(),
            yesterday: (yesterday_put, yesterday_got),
            today: (today_put, today_got),
            before: (put, got),
            saved: (put, got),
        })
    }
}

fn local_day() -> i64 {
    i64::from(chrono::Local::now().num_days_from_ce())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(meta: &Arc<Meta>, day: i64) -> Days {
        let inner = meta.get(ROW).expect("readable").and_then(|row| Inner::decode(&row)).unwrap_or_default();
        let days = Days { meta: meta.clone(), inner: Mutex::new(inner) };
        days.turn(day, (0, 0));
        days
    }

    #[test]
    fn totals_go_on_over_restarts_and_days() {
        let folder = tempfile::tempdir().expect("a folder");
        let meta = Meta::open(folder.path()).expect("meta opens");
        let monday = days(&meta, 100);
        assert_eq!(monday.totals((7, 5)), [(0, 0), (0, 0), (7, 5)]);
        monday.save((7, 5), true).expect("saved");

        let monday = days(&meta, 100);
        assert_eq!(monday.totals((1, 0)), [(0, 0), (0, 0), (8, 5)]);
        monday.turn(101, (1, 0));
        assert_eq!(monday.totals((3, 0)), [(0, 0), (8, 5), (10, 5)]);
        monday.save((3, 0), true).expect("saved");

        let wednesday = days(&meta, 102);
        assert_eq!(wednesday.totals((0, 0)), [(8, 5), (10, 5), (10, 5)]);
        let much_later = days(&meta, 200);
        assert_eq!(much_later.totals((0, 0)), [(10, 5), (10, 5), (10, 5)]);
    }
}
