//! The checker of the crash tests, pointed at the Java broker, finds what that is known to do wrong after kill -9: delayed
//! messages twice, transactions committed twice and after a rollback. `COMPAT_KILLS=40` finds rarer things too.

use compat_tests::cluster::Target;
use compat_tests::crash::{Plan, check, run_against};
use std::env;

#[test]
fn the_checker_finds_them() {
    let mut plan = Plan::mixed("ASYNC_FLUSH");
    if env::var_os("COMPAT_KILLS").is_none() {
        (plan.kills, plan.acks) = (3, 2000);
    }
    let (outcome, ()) = run_against(Target::Java, &plan, |_| ());
    check(outcome);
}
