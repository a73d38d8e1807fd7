//! The life of brokers: registrations old and new, masters and slaves, leaving and being forgotten.

use std::time::Instant;

use pretty_assertions::assert_eq;
use skylark_protocol::body::{RegisterBrokerBody, TopicConfig, TopicConfigSerializeWrapper};
use skylark_protocol::message::record::body_crc;

use super::*;
use crate::namesrv::BROKER_SILENCE_MAX;
use crate::namesrv::routes::{Announcement, Registration, Routes};
use crate::remoting::Peer;

fn route_of(broker: &str, addresses: &str) -> String {
    format!(
        r#"{{"brokerDatas":[{{"brokerAddrs":{{{addresses}}},"brokerName":"{broker}","cluster":"C"}}],"filterServerTable":{{}},"queueDatas":[{{"brokerName":"{broker}","perm":6,"readQueueNums":4,"topicSysFlag":0,"writeQueueNums":4}}]}}"#
    )
}

#[tokio::test]
async fn bodies_may_be_compressed_old_or_missing() {
    let namesrv = TestNamesrv::start().await;
    let mut broker = namesrv.connect().await;
    let config =
        TopicConfig { topic_name: "Z".to_owned(), read_queue_nums: 4, write_queue_nums: 4, ..Default::default() };
    let topic_config_table = [("Z".to_owned(), config)].into();
    let wrapper = TopicConfigSerializeWrapper { topic_config_table, ..Default::default() };
    let body = RegisterBrokerBody { topic_config_serialize_wrapper: wrapper.clone(), ..Default::default() };
    let compressed = body.encode(true);
    let crc = body_crc(&compressed).to_string();
    let who = |name| {
        [("brokerName", name), ("brokerAddr", name), ("clusterName", "C"), ("haServerAddr", ""), ("brokerId", "0")]
    };
    let fields = [&who("zip")[..], &[("compressed", "true"), ("bodyCrc32", &crc)]].concat();
    check(&broker.ask(103, &fields, compressed).await, 0, None, "{}", "");
    assert_eq!(broker.route("Z").await, route_of("zip", r#"0:"zip""#));

    let old = skylark_protocol::body::encode(&wrapper);
    check(&broker.ask_as(36, 103, &who("old"), old).await, 0, None, "{}", "");
    check(&broker.ask(103, &who("bare"), "").await, 0, None, "{}", "");
    let route = broker.route("Z").await;
    assert!(route.contains(r#""brokerName":"zip""#) && route.contains(r#""brokerName":"old""#), "{route}");
    assert!(text(&broker.ask(106, &[], "").await).contains(r#""clusterAddrTable":{"C":["bare","old","zip"]}"#));
}

#[tokio::test]
async fn a_wrong_checksum_or_body_registers_nothing() {
    let namesrv = TestNamesrv::start().await;
    let mut broker = namesrv.connect().await;
    let who =
        [("brokerName", "b"), ("brokerAddr", "a:1"), ("clusterName", "C"), ("haServerAddr", ""), ("brokerId", "0")];
    let wrong = [&who[..], &[("bodyCrc32", "1")]].concat();
    check(&broker.ask(103, &wrong, registration("T", 1)).await, 1, Some("crc32 not match"), "{}", "");
    for (compressed, body) in [("false", &b"{\"topic"[..]), ("true", b"no zlib")] {
        let fields = [&who[..], &[("compressed", compressed)]].concat();
        assert_eq!(broker.ask(103, &fields, body).await.code, 1);
    }
    assert_eq!(text(&broker.ask(106, &[], "").await), r#"{"brokerAddrTable":{},"clusterAddrTable":{}}"#);
}

#[tokio::test]
async fn a_slave_learns_its_master() {
    let namesrv = TestNamesrv::start().await;
    let (mut master, mut slave) = (namesrv.connect().await, namesrv.connect().await);
    check(&slave.register("b", "1", "s:1", registration("T", 1)).await, 0, None, "{}", "");
    assert_eq!(slave.route("T").await, "17", "what a slave says of topics does not count");
    check(&master.register("b", "0", "m:1", registration("T", 1)).await, 0, None, "{}", "");
    let known = "{masterAddr=m:1,haServerAddr=m:19}";
    check(&slave.register("b", "1", "s:1", registration("T", 1)).await, 0, None, known, "");
    assert_eq!(slave.route("T").await, route_of("b", r#"0:"m:1",1:"s:1""#));
    // The slave becomes master: its address has one id.
    check(&slave.register("b", "0", "s:1", registration("T", 2)).await, 0, None, "{}", "");
    assert_eq!(slave.route("T").await, route_of("b", r#"0:"s:1""#));
}

#[tokio::test]
async fn a_broker_whose_connection_ends_is_gone_at_once() {
    let namesrv = TestNamesrv::start().await;
    let (mut master, mut slave, mut client) =
        (namesrv.connect().await, namesrv.connect().await, namesrv.connect().await);
    master.register("b", "0", "m:1", registration("T", 1)).await;
    slave.register("b", "1", "s:1", registration("T", 1)).await;
    drop(master);
    client.until_route("T", &route_of("b", r#"1:"s:1""#)).await;
    drop(slave);
    client.until_route("T", "17").await;
    assert_eq!(text(&client.ask(106, &[], "").await), r#"{"brokerAddrTable":{},"clusterAddrTable":{}}"#);
    assert_eq!(text(&client.ask(206, &[], "").await), r#"{"topicList":[]}"#);
}

#[tokio::test]
async fn a_broker_that_came_again_outlives_its_first_connection() {
    let namesrv = TestNamesrv::start().await;
    let (mut first, mut second) = (namesrv.connect().await, namesrv.connect().await);
    first.register("b", "0", "m:1", registration("T", 1)).await;
    second.register("b", "0", "m:1", registration("T", 1)).await;
    first.wire.send(&[0xff; 4]).await;
    first.wire.expect_closed().await;
    assert_eq!(second.route("T").await, route_of("b", r#"0:"m:1""#));
}

#[tokio::test]
async fn a_broker_takes_its_leave_but_not_its_successor() {
    let namesrv = TestNamesrv::start().await;
    let mut broker = namesrv.connect().await;
    broker.register("b", "0", "m:1", registration("T", 1)).await;
    broker.register("b", "0", "m:2", registration("T", 1)).await;
    let leave = |address| [("brokerName", "b"), ("brokerAddr", address), ("clusterName", "C"), ("brokerId", "0")];
    check(&broker.ask(104, &leave("m:1"), "").await, 0, None, "null", "");
    assert_eq!(broker.route("T").await, route_of("b", r#"0:"m:2""#));
    check(&broker.ask(104, &leave("m:2"), "").await, 0, None, "null", "");
    assert_eq!(broker.route("T").await, "17");
}

#[tokio::test]
async fn write_permission_is_wiped_until_it_is_restored_or_the_topics_change() {
    let namesrv = TestNamesrv::start().await;
    let mut broker = namesrv.connect().await;
    broker.register("b", "0", "m:1", registration("T", 1)).await;
    check(&broker.ask(205, &[("brokerName", "b")], "").await, 0, None, "{wipeTopicCount=1}", "");
    check(&broker.ask(205, &[("brokerName", "x")], "").await, 0, None, "{wipeTopicCount=0}", "");
    broker.register("b", "0", "m:1", registration("T", 1)).await;
    assert!(broker.route("T").await.contains(r#""perm":4"#), "an unchanged registration restores nothing");
    check(&broker.ask(327, &[("brokerName", "b")], "").await, 0, None, "{addTopicCount=1}", "");
    assert!(broker.route("T").await.contains(r#""perm":6"#));
    broker.ask(205, &[("brokerName", "b")], "").await;
    broker.register("b", "0", "m:1", registration("T", 2)).await;
    assert!(broker.route("T").await.contains(r#""perm":6"#));
}

#[tokio::test]
async fn a_topic_is_deleted_in_one_cluster_or_in_all() {
    let namesrv = TestNamesrv::start().await;
    let mut broker = namesrv.connect().await;
    broker.register("b", "0", "m:1", registration("T", 1)).await;
    check(&broker.ask(216, &[("topic", "T"), ("clusterName", "D")], "").await, 0, None, "null", "");
    assert_ne!(broker.route("T").await, "17");
    check(&broker.ask(216, &[("topic", "T"), ("clusterName", "C")], "").await, 0, None, "null", "");
    assert_eq!(broker.route("T").await, "17");
    broker.register("b", "0", "m:1", registration("T", 2)).await;
    check(&broker.ask(216, &[("topic", "T"), ("clusterName", "")], "").await, 0, None, "null", "");
    assert_eq!(broker.route("T").await, "17");
}

#[test]
fn a_silent_broker_is_forgotten_and_its_connection_closed() {
    let mut routes = Routes::default();
    let start = Instant::now();
    let peer = Peer::detached(([127, 0, 0, 1], 1).into());
    let who = Registration { cluster: "C", broker: "b", id: 0, address: "m:1", ha_address: "" };
    let topics = [("T".to_owned(), TopicConfig::default())].into();
    routes.register(&who, Announcement { topics, ..Default::default() }, peer, start);
    routes.forget_silent(start + BROKER_SILENCE_MAX);
    assert!(routes.route("T").is_some());
    assert!(routes.heard_version("m:1", &Default::default(), start + BROKER_SILENCE_MAX));
    routes.forget_silent(start + BROKER_SILENCE_MAX * 2);
    assert!(routes.route("T").is_some(), "a data version that is known counts as a sign of life");
    routes.forget_silent(start + BROKER_SILENCE_MAX * 2 + std::time::Duration::from_millis(1));
    assert!(routes.route("T").is_none());
    assert_eq!((routes.topics.len(), routes.brokers.groups().count()), (0, 0));
}

#[tokio::test]
async fn unit_topics_are_listed_by_their_bits() {
    let namesrv = TestNamesrv::start().await;
    let mut broker = namesrv.connect().await;
    let topics: Vec<String> = (0..4)
        .map(|flag| format!(r#""T{flag}":{{"perm":6,"readQueueNums":1,"topicName":"T{flag}","topicSysFlag":{flag},"writeQueueNums":1}}"#))
        .collect();
    let body = format!(
        r#"{{"topicConfigSerializeWrapper":{{"dataVersion":{{"counter":1,"timestamp":1}},"topicConfigTable":{{{}}}}}}}"#,
        topics.join(",")
    );
    broker.register("b", "0", "m:1", body).await;
    for (code, expected) in [(311, r#"["T1","T3"]"#), (312, r#"["T2","T3"]"#), (313, r#"["T2"]"#)] {
        check(&broker.ask(code, &[], "").await, 0, None, "null", &format!(r#"{{"topicList":{expected}}}"#));
    }
}
