//! kill -9 under everything at once: transactions have one outcome, delayed messages come once and not early, groups
//! miss nothing and go on where they were, messages given back come again.
//!
//! `COMPAT_KILLS=100` (see dev/crash-long) makes of it 200 kills. Against the Java broker this is `crash_java_defects`.

use compat_tests::crash::{Plan, check, run};

#[test]
fn every_kind_of_message_survives_under_async_flush() {
    let (outcome, ()) = run(&Plan::mixed("ASYNC_FLUSH"), |_| ());
    check(outcome);
}

#[test]
fn every_kind_of_message_survives_under_sync_flush() {
    let (outcome, ()) = run(&Plan::mixed("SYNC_FLUSH"), |_| ());
    check(outcome);
}
