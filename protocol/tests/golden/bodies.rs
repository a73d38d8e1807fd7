//! JSON bodies.

use pretty_assertions::assert_eq;
use serde::Serialize;
use serde::de::DeserializeOwned;
use skylark_protocol::body::*;

use crate::sample;

/// Reads a sample, writes it, and compares: the same tree in as many bytes, so in the same dialect. The order of
/// Java's maps is not ours.
#[track_caller]
fn check<T: DeserializeOwned + Serialize>(file: &str) -> T {
    let bytes = sample(file);
    let body: T = decode(&bytes).unwrap_or_else(|error| panic!("{file}: {error}"));
    let written = encode(&body);
    assert_eq!(tree(&written), tree(&bytes), "{file}");
    assert_eq!(written.len(), bytes.len(), "{file}");
    body
}

/// As [`check`], where Java's maps have at most one entry: byte for byte.
#[track_caller]
fn check_bytes<T: DeserializeOwned + Serialize>(file: &str) -> T {
    let body: T = check(file);
    assert_eq!(String::from_utf8(encode(&body)), String::from_utf8(sample(file)), "{file}");
    body
}

fn tree(bytes: &[u8]) -> serde_json::Value {
    fastjson::parse(std::str::from_utf8(bytes).unwrap()).unwrap()
}

fn queue(queue_id: i32) -> MessageQueue {
    MessageQueue { broker_name: "broker-a".into(), queue_id, topic: "CT_Normal".into() }
}

#[test]
fn routes_in_both_dialects() {
    let old: TopicRouteData = check_bytes("GET_ROUTEINFO_BY_TOPIC.old-client.json");
    for file in
        ["GET_ROUTEINFO_BY_TOPIC.standard.json", "GET_ROUTEINFO_BY_TOPIC.old-client-acceptStandardJsonOnly.json"]
    {
        assert_eq!(decode::<TopicRouteData>(&sample(file)), Ok(old.clone()));
        assert_eq!(String::from_utf8(encode_standard(&old)), String::from_utf8(sample(file)));
    }
    assert_eq!(old.broker_datas[0].broker_addrs[&0], "127.0.0.1:29911");
    assert_eq!(old.queue_datas[0].write_queue_nums, 4);
    let before_4_9 = br#"{"queueDatas":[{"brokerName":"b","topicSynFlag":2}]}"#;
    assert_eq!(decode::<TopicRouteData>(before_4_9).unwrap().queue_datas[0].topic_sys_flag, 2);
}

#[test]
fn clusters_and_topic_lists() {
    check_bytes::<ClusterInfo>("GET_BROKER_CLUSTER_INFO.json");
    check_bytes::<KvTable>("GET_KVLIST_BY_NAMESPACE.json");
    check_bytes::<GroupList>("QUERY_TOPIC_CONSUME_BY_WHO.json");
    for name in [
        "GET_ALL_TOPIC_LIST_FROM_NAMESERVER",
        "GET_TOPICS_BY_CLUSTER",
        "GET_SYSTEM_TOPIC_LIST_FROM_NS",
        "GET_SYSTEM_TOPIC_LIST_FROM_BROKER",
        "GET_UNIT_TOPIC_LIST",
        "GET_HAS_UNIT_SUB_TOPIC_LIST",
        "GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST",
    ] {
        check_bytes::<TopicList>(&format!("{name}.json"));
    }
}

#[test]
fn topics_and_groups() {
    let version: DataVersion = check_bytes("QUERY_DATA_VERSION.json");
    assert_eq!(version, DataVersion { counter: 18, timestamp: 1_795_509_292_372 });
    let topics: TopicConfigSerializeWrapper = check("GET_ALL_TOPIC_CONFIG.json");
    assert_eq!(topics.topic_config_table["SCHEDULE_TOPIC_XXXX"].read_queue_nums, 18);
    let groups: SubscriptionGroupWrapper = check("GET_ALL_SUBSCRIPTIONGROUP_CONFIG.json");
    let expected = SubscriptionGroupConfig { group_name: "CG_Delay".into(), ..SubscriptionGroupConfig::default() };
    assert_eq!(groups.subscription_group_table["CG_Delay"], expected);
    let group: SubscriptionGroupConfig = check_bytes("UPDATE_AND_CREATE_SUBSCRIPTIONGROUP.request.json");
    assert_eq!((group.retry_max_times, group.consume_broadcast_enable), (3, false));
    let offsets: ConsumerOffsetSerializeWrapper = check("GET_ALL_CONSUMER_OFFSET.json");
    assert_eq!(offsets.offset_table["CT_Normal@CG_Normal"][&3], 5);
    let delays: DelayOffsetSerializeWrapper = check_bytes("GET_ALL_DELAY_OFFSET.json");
    assert_eq!(delays.offset_table[&1], 3);
}

#[test]
fn registrations() {
    let body: RegisterBrokerBody = check("REGISTER_BROKER.request.json");
    assert_eq!(body.topic_config_serialize_wrapper.data_version.counter, 34);
    assert_eq!(RegisterBrokerBody::decode(&body.encode(false), false), Ok(body.clone()));
    let mut compressed = body.clone();
    for topic in compressed.topic_config_serialize_wrapper.topic_config_table.values_mut() {
        (topic.order, topic.topic_sys_flag) = (false, 0);
    }
    assert_eq!(RegisterBrokerBody::decode(&body.encode(true), true), Ok(compressed));
}

#[test]
fn clients() {
    let beat: HeartbeatData = check_bytes("HEART_BEAT.request.json");
    assert_eq!(beat.consumer_data_set[0].message_model, Some(MessageModel::Clustering));
    assert_eq!(beat.consumer_data_set[0].subscription_data_set[0].code_set[0], 2_598_919);
    let consumers: ConsumerConnection = check("GET_CONSUMER_CONNECTION_LIST.json");
    assert_eq!(consumers.consume_type, Some(ConsumeType::Passively));
    check_bytes::<ProducerConnection>("GET_PRODUCER_CONNECTION_LIST.json");
    check::<ProducerTableInfo>("GET_ALL_PRODUCER_INFO.json");
    check_bytes::<GetConsumerListByGroupBody>("GET_CONSUMER_LIST_BY_GROUP.json");
    let lock: LockBatchRequestBody = check_bytes("LOCK_BATCH_MQ.request.json");
    assert_eq!(lock.mq_set[0].topic, "CT_Order");
    check_bytes::<LockBatchResponseBody>("LOCK_BATCH_MQ.json");
    let unlock: UnlockBatchRequestBody = decode(&sample("UNLOCK_BATCH_MQ.request.json")).unwrap();
    assert_eq!(unlock.mq_set, lock.mq_set);
}

#[test]
fn a_client_of_a_later_version() {
    let beat = br#"{"clientID":"c","consumerDataSet":[{"consumeType":"CONSUME_POP","groupName":"G"}],"heartbeatFingerprint":0}"#;
    let beat: HeartbeatData = decode(beat).unwrap();
    assert_eq!((beat.consumer_data_set[0].consume_type, beat.consumer_data_set[0].group_name.as_str()), (None, "G"));
}

#[test]
fn progress() {
    let stats: ConsumeStats = check("GET_CONSUME_STATS.json");
    assert_eq!(stats.offset_table[&queue(2)].last_timestamp, 1_795_508_002_421);
    check_bytes::<ConsumeStats>("GET_CONSUME_STATS.topic.json");
    check_bytes::<ConsumeStats>("GET_CONSUME_STATS.empty.json");
    check::<ConsumeStatsList>("GET_BROKER_CONSUME_STATS.json");
    let stats: TopicStatsTable = check_bytes("GET_TOPIC_STATS_INFO.json");
    assert_eq!(stats.offset_table[&queue(3)].max_offset, 5);
    check_bytes::<QueryConsumeQueueResponseBody>("QUERY_CONSUME_QUEUE.json");
    check_bytes::<QueryConsumeTimeSpanBody>("QUERY_CONSUME_TIME_SPAN.json");
    let offsets: QueryCorrectionOffsetBody = check_bytes("QUERY_CORRECTION_OFFSET.json");
    assert_eq!(offsets.correction_offsets[&2], 3);
}

#[test]
fn resets() {
    check_bytes::<ResetOffsetBody>("INVOKE_BROKER_TO_RESET_OFFSET.json");
    check_bytes::<ResetOffsetBody>("INVOKE_BROKER_TO_RESET_OFFSET.cpp.json");
    check_bytes::<ResetOffsetBody>("RESET_CONSUMER_CLIENT_OFFSET.request.json");
    check_bytes::<ResetOffsetBodyForC>("RESET_CONSUMER_CLIENT_OFFSET.request.cpp.json");
    let status: GetConsumerStatusBody = check_bytes("INVOKE_BROKER_TO_GET_CONSUMER_STATUS.json");
    assert_eq!(status.consumer_table["192.0.2.2@ct-CG_Normal"][&queue(3)], 5);
}

#[test]
fn keys_in_quotes() {
    let reset: ResetOffsetBody = check_bytes("INVOKE_BROKER_TO_RESET_OFFSET.json");
    let quoted = encode_standard(&reset);
    assert!(serde_json::from_slice::<serde_json::Value>(&quoted).is_ok());
    assert_eq!(decode(&quoted), Ok(reset));
}

#[test]
fn consumers_and_statistics() {
    let info: ConsumerRunningInfo = check("GET_CONSUMER_RUNNING_INFO.json");
    assert!(info.mq_table.values().any(|queue| queue.locked));
    let result: ConsumeMessageDirectlyResult = check_bytes("CONSUME_MESSAGE_DIRECTLY.json");
    assert_eq!(result.consume_result, Some(ConsumeResult::Success));
    let stats: BrokerStatsData = check_bytes("VIEW_BROKER_STATS_DATA.json");
    assert_eq!(stats.stats_hour.sum, 16);
    let runtime: KvTable = check("GET_BROKER_RUNTIME_INFO.json");
    assert_eq!(runtime.table["msgPutTotalTodayNow"], "49");
}
