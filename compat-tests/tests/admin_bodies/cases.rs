//! What is asked of both servers, in this order: what changes the state comes last.

use compat_tests::client::{code, create_topic};
use compat_tests::frame::{Request, request};

use crate::state::{GROUP, OFFLINE, TOPIC, commit, group_config};

/// Whom a question is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum To {
    Broker,
    Namesrv,
}

/// One question.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) to: To,
    pub(crate) request: Request,
}

fn broker(name: &'static str, request: Request) -> Case {
    Case { name, to: To::Broker, request }
}

fn namesrv(name: &'static str, request: Request) -> Case {
    Case { name, to: To::Namesrv, request }
}

fn topic(code: i32, topic: &str) -> Request {
    request(code).field("topic", topic)
}

fn group(code: i32, group: &str) -> Request {
    request(code).field("consumerGroup", group)
}

/// All questions.
pub(crate) fn all() -> Vec<Case> {
    [routes(), topics(), groups(), progress(), clients(), statistics(), settings(), resets(), changes(), of_namesrv()]
        .into_iter()
        .flatten()
        .collect()
}

fn routes() -> Vec<Case> {
    vec![
        namesrv("105", topic(105, TOPIC)),
        namesrv("105 old client", topic(105, TOPIC).version(393)),
        namesrv("105 old client, standard JSON", topic(105, TOPIC).version(393).field("acceptStandardJsonOnly", true)),
        namesrv("105 read only", topic(105, "BodiesReadOnly")),
        namesrv("105 missing", topic(105, "NoSuchTopic")),
        namesrv("106", request(106)),
        namesrv("206", request(206)),
        namesrv("224", request(224).field("cluster", "DefaultCluster")),
        namesrv("224 missing", request(224).field("cluster", "NoSuchCluster")),
        namesrv("304", request(304)),
        namesrv("311", request(311)),
        namesrv("312", request(312)),
        namesrv("313", request(313)),
    ]
}

fn topics() -> Vec<Case> {
    vec![
        broker("21", request(21)),
        broker("202", topic(202, TOPIC)),
        broker("202 missing", topic(202, "NoSuchTopic")),
        broker("305", request(305)),
        broker("300", topic(300, TOPIC)),
        broker("300 missing", topic(300, "NoSuchTopic")),
        broker("17 illegal", create_topic("bad name!", 1, 6)),
        broker("17 blank", create_topic("", 1, 6)),
        broker("17 long", create_topic(&"a".repeat(128), 1, 6)),
        broker("17 system", create_topic("SELF_TEST_TOPIC", 1, 6)),
        broker("215 system", topic(215, "TBW102")),
        broker("215 illegal", topic(215, "../x")),
        broker("215 missing", topic(215, "NoSuchTopic")),
        broker("29", topic(29, TOPIC).field("queueId", 0).field("timestamp", 0)),
        broker("30", topic(30, TOPIC).field("queueId", 0)),
        broker("31", topic(31, TOPIC).field("queueId", 0)),
        broker("32", topic(32, TOPIC).field("queueId", 0)),
        broker("32 missing", topic(32, "NoSuchTopic").field("queueId", 0)),
    ]
}

fn groups() -> Vec<Case> {
    vec![
        broker("201", request(201)),
        broker("203", group(203, GROUP)),
        broker("203 offline", group(203, OFFLINE)),
        broker("38", group(38, GROUP)),
        broker("38 offline", group(38, "NoSuchGroup")),
        broker("204", request(204).field("producerGroup", "BodiesProducer")),
        broker("204 missing", request(204).field("producerGroup", "NoSuchGroup")),
        broker("328", request(328)),
        broker("43", request(43)),
        broker("45", request(45)),
        broker("41", request(41).body(lock("bodies@1"))),
        broker("41 locked by another", request(41).body(lock("bodies@2"))),
        broker("42", request(42).body(lock("bodies@1"))),
    ]
}

fn lock(client: &str) -> String {
    format!(
        r#"{{"clientId":"{client}","consumerGroup":"{GROUP}","mqSet":[{{"brokerName":"broker-a","queueId":0,"topic":"{TOPIC}"}}]}}"#
    )
}

fn progress() -> Vec<Case> {
    let cq = |index: i64| topic(321, TOPIC).field("queueId", 0).field("index", index).field("count", 2);
    vec![
        broker("208", group(208, GROUP)),
        broker("208 one topic", group(208, GROUP).field("topic", TOPIC)),
        broker("208 not subscribed", group(208, GROUP).field("topic", "BodiesReadOnly")),
        broker("208 offline", group(208, OFFLINE)),
        broker("208 missing", group(208, "NoSuchGroup")),
        broker("303", topic(303, TOPIC).field("group", GROUP)),
        broker("303 never consumed", topic(303, TOPIC).field("group", "NoSuchGroup")),
        broker("303 missing", topic(303, "NoSuchTopic").field("group", GROUP)),
        broker("308", topic(308, TOPIC).field("filterGroups", "").field("compareGroup", GROUP)),
        broker("317", request(317).field("isOrder", false)),
        broker("317 ordered", request(317).field("isOrder", true)),
        broker("321", cq(0)),
        broker("321 of a group", cq(0).field("consumerGroup", GROUP)),
        broker("321 of an offline group", cq(0).field("consumerGroup", OFFLINE)),
        broker("321 beyond", cq(99)),
        broker("321 missing", topic(321, "NoSuchTopicEver").field("queueId", 0).field("index", 0).field("count", 1)),
    ]
}

fn clients() -> Vec<Case> {
    let running = |client: &str| group(307, GROUP).field("clientId", client).field("jstackEnable", true);
    let status = topic(223, TOPIC).field("group", GROUP).field("clientAddr", "");
    vec![
        broker("307", running("bodies@1")),
        broker("307 offline", running("nobody@1")),
        broker("223", status.clone()),
        broker("223 another client", status.field("clientAddr", "nobody@1")),
        broker(
            "309 offline",
            group(309, GROUP).field("clientId", "nobody@1").field("msgId", "7F000001000074D70000000000000000"),
        ),
        broker(
            "309",
            group(309, GROUP).field("clientId", "bodies@1").field("msgId", "7F000001000074D70000000000000000"),
        ),
    ]
}

fn statistics() -> Vec<Case> {
    let stats = |name: &str, key: &str| request(315).field("statsName", name).field("statsKey", key);
    let of_group = format!("{TOPIC}@{GROUP}");
    vec![
        broker("315 TOPIC_PUT_NUMS", stats("TOPIC_PUT_NUMS", TOPIC)),
        broker("315 TOPIC_PUT_SIZE", stats("TOPIC_PUT_SIZE", TOPIC)),
        broker("315 GROUP_GET_NUMS", stats("GROUP_GET_NUMS", &of_group)),
        broker("315 GROUP_GET_SIZE", stats("GROUP_GET_SIZE", &of_group)),
        broker("315 GROUP_GET_LATENCY", stats("GROUP_GET_LATENCY", &format!("1@{of_group}"))),
        broker("315 TOPIC_PUT_NUMS of delayed messages", stats("TOPIC_PUT_NUMS", "SCHEDULE_TOPIC_XXXX")),
        broker(
            "315 GROUP_GET_NUMS of delayed messages",
            stats("GROUP_GET_NUMS", "SCHEDULE_TOPIC_XXXX@SCHEDULE_CONSUMER"),
        ),
        broker("315 QUEUE_PUT_NUMS", stats("QUEUE_PUT_NUMS", &format!("{TOPIC}@1"))),
        broker("315 QUEUE_PUT_SIZE", stats("QUEUE_PUT_SIZE", &format!("{TOPIC}@1"))),
        broker("315 QUEUE_GET_NUMS", stats("QUEUE_GET_NUMS", &format!("{TOPIC}@1@{GROUP}"))),
        broker("315 QUEUE_GET_SIZE", stats("QUEUE_GET_SIZE", &format!("{TOPIC}@1@{GROUP}"))),
        broker("315 BROKER_PUT_NUMS", stats("BROKER_PUT_NUMS", "DefaultCluster")),
        broker("315 BROKER_GET_NUMS", stats("BROKER_GET_NUMS", "DefaultCluster")),
        broker("315 GROUP_GET_FALL_SIZE", stats("GROUP_GET_FALL_SIZE", &format!("1@{of_group}"))),
        broker("315 SNDBCK_PUT_NUMS", stats("SNDBCK_PUT_NUMS", &of_group)),
        broker("315 missing key", stats("TOPIC_PUT_NUMS", "NoSuchTopic")),
        broker("315 missing name", stats("NO_SUCH_NUMS", TOPIC)),
        broker("28", request(28)),
    ]
}

fn settings() -> Vec<Case> {
    let set = |text: &str| request(25).body(text);
    vec![
        broker("26", request(26)),
        broker("25", set("brokerPermission=6\n")),
        broker("25 unknown", set("noSuchKey=1\n")),
        broker("25 nothing", request(25)),
        broker("26 afterwards", request(26)),
        broker("50", request(50).field("accessKey", "RocketMQ").field("secretKey", "12345678").field("admin", false)),
        broker("51", request(51).field("accessKey", "RocketMQ")),
        broker("53", request(53).field("globalWhiteAddrs", "10.0.0.1")),
        broker("323 of nothing", request(323).field("msgId", "7F000001000074D700000000009896FF")),
    ]
}

fn resets() -> Vec<Case> {
    let reset = |group: &str, time: i64| {
        topic(222, TOPIC).field("group", group).field("timestamp", time).field("isForce", true)
    };
    vec![
        broker("222 to the end", reset(GROUP, -1)),
        broker("222 to the beginning", reset(GROUP, 0)),
        broker("222 beyond the end", reset(GROUP, 4_000_000_000_000)),
        broker("222 not forced", reset(GROUP, -1).field("isForce", false)),
        broker("222 as C++ asks", reset(GROUP, -1).language("CPP")),
        broker("222 without offsets", reset("NoSuchGroup", -1)),
        broker("222 of an offline group, a queue without offset", reset(OFFLINE, -1)),
        broker("15 the other queue", commit(OFFLINE, TOPIC, 1, 1)),
        broker("222 of an offline group", reset(OFFLINE, -1)),
        broker("222 missing topic", reset(GROUP, -1).field("topic", "NoSuchTopic")),
        broker("43 after the resets", request(43)),
    ]
}

fn changes() -> Vec<Case> {
    let clone = |topic: &str| {
        request(314)
            .field("srcGroup", OFFLINE)
            .field("destGroup", "BodiesClone")
            .field("topic", topic)
            .field("offline", true)
    };
    let delete_group = |group: &str, remove: bool| request(207).field("groupName", group).field("removeOffset", remove);
    vec![
        broker("314", clone(TOPIC)),
        broker("314 missing", clone("NoSuchTopic")),
        broker("43 after the clone", request(43)),
        broker("314 all topics", clone("").field("destGroup", "BodiesCloneAll")),
        broker("43 after the clone of all topics", request(43)),
        broker("207 of that clone", delete_group("BodiesCloneAll", true)),
        broker("25 live keys", request(25).body("traceOn=false\nlongPollingEnable=true\nfileReservedTime=48\n")),
        broker("26 after live keys", request(26)),
        broker("25 permission", request(25).body("brokerPermission=4\n")),
        namesrv("105 while nobody may send", topic(105, TOPIC)),
        broker("25 permission back", request(25).body("brokerPermission=6\n")),
        namesrv("105 when all may again", topic(105, TOPIC)),
        broker("200", request(200).body(group_config("BodiesMade").replace("16", "3"))),
        broker("207", delete_group("BodiesGoneGroup", false)),
        broker("207 missing", delete_group("NoSuchGroup", true)),
        broker("201 afterwards", request(201)),
        broker("17", create_topic("BodiesMade", 3, 6).field("order", true)),
        broker("215", topic(215, "BodiesGone")),
        broker("43 after the deletion", request(43)),
        broker("202 deleted", topic(202, "BodiesGone")),
        broker("30 deleted", topic(30, "BodiesGone").field("queueId", 0)),
        broker("208 deleted topic", group(208, OFFLINE)),
        broker("207 with offsets", delete_group(OFFLINE, true)),
        broker("43 afterwards", request(43)),
        broker("300 afterwards", topic(300, TOPIC)),
        broker("21 afterwards", request(21)),
        broker("306", request(306)),
        broker("316", request(316)),
        broker("329", request(329)),
    ]
}

fn of_namesrv() -> Vec<Case> {
    let kv = |code: i32, namespace: &str| request(code).field("namespace", namespace).field("key", "k");
    let named = |code: i32| request(code).field("brokerName", "broker-a");
    let version =
        named(322).field("brokerAddr", "127.0.0.1:1").field("clusterName", "DefaultCluster").field("brokerId", 0);
    vec![
        namesrv("105 made", topic(105, "BodiesMade")),
        namesrv("100", kv(code::PUT_KV_CONFIG, "SPACE").field("value", "v")),
        namesrv("100 nothing", request(code::PUT_KV_CONFIG)),
        namesrv("101", kv(101, "SPACE")),
        namesrv("101 missing", kv(101, "NOSPACE")),
        namesrv("219", kv(219, "SPACE")),
        namesrv("219 missing", kv(219, "NOSPACE")),
        namesrv("102", kv(102, "SPACE")),
        namesrv("102 missing", kv(102, "NOSPACE")),
        namesrv("319", request(319)),
        namesrv("318 path", request(318).body("kvConfigPath=x\n")),
        namesrv("318", request(318).body("orderMessageEnable=true\n")),
        namesrv("322 of a stranger", version.body(r#"{"counter":0,"timestamp":1}"#)),
        namesrv("205", named(205)),
        namesrv("205 missing", request(205).field("brokerName", "nobody")),
        namesrv("105 wiped", topic(105, TOPIC)),
        namesrv("327", named(327)),
        namesrv("105 writable again", topic(105, TOPIC)),
        namesrv("216", topic(216, "BodiesGone")),
        namesrv("216 of a cluster", topic(216, "BodiesUnit").field("clusterName", "DefaultCluster")),
        namesrv("206 afterwards", request(206)),
    ]
}
