//! Answers as a stock 4.9.7 NameServer gives them, byte for byte.

use std::collections::BTreeSet;

use pretty_assertions::assert_eq;
use serde_json::Value;

use super::*;

/// The NameServer of the recorded answers: one stock broker is registered.
async fn recorded() -> (TestNamesrv, Client) {
    let namesrv = TestNamesrv::start().await;
    let mut client = namesrv.connect().await;
    let fields = [
        ("brokerName", "broker-a"),
        ("brokerAddr", "127.0.0.1:29911"),
        ("clusterName", "DefaultCluster"),
        ("haServerAddr", "192.0.2.2:29912"),
        ("brokerId", "0"),
        ("compressed", "false"),
    ];
    let answer = client.ask(103, &fields, STOCK_REGISTRATION).await;
    check(&answer, 0, None, "{}", "");
    (namesrv, client)
}

#[tokio::test]
async fn routes_come_in_the_dialect_of_the_caller() {
    let (_namesrv, mut client) = recorded().await;
    let rest = r#""brokerName":"broker-a","cluster":"DefaultCluster"}],"filterServerTable":{},"queueDatas":[{"brokerName":"broker-a","perm":6,"readQueueNums":4,"topicSysFlag":0,"writeQueueNums":4}]}"#;
    let quoted = format!(r#"{{"brokerDatas":[{{"brokerAddrs":{{"0":"127.0.0.1:29911"}},{rest}"#);
    let bare = format!(r#"{{"brokerDatas":[{{"brokerAddrs":{{0:"127.0.0.1:29911"}},{rest}"#);
    for (version, standard_only, expected) in [
        (407, None, &quoted),
        (401, None, &quoted),
        (399, None, &bare),
        (273, Some("false"), &bare),
        (393, Some("true"), &quoted),
    ] {
        let mut fields = vec![("topic", "CT_Normal")];
        fields.extend(standard_only.map(|only| ("acceptStandardJsonOnly", only)));
        check(&client.ask_as(version, 105, &fields, "").await, 0, None, "null", expected);
    }
}

#[tokio::test]
async fn an_unknown_topic_has_no_route() {
    let (_namesrv, mut client) = recorded().await;
    let remark = "No topic route info in name server for the topic: NoSuchTopic\n\
        See http://rocketmq.apache.org/docs/faq/ for further details.";
    check(&client.ask(105, &[("topic", "NoSuchTopic")], "").await, 17, Some(remark), "null", "");
}

#[tokio::test]
async fn clusters_brokers_and_topics_are_listed() {
    let (_namesrv, mut client) = recorded().await;
    let clusters = r#"{"brokerAddrTable":{"broker-a":{"brokerAddrs":{0:"127.0.0.1:29911"},"brokerName":"broker-a","cluster":"DefaultCluster"}},"clusterAddrTable":{"DefaultCluster":["broker-a"]}}"#;
    check(&client.ask(106, &[], "").await, 0, None, "null", clusters);
    let system = r#"{"brokerAddr":"127.0.0.1:29911","topicList":["broker-a","DefaultCluster"]}"#;
    check(&client.ask(304, &[], "").await, 0, None, "null", system);
    for code in [311, 312, 313] {
        check(&client.ask(code, &[], "").await, 0, None, "null", r#"{"topicList":[]}"#);
    }
    let stock: Value = serde_json::from_slice(STOCK_REGISTRATION).unwrap();
    let table = stock["topicConfigSerializeWrapper"]["topicConfigTable"].as_object().unwrap();
    let expected: BTreeSet<String> = table.keys().cloned().collect();
    for (code, fields) in [(206, &[][..]), (224, &[("cluster", "DefaultCluster")])] {
        let list: Value = serde_json::from_slice(&client.ask(code, fields, "").await.body).unwrap();
        let topics = list["topicList"].as_array().unwrap();
        assert_eq!(topics.iter().map(|topic| topic.as_str().unwrap().to_owned()).collect::<BTreeSet<_>>(), expected);
        assert_eq!(list.as_object().unwrap().len(), 1);
    }
    check(&client.ask(224, &[("cluster", "Nope")], "").await, 0, None, "null", r#"{"topicList":[]}"#);
}

#[tokio::test]
async fn kv_entries_are_put_got_listed_and_deleted() {
    let namesrv = TestNamesrv::start().await;
    let mut client = namesrv.connect().await;
    let entry = [("namespace", "SAMPLE"), ("key", "k1")];
    let put = [("namespace", "SAMPLE"), ("key", "k1"), ("value", "v1")];
    check(&client.ask(100, &put, "").await, 0, None, "null", "");
    check(&client.ask(101, &entry, "").await, 0, None, "{value=v1}", "");
    check(&client.ask(219, &[("namespace", "SAMPLE")], "").await, 0, None, "null", r#"{"table":{"k1":"v1"}}"#);
    check(&client.ask(102, &entry, "").await, 0, None, "null", "");
    check(&client.ask(102, &entry, "").await, 0, None, "null", "");
    let missing = Some("No config item, Namespace: SAMPLE Key: k1");
    check(&client.ask(101, &entry, "").await, 22, missing, "{}", "");
    let missing = Some("No config item, Namespace: NOPE");
    check(&client.ask(219, &[("namespace", "NOPE")], "").await, 22, missing, "null", "");
}

#[tokio::test]
async fn a_data_version_is_compared_with_the_registered_one() {
    let (_namesrv, mut client) = recorded().await;
    let fields = |address| {
        [("brokerName", "broker-a"), ("brokerAddr", address), ("clusterName", "DefaultCluster"), ("brokerId", "0")]
    };
    let known = r#"{"counter":34,"timestamp":1795509677652}"#;
    let other = r#"{"counter":0,"timestamp":1}"#;
    check(&client.ask(322, &fields("127.0.0.1:29911"), other).await, 0, None, "{changed=true}", known);
    check(&client.ask(322, &fields("127.0.0.1:29911"), known).await, 0, None, "{changed=false}", known);
    check(&client.ask(322, &fields("127.0.0.1:1"), known).await, 0, None, "{changed=true}", "");
}

#[tokio::test]
async fn order_configuration_goes_to_brokers_and_where_wanted_to_clients() {
    let (_namesrv, mut client) = recorded().await;
    let put = [("namespace", "ORDER_TOPIC_CONFIG"), ("key", "CT_Normal"), ("value", "broker-a:4")];
    client.ask(100, &put, "").await;
    let answer = client.register("broker-b", "0", "127.0.0.1:1", registration("T", 1)).await;
    check(&answer, 0, None, "{}", r#"{"table":{"CT_Normal":"broker-a:4"}}"#);
    assert!(!client.route("CT_Normal").await.contains("orderTopicConf"));
    check(&client.ask(318, &[], "orderMessageEnable=true\n\n").await, 0, None, "null", "");
    assert!(
        client
            .route("CT_Normal")
            .await
            .contains(r#""filterServerTable":{},"orderTopicConf":"broker-a:4","queueDatas""#)
    );
    assert!(!client.route("T").await.contains("orderTopicConf"));
}

#[tokio::test]
async fn the_configuration_is_shown_and_changed_but_for_protected_keys() {
    let namesrv = TestNamesrv::start().await;
    let mut client = namesrv.connect().await;
    std::fs::write(namesrv.config_file(), "# mine\nlistenPort=9876\norderMessageEnable=false\n").unwrap();
    let protected = Some("Can not update config in black list.");
    for key in ["configBlackList", "configStorePath", "kvConfigPath", "rocketmqHome", "listenPort"] {
        let answer = client.ask(318, &[], format!("orderMessageEnable=true\n{key}=x\n")).await;
        check(&answer, 16, protected, "null", "");
    }
    let malformed = client.ask(318, &[], "maxTopics=7\norderMessageEnable=maybe\n").await;
    check(&malformed, 1, Some("orderMessageEnable: not true or false"), "null", "");
    let shown = text(&client.ask(319, &[], "").await);
    assert!(shown.contains("orderMessageEnable=false\n") && shown.contains("maxTopics=100000\n"), "{shown}");
    assert!(shown.contains("serverWorkerThreads=8\n"), "{shown}");
    check(
        &client.ask(318, &[], "orderMessageEnable=true\nunknown=1\nserverWorkerThreads=4").await,
        0,
        None,
        "null",
        "",
    );
    assert!(text(&client.ask(319, &[], "").await).contains("orderMessageEnable=true\n"));
    let stored = std::fs::read_to_string(namesrv.config_file()).unwrap();
    assert_eq!(stored, "# mine\nlistenPort=9876\norderMessageEnable=true\nserverWorkerThreads=4\n");
}

#[tokio::test]
async fn nothing_is_said_to_unknown_codes() {
    let namesrv = TestNamesrv::start().await;
    let mut client = namesrv.connect().await;
    let unknown = request(10, 1000, &[("topic", "x")], "");
    client.wire.send(&crate::remoting::testing::bytes(&[unknown])).await;
    check(&client.ask(206, &[], "").await, 0, None, "null", r#"{"topicList":[]}"#);
}
