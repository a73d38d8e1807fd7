//! Java and Skylark servers side by side, as while an installation moves from one to the other.

use compat_tests::client::{code, create_topic};
use compat_tests::cluster::{Broker, Namesrv, Target};
use compat_tests::frame::request;
use compat_tests::java::{Scenarios, scenarios};
use compat_tests::script::{Script, answers};
use compat_tests::wait_for;

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

/// What a broker tells in between, of one topic alone, adds to what NameServers know and takes nothing away.
fn check_routes_while_topics_change(target: Target) {
    let namesrv = Namesrv::start(target);
    let broker = broker(Target::asked(), &namesrv.address);
    let (mut routes, mut admin) = (Script::open(&namesrv.address), Script::open(&broker.address()));
    let known = |routes: &mut Script, topic: &str, part: &str| {
        let answer = routes.ask(request(code::ROUTE).field("topic", topic));
        answer.code == 0 && String::from_utf8_lossy(&answer.body).contains(part)
    };
    for topic in ["First", "Second"] {
        admin.send(create_topic(topic, 3, 6)).expect(answers(0));
        assert!(known(&mut routes, topic, "\"writeQueueNums\":3"), "{topic} is known when its creation is answered");
    }
    admin.send(create_topic("First", 5, 4)).expect(answers(0));
    assert!(known(&mut routes, "First", "\"writeQueueNums\":5") && known(&mut routes, "First", "\"perm\":4"));
    for topic in ["Second", "TBW102", "broker-a"] {
        assert!(known(&mut routes, topic, "broker-a"), "{topic} stays");
    }
    admin.send(request(215).field("topic", "Second")).expect(answers(0));
    routes.send(request(216).field("topic", "Second")).expect(answers(0));
    admin.send(create_topic("Third", 1, 6)).expect(answers(0));
    assert!(known(&mut routes, "Third", "broker-a") && !known(&mut routes, "Second", ""), "a deleted topic stays away");
}

#[test]
fn topics_change_behind_our_namesrv() {
    check_routes_while_topics_change(Target::asked());
}

#[test]
fn topics_change_behind_a_java_namesrv() {
    check_routes_while_topics_change(Target::Java);
}

#[test]
fn a_namesrv_that_starts_anew_learns_all_topics() {
    // Rounds of registration as short as they can be.
    let mut namesrv = Namesrv::start(Target::Java);
    let mut broker = Broker::new(Target::asked(), &namesrv.address, &[("registerNameServerPeriod", "10000")]);
    broker.start();
    let mut admin = Script::open(&broker.address());
    admin.send(create_topic("Before", 1, 6)).expect(answers(0));
    namesrv.restart();
    admin.send(create_topic("After", 1, 6)).expect(answers(0));
    wait_for("both topics are known", || {
        let mut routes = Script::open(&namesrv.address);
        let known = |topic: &&str| routes.ask(request(code::ROUTE).field("topic", topic)).code == 0;
        ["Before", "After"].iter().all(known).then_some(())
    });
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
