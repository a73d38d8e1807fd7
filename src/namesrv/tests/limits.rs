//! What is too much, or too strange, is answered 1 and changes nothing.

use pretty_assertions::assert_eq;

use super::*;

#[tokio::test]
async fn brokers_and_topics_are_counted() {
    let namesrv = TestNamesrv::start_with(|config| {
        config.max_brokers = 2;
        config.max_topics = 2;
    })
    .await;
    let mut broker = namesrv.connect().await;
    for (name, topic) in [("a", "T1"), ("b", "T2"), ("a", "T1")] {
        assert_eq!(broker.register(name, "0", &format!("{name}:1"), registration(topic, 1)).await.code, 0);
    }
    let third = broker.register("c", "0", "c:1", registration("T1", 1)).await;
    check(&third, 1, Some("too many brokers: the limit is 2"), "{}", "");
    let third = broker.register("a", "0", "a:1", registration("T3", 2)).await;
    check(&third, 1, Some("too many topics: the limit is 2"), "{}", "");
    assert_eq!(broker.route("T3").await, "17");
    assert_eq!(broker.register("a", "0", "a:1", registration("T2", 2)).await.code, 0);
}

#[tokio::test]
async fn names_are_checked() {
    let namesrv = TestNamesrv::start().await;
    let mut broker = namesrv.connect().await;
    let long = "x".repeat(256);
    for (name, address, topic, remark) in [
        ("", "a:1", "T", "the broker name is empty"),
        (long.as_str(), "a:1", "T", "the broker name is longer than 255 characters"),
        ("a\\n", "a:1", "T\\nU", "the topic name contains control characters"),
        ("a", "", "T", "the address name is empty"),
    ] {
        let answer = broker.register(name, "0", address, registration(topic, 1)).await;
        check(&answer, 1, Some(remark), "{}", "");
    }
    let retry = format!("%RETRY%{}", &long[1..]);
    assert_eq!(broker.register("a", "0", "a:1", registration(&retry, 1)).await.code, 0);
}

#[tokio::test]
async fn kv_entries_are_counted_and_measured() {
    let namesrv = TestNamesrv::start_with(|config| {
        config.max_kv_configs = 1;
        config.max_kv_config_size = 3;
    })
    .await;
    let mut client = namesrv.connect().await;
    let entry = |key, value| [("namespace", "N"), ("key", key), ("value", value)];
    check(
        &client.ask(100, &entry("k", "1234"), "").await,
        1,
        Some("too many bytes in the value: the limit is 3"),
        "null",
        "",
    );
    check(&client.ask(100, &entry("k", "123"), "").await, 0, None, "null", "");
    check(&client.ask(100, &entry("k", "321"), "").await, 0, None, "null", "");
    check(&client.ask(100, &entry("l", "1"), "").await, 1, Some("too many KV entries: the limit is 1"), "null", "");
    assert_eq!(client.ask(100, &[("namespace", "N")], "").await.code, 1);
}

#[tokio::test]
async fn the_stop_ends_it_and_the_kv_entries_are_kept() {
    let namesrv = TestNamesrv::start().await;
    let mut client = namesrv.connect().await;
    client.ask(100, &[("namespace", "N"), ("key", "k"), ("value", "v")], "").await;
    namesrv.stop.cancel();
    client.wire.expect_closed().await;
    namesrv.running.stopped().await;
    let path = namesrv.folder.path().join("kvConfig.json");
    let again = TestNamesrv::start_with(|config| config.kv_config_path = path).await;
    let answer = again.connect().await.ask(101, &[("namespace", "N"), ("key", "k")], "").await;
    check(&answer, 0, None, "{value=v}", "");
}
