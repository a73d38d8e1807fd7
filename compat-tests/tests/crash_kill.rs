//! kill -9 at random moments under load: what was acknowledged is found, once, where the answer said.
//!
//! `COMPAT_KILLS=500 COMPAT_ACKS=500000` (see dev/crash-long) makes of it 1,000 kills and a million messages.

use compat_tests::crash::{Plan, check, run};

#[test]
fn acknowledged_messages_survive_under_async_flush() {
    let (outcome, ()) = run(&Plan::asked("ASYNC_FLUSH"), |_| ());
    check(outcome);
}

#[test]
fn acknowledged_messages_survive_under_sync_flush() {
    let (outcome, ()) = run(&Plan::asked("SYNC_FLUSH"), |_| ());
    check(outcome);
}
