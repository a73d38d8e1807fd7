//! Tests of the table.

use super::*;

fn rules(auto_create: bool) -> TopicRules {
    TopicRules {
        broker_name: "broker-a".into(),
        cluster_name: "DefaultCluster".into(),
        auto_create,
        default_queues: 8,
        auto_created_max: 100,
        cluster_topic: true,
        broker_topic: true,
        trace_topic: None,
    }
}

fn table(auto_create: bool) -> (tempfile::TempDir, TopicTable) {
    let folder = tempfile::tempdir().expect("a temp folder");
    let meta = Meta::open(folder.path()).expect("meta opens");
    (folder, TopicTable::load(meta, rules(auto_create)).expect("topics load"))
}

fn check_start(auto_create: bool, topic: &str, expected: Option<(i32, i32)>) {
    let (_folder, table) = table(auto_create);
    assert_eq!(table.get(topic).map(|topic| (topic.write_queue_nums, topic.perm)), expected, "topic {topic}");
}

#[test]
fn topics_exist_from_the_start_as_in_java() {
    check_start(true, "TBW102", Some((8, 7)));
    check_start(true, "AUTO_CREATE_TOPIC_KEY", Some((8, 7)));
    check_start(false, "TBW102", None);
    check_start(true, "SELF_TEST_TOPIC", Some((1, 6)));
    check_start(true, "BenchmarkTest", Some((1024, 6)));
    check_start(true, "DefaultCluster", Some((16, 7)));
    check_start(true, "broker-a", Some((1, 7)));
    check_start(true, "OFFSET_MOVED_EVENT", Some((1, 6)));
    check_start(true, "SCHEDULE_TOPIC_XXXX", Some((18, 6)));
    check_start(true, "DefaultCluster_REPLY_TOPIC", Some((1, 6)));
    check_start(true, "RMQ_SYS_TRACE_TOPIC", None);
}

fn check_inherit(base: &str, wanted: i32, expected: Option<(i32, i32)>) {
    let (_folder, table) = table(true);
    let made = table.get_or_inherit("New", base, wanted, 0).expect("no disk error");
    assert_eq!(made.map(|(topic, _)| (topic.write_queue_nums, topic.perm)), expected, "base {base}, {wanted} wanted");
}

#[test]
fn a_send_makes_topics_by_the_rules_of_its_base() {
    check_inherit("TBW102", 4, Some((4, 6)));
    check_inherit("AUTO_CREATE_TOPIC_KEY", 4, Some((4, 6)));
    check_inherit("TBW102", 1_000_000, Some((8, 6)));
    check_inherit("TBW102", -5, Some((0, 6)));
    check_inherit("DefaultCluster", 64, Some((16, 6)));
    check_inherit("SELF_TEST_TOPIC", 4, None);
    check_inherit("NoSuch", 4, None);
}

#[test]
fn a_made_topic_outlives_the_table() {
    let (folder, table) = table(true);
    assert!(table.get_or_inherit("New", "TBW102", 4, 0).expect("no disk error").is_some_and(|(_, made)| made));
    assert!(table.get_or_inherit("New", "TBW102", 4, 0).expect("no disk error").is_some_and(|(_, made)| !made));
    let version = table.version();
    drop(table);
    let meta = Meta::open(folder.path()).expect("meta opens again");
    let again = TopicTable::load(meta, rules(true)).expect("topics load");
    assert_eq!(again.get("New").map(|topic| topic.read_queue_nums), Some(4));
    assert_eq!(again.version().counter, version.counter);
    assert!(again.remove("New").expect("no disk error"));
    assert!(again.get("New").is_none());
}

#[test]
fn own_names_are_system_topics() {
    let (_folder, table) = table(true);
    for own in ["DefaultCluster", "broker-a", "DefaultCluster_REPLY_TOPIC", "TBW102", "rmq_sys_any"] {
        assert!(table.is_system(own), "topic {own}");
    }
    assert!(!table.is_system("Orders"));
}

#[test]
fn a_topic_is_described_as_java_prints_it() {
    let text = describe(&topic_config("T", 4, 6));
    assert_eq!(
        text,
        "TopicConfig [topicName=T, readQueueNums=4, writeQueueNums=4, perm=RW-, topicFilterType=SINGLE_TAG, topicSysFlag=0, order=false]"
    );
}

/// Two topics at once, of which the second is ordered; `only` those that were registered.
fn check_order(named_by_server: &[&str], only: Option<&[&str]>, expected: [bool; 2]) {
    let (_folder, table) = table(true);
    for (name, order) in [("A", false), ("B", true)] {
        let (topic, _) = table.get_or_inherit(name, "TBW102", 1, 0).expect("no disk error").expect("it is made");
        table.table.put(name, TopicConfig { order, ..TopicConfig::clone(&topic) }).expect("no disk error");
    }
    let ordered = named_by_server.iter().map(|name| ((*name).to_owned(), "broker-a:1".to_owned())).collect();
    let only: Option<Vec<String>> = only.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
    table.take_over_order(&KvTable { table: ordered }, only.as_deref()).expect("no disk error");
    let order = ["A", "B"].map(|name| table.get(name).is_some_and(|topic| topic.order));
    assert_eq!(order, expected, "{named_by_server:?} {only:?}");
}

#[test]
fn the_name_server_says_which_topics_are_ordered() {
    check_order(&["A"], None, [true, false]);
    // It said so after the topic's own registration: the next of any topic brings it.
    check_order(&["A", "B"], Some(&["C"]), [true, true]);
    check_order(&[], Some(&["A"]), [false, true]);
    check_order(&[], Some(&["B"]), [false, false]);
}
