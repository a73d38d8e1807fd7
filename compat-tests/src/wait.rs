//! Waiting for a state on machines that may be slow or shared.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// After this long a state that has not come is taken for one that never comes.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// Looks again and again until `look` finds something; `what` names the state in the failure.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < DEADLINE, "not reached within {DEADLINE:?}: {what}");
        sleep(Duration::from_millis(10));
    }
}

/// As [`wait_for`], but a state that is slow in coming may take longer, as long as `progress` shows other numbers.
pub(crate) fn wait_for_progressing<T>(
    what: &str,
    progress: impl Fn() -> u64,
    mut look: impl FnMut() -> Option<T>,
) -> T {
    let (mut last, mut moved) = (progress(), Instant::now());
    loop {
        if let Some(found) = look() {
            return found;
        }
        let now = progress();
        if now != last {
            (last, moved) = (now, Instant::now());
        }
        assert!(moved.elapsed() < DEADLINE, "no progress from {last} within {DEADLINE:?}: {what}");
        sleep(Duration::from_millis(10));
    }
}
