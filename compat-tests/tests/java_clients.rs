//! The scenarios of `java-harness/` with stock clients of each version. One cluster and two or three JVMs a version.

use compat_tests::cluster::Cluster;
use compat_tests::java::{Scenarios, scenarios};

fn check(which: Scenarios, client: &str) {
    let cluster = Cluster::start();
    scenarios(which, client, cluster.target, &cluster.namesrv.address);
}

#[test]
fn client_4_3_0() {
    check(Scenarios::All, "4.3.0");
}

#[test]
fn client_4_6_1() {
    check(Scenarios::All, "4.6.1");
}

#[test]
fn client_4_9_8() {
    check(Scenarios::All, "4.9.8");
}

#[test]
fn client_5_3_3() {
    check(Scenarios::All, "5.3.3");
}

#[test]
fn console_1_0_0() {
    check(Scenarios::Console, "4.9.0");
}
