//! What the time of day is worth: an age is believed only while the clock runs as it should.

use std::time::{Duration, Instant};

/// A clock that is off by more than this was set.
const JUMP_MS: u64 = 3_600_000;
/// So long after that it is believed again, if it was not set back meanwhile.
const SECOND_LOOK: Duration = Duration::from_secs(3600);

/// The wall clock beside one that nobody sets.
pub(super) struct SteadyClock {
    wall_ms: i64,
    seen: Instant,
    believed_from: Instant,
}

impl SteadyClock {
    /// A clock that is seen first. If it is far from the newest message's store time (ms), either the broker was down or
    /// the clock is wrong: it is not believed at once.
    pub(super) fn new(wall_ms: i64, newest_ms: Option<i64>, now: Instant) -> SteadyClock {
        let is_far = newest_ms.is_some_and(|newest| wall_ms.abs_diff(newest) > JUMP_MS);
        let believed_from = if is_far { now + SECOND_LOOK } else { now };
        if is_far {
            tracing::info!("the newest message is not of this hour: no message expires within an hour from now");
        }
        SteadyClock { wall_ms, seen: now, believed_from }
    }

    /// Whether the wall clock, which shows `wall_ms`, can be believed.
    pub(super) fn is_steady(&mut self, wall_ms: i64, now: Instant) -> bool {
        let passed = i64::try_from(now.duration_since(self.seen).as_millis()).unwrap_or(i64::MAX);
        let off_ms = wall_ms.abs_diff(self.wall_ms.saturating_add(passed));
        if off_ms > JUMP_MS {
            tracing::warn!(off_ms, "the clock was set: no message expires within an hour from now");
            self.believed_from = now + SECOND_LOOK;
        }
        (self.wall_ms, self.seen) = (wall_ms, now);
        now >= self.believed_from
    }
}

/// The hour of the day, 0 to 23, where this machine is.
pub(super) fn local_hour() -> u8 {
    u8::try_from(chrono::Timelike::hour(&chrono::Local::now())).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    #[track_caller]
    fn check(newest_ms: Option<i64>, looks: &[(i64, i64, bool)]) {
        let begin = Instant::now();
        let mut clock = SteadyClock::new(0, newest_ms, begin);
        for (passed_ms, wall_ms, steady) in looks {
            let now = begin + Duration::from_millis(passed_ms.unsigned_abs());
            assert_eq!(clock.is_steady(*wall_ms, now), *steady, "{wall_ms} after {passed_ms} ms");
        }
    }

    #[test]
    fn a_clock_that_was_set_is_looked_at_twice() {
        check(None, &[(10, 10, true), (HOUR * 80, HOUR * 80, true), (HOUR * 81, HOUR * 81 + 5000, true)]);
        check(
            Some(0),
            &[(10, HOUR * 100, false), (HOUR / 2, HOUR * 100 + HOUR / 2, false), (HOUR + 10, HOUR * 101, true)],
        );
        check(Some(0), &[(10, HOUR * 100, false), (HOUR / 2, HOUR / 2, false), (HOUR + 10, HOUR + 10, false)]);
        check(Some(0), &[(10, -HOUR * 2, false)]);
        check(Some(-HOUR * 100), &[(10, 10, false), (HOUR, HOUR, true)]);
    }
}
