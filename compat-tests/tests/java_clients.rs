//! The scenarios of `java-harness/` with stock clients of each version. One cluster and two or three JVMs a version.

use compat_tests::cluster::Cluster;
use compat_tests::java::{Scenarios, scenarios};

fn check(client: &str) {
    let cluster = Cluster::start();
    scenarios(Scenarios::All, client, cluster.target, &cluster.namesrv.address);
}

#[test]
fn client_4_3_0() {
    check("4.3.0");
}

#[test]
fn client_4_6_1() {
    check("4.6.1");
}

#[test]
fn client_4_9_8() {
    check("4.9.8");
}

#[test]
fn client_5_3_3() {
    check("5.3.3");
}
