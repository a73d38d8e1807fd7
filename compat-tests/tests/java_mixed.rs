//! Java and Skylark servers side by side, as while an installation moves from one to the other.

use compat_tests::cluster::{Broker, Namesrv, Target};
use compat_tests::java::{Scenarios, scenarios};

const CLIENT: &str = "4.9.8";

fn broker(target: Target, namesrvs: &str) -> Broker {
    let mut broker = Broker::new(target, namesrvs, &[]);
    broker.start();
    broker
}

#[test]
fn a_java_broker_behind_our_namesrv() {
    let namesrv = Namesrv::start(Target::asked());
    let _broker = broker(Target::Java, &namesrv.address);
    scenarios(Scenarios::Spine, CLIENT, Target::Java, &namesrv.address);
}

#[test]
fn our_broker_behind_a_java_namesrv() {
    let namesrv = Namesrv::start(Target::Java);
    let _broker = broker(Target::asked(), &namesrv.address);
    scenarios(Scenarios::Spine, CLIENT, Target::asked(), &namesrv.address);
}

#[test]
fn two_namesrvs_of_which_one_dies() {
    let mut ours = Namesrv::start(Target::asked());
    let java = Namesrv::start(Target::Java);
    let both = format!("{};{}", ours.address, java.address);
    let _broker = broker(Target::asked(), &both);
    assert_eq!((ours.brokers(), java.brokers()), (vec!["broker-a".into()], vec!["broker-a".into()]));
    scenarios(Scenarios::Spine, CLIENT, Target::asked(), &both);
    ours.kill();
    scenarios(Scenarios::Spine, CLIENT, Target::asked(), &java.address);
}
