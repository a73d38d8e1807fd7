//! A started broker on ports of its own, asked over sockets.

mod filters;
mod locks;
mod overload;
mod waiting;
mod replies;
mod settings;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use skylark_protocol::body::{
    self, ConsumerData, HeartbeatData, ProducerData, SubscriptionData, TopicConfigSerializeWrapper,
};
use skylark_protocol::message::batch;
use skylark_protocol::message::record::RecordView;
use skylark_protocol::request::*;
use skylark_protocol::response_code::*;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::lifecycle::{Listeners, RunningBroker};
use crate::config::BrokerConfig;
use crate::remoting::{Answer, Client, Limits, bind};
use crate::store::disk::RealDisk;

const TIMEOUT: Duration = Duration::from_secs(10);

/// A broker with a folder, and a client of it.
struct Fixture {
    folder: tempfile::TempDir,
    /// What its configuration has beyond that of all tests.
    configure: fn(&mut BrokerConfig),
    broker: RunningBroker,
    client: Client,
    address: String,
    vip: String,
}

async fn listener() -> TcpListener {
    bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port")
}

async fn start_in(folder: tempfile::TempDir, configure: fn(&mut BrokerConfig)) -> Fixture {
    let mut config = BrokerConfig {
        broker_ip1: "127.0.0.1".into(),
        broker_name: "broker-a".into(),
        store_path_root_dir: folder.path().to_owned(),
        mapped_file_size_commit_log: 64 << 20,
        ..BrokerConfig::default()
    };
    configure(&mut config);
    let listeners = Listeners { main: listener().await, vip: listener().await };
    let vip = listeners.vip.local_addr().expect("an address").to_string();
    let broker = RunningBroker::start(config, listeners, Arc::new(RealDisk)).await.expect("the broker starts");
    let address = broker.local_addr().to_string();
    let client = new_client();
    Fixture { folder, configure, broker, client, address, vip }
}

async fn start() -> Fixture {
    start_with(|_| {}).await
}

async fn start_with(configure: fn(&mut BrokerConfig)) -> Fixture {
    start_in(tempfile::tempdir().expect("a temp folder"), configure).await
}

fn new_client() -> Client {
    Client::new(Limits::default(), CancellationToken::new())
}

impl Fixture {
    async fn ask<R: Request>(&self, request: R, body: impl Into<Bytes>) -> Answer<R> {
        self.client.call(&self.address, &request, body.into(), TIMEOUT).await.expect("an answer")
    }

    async fn send(&self, topic: &str, queue_id: i32, properties: &str, body: &str) -> Answer<SendMessageV2> {
        self.ask(send(topic, queue_id, properties), body.to_owned()).await
    }

    /// Returns when a pull waits for a message.
    async fn wait_for_held_pull(&self) {
        while self.broker.broker.held_pulls.load(Ordering::Relaxed) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn restart(self) -> Fixture {
        self.broker.stop().await.expect("a clean stop");
        start_in(self.folder, self.configure).await
    }
}

fn send(topic: &str, queue_id: i32, properties: &str) -> SendMessageV2 {
    SendMessageV2 {
        producer_group: "PG".into(),
        topic: topic.into(),
        default_topic: "TBW102".into(),
        default_topic_queue_nums: 4,
        queue_id,
        born_timestamp: 1_600_000_000_000,
        properties: Some(properties.into()),
        reconsume_times: Some(0),
        ..SendMessageV2::default()
    }
}

fn pull(topic: &str, offset: i64, tags: &str) -> PullMessage {
    PullMessage {
        consumer_group: "G".into(),
        topic: topic.into(),
        queue_offset: offset,
        max_msg_nums: 32,
        sys_flag: 4,
        subscription: Some(tags.into()),
        expression_type: Some("TAG".into()),
        ..PullMessage::default()
    }
}

/// A pull that waits up to `hold`.
fn long_pull(topic: &str, offset: i64, tags: &str, hold: Duration) -> PullMessage {
    let suspend_timeout_millis = i64::try_from(hold.as_millis()).expect("a short hold");
    PullMessage { sys_flag: 6, suspend_timeout_millis, ..pull(topic, offset, tags) }
}

fn records(mut body: &[u8]) -> Vec<(i64, String, String)> {
    let mut found = Vec::new();
    while !body.is_empty() {
        let size = u32::from_be_bytes(body[..4].try_into().expect("four bytes")) as usize;
        let record = RecordView::parse(&body[..size]).expect("a whole record");
        let text = String::from_utf8_lossy(record.body()).into_owned();
        found.push((record.queue_offset(), text, record.properties().to_owned()));
        body = &body[size..];
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sent_message_is_pulled_as_it_was_stored() {
    let broker = start().await;
    let sent = broker.send("T", 0, "WAIT\u{1}true\u{2}TAGS\u{1}A", "hello").await;
    assert_eq!((sent.code, sent.header.queue_id, sent.header.queue_offset), (SUCCESS, 0, 0));
    assert_eq!(sent.header.msg_id.len(), 32);
    assert_eq!(sent.raw.get("MSG_REGION"), Some("DefaultRegion"));
    assert_eq!(sent.raw.get("TRACE_ON"), Some("true"));
    let pulled = broker.ask(pull("T", 0, "*"), "").await;
    assert_eq!((pulled.code, pulled.remark.as_deref()), (SUCCESS, Some("FOUND")));
    assert_eq!((pulled.header.next_begin_offset, pulled.header.max_offset), (1, 1));
    let stored = ("TAGS\u{1}A\u{2}CLUSTER\u{1}DefaultCluster").to_owned();
    assert_eq!(records(&pulled.body), [(0, "hello".to_owned(), stored)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_stored_message_by_message() {
    let broker = start().await;
    let entries = [(7, "one", "TAGS\u{1}A"), (8, "two", "")];
    let mut wire = Vec::new();
    for (flag, body, properties) in entries {
        batch::BatchEntry { flag, body: body.as_bytes(), properties }.encode(&mut wire);
    }
    let header = SendMessageV2 { batch: Some(true), ..send("T", 1, "WAIT\u{1}true") };
    let sent = broker.ask(header, wire).await;
    assert_eq!((sent.code, sent.header.queue_offset, sent.header.msg_id.len()), (SUCCESS, 0, 65));
    let pulled = broker.ask(PullMessage { queue_id: 1, ..pull("T", 0, "*") }, "").await;
    let shared = "WAIT\u{1}true\u{2}CLUSTER\u{1}DefaultCluster";
    let expected = [(0, "one".into(), format!("TAGS\u{1}A\u{2}{shared}")), (1, "two".into(), shared.to_owned())];
    assert_eq!(records(&pulled.body), expected);
}

async fn check_send(broker: &Fixture, request: SendMessageV2, body: Vec<u8>, code: i32, remark: &str) {
    let topic = request.topic.clone();
    let answer = broker.ask(request, body).await;
    let said = answer.remark.unwrap_or_default();
    assert_eq!(answer.code, code, "topic {topic}: {said}");
    assert_eq!(answer.raw.get("MSG_REGION"), Some("DefaultRegion"), "topic {topic}");
    assert!(said.starts_with(remark), "topic {topic}: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_sends_are_refused_in_javas_words() {
    let broker = start().await;
    let b = &broker;
    let illegal =
        "the message is illegal, maybe msg body or properties length not matched. msg body length limit 4194304B";
    check_send(b, send("../../x", 0, ""), vec![], SYSTEM_ERROR, "The specified topic contains illegal").await;
    check_send(b, send("", 0, ""), vec![], SYSTEM_ERROR, "The specified topic is blank.").await;
    check_send(b, send("SCHEDULE_TOPIC_XXXX", 0, ""), vec![], NO_PERMISSION, "Sending message to topic[SCHEDULE").await;
    check_send(b, send("TBW102", 0, ""), vec![], SUCCESS, "").await;
    let nobase = SendMessageV2 { default_topic: "Nope".into(), ..send("New", 0, "") };
    check_send(b, nobase, vec![], TOPIC_NOT_EXIST, "topic[New] not exist, apply first please!\nSee http").await;
    check_send(b, send("T", 9999, ""), vec![], SYSTEM_ERROR, "request queueId[9999] is illegal, TopicConfig [").await;
    check_send(b, send("T", -1, ""), vec![], SUCCESS, "").await;
    check_send(b, send("T", 0, ""), vec![b'x'; 4_194_304], SUCCESS, "").await;
    check_send(b, send("T", 0, ""), vec![b'x'; 4_194_305], MESSAGE_ILLEGAL, illegal).await;
    check_send(b, send("T", 0, &format!("K\u{1}{}", "v".repeat(32_768))), vec![], MESSAGE_ILLEGAL, illegal).await;
    let none = SendMessageV2 { default_topic_queue_nums: -5, ..send("Zero", 0, "") };
    check_send(b, none, vec![], SYSTEM_ERROR, "request queueId[0] is illegal").await;
    let batch = SendMessageV2 { batch: Some(true), ..send("T", 0, "") };
    check_send(b, batch, vec![0, 0, 0, 40, 1], SYSTEM_ERROR, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_beyond_its_times_becomes_a_dead_letter() {
    let broker = start().await;
    broker.send("T", 0, "", "x").await;
    let once_more = SendMessageV2 { max_reconsume_times: Some(3), reconsume_times: Some(2), ..send("%RETRY%G", 0, "") };
    assert_eq!(broker.ask(once_more.clone(), "r").await.code, SUCCESS);
    let too_often = SendMessageV2 { reconsume_times: Some(3), ..once_more };
    assert_eq!(broker.ask(too_often, "d").await.code, SUCCESS);
    let max = |topic: &str| GetMaxOffset { topic: topic.into(), queue_id: 0, ..GetMaxOffset::default() };
    assert_eq!(broker.ask(max("%RETRY%G"), "").await.header.offset, 1);
    assert_eq!(broker.ask(max("%DLQ%G"), "").await.header.offset, 1);
}

async fn check_pull(broker: &Fixture, request: PullMessage, code: i32, remark: &str) {
    let answer = broker.ask(request.clone(), "").await;
    let said = answer.remark.unwrap_or_default();
    assert_eq!(answer.code, code, "{request:?}: {said}");
    assert!(said.starts_with(remark), "{request:?}: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pulls_are_answered_as_java_answers_them() {
    let broker = start().await;
    for body in ["a", "b", "c"] {
        broker.send("T", 0, "TAGS\u{1}A", body).await;
    }
    let b = &broker;
    check_pull(b, pull("T", 3, "*"), PULL_NOT_FOUND, "OFFSET_OVERFLOW_ONE").await;
    check_pull(b, pull("T", -5, "*"), PULL_OFFSET_MOVED, "OFFSET_TOO_SMALL").await;
    check_pull(b, pull("T", 99, "*"), PULL_OFFSET_MOVED, "OFFSET_OVERFLOW_BADLY").await;
    check_pull(b, pull("T", 0, "Z"), PULL_RETRY_IMMEDIATELY, "NO_MATCHED_MESSAGE").await;
    check_pull(b, pull("T", 0, "Z || A"), SUCCESS, "FOUND").await;
    check_pull(b, pull("T", 0, "||"), SUBSCRIPTION_PARSE_FAILED, "parse the consumer's subscription failed").await;
    check_pull(b, pull("NoSuch", 0, "*"), TOPIC_NOT_EXIST, "topic[NoSuch] not exist, apply first please!").await;
    let high = PullMessage { queue_id: 99, ..pull("T", 0, "*") };
    check_pull(b, high, SYSTEM_ERROR, "queueId[99] is illegal, topic:[T] topicConfig.readQueueNums:[4] consumer:[/127")
        .await;
    let unannounced = PullMessage { sys_flag: 0, ..pull("T", 0, "*") };
    check_pull(b, unannounced, SUBSCRIPTION_NOT_EXIST, "the consumer's group info not exist\nSee").await;
    check_pull(b, PullMessage { max_msg_nums: -1, ..pull("T", 0, "*") }, SYSTEM_ERROR, "").await;
    check_pull(b, PullMessage { max_msg_nums: i32::MAX, ..pull("T", 0, "*") }, SUCCESS, "FOUND").await;
    let lite = LitePullMessage {
        consumer_group: "G".into(),
        topic: "T".into(),
        max_msg_nums: 2,
        sys_flag: 4,
        subscription: Some("A".into()),
        ..LitePullMessage::default()
    };
    assert_eq!(records(&b.ask(lite, "").await.body).len(), 2);
    let empty = PullMessage { queue_id: 1, ..pull("T", 0, "*") };
    check_pull(b, empty, PULL_NOT_FOUND, "NO_MESSAGE_IN_QUEUE").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_pull_is_woken_by_the_message_it_wants() {
    let broker = start().await;
    broker.send("T", 0, "TAGS\u{1}A", "first").await;
    let waiting = new_client();
    let (address, request) = (broker.address.clone(), long_pull("T", 1, "B", Duration::from_secs(8)));
    let held = tokio::spawn(async move { waiting.call(&address, &request, Bytes::new(), TIMEOUT).await });
    broker.wait_for_held_pull().await;
    let began = Instant::now();
    broker.send("T", 0, "TAGS\u{1}A", "unwanted").await;
    broker.send("T", 0, "TAGS\u{1}B", "wanted").await;
    let pulled = held.await.expect("no panic").expect("an answer");
    assert_eq!(pulled.code, SUCCESS);
    assert_eq!(records(&pulled.body).iter().map(|record| record.1.as_str()).collect::<Vec<_>>(), ["wanted"]);
    assert!(began.elapsed() < Duration::from_secs(4), "woken, not timed out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_pull_ends_with_what_it_passed() {
    let broker = start().await;
    broker.send("T", 0, "", "first").await;
    let nothing = broker.ask(long_pull("T", 1, "*", Duration::from_millis(50)), "").await;
    assert_eq!((nothing.code, nothing.header.next_begin_offset), (PULL_NOT_FOUND, 1));
    let vip = broker.client.call(&broker.vip, &pull("T", 0, "*"), Bytes::new(), TIMEOUT).await.expect("an answer");
    assert_eq!((vip.code, vip.remark.as_deref()), (REQUEST_CODE_NOT_SUPPORTED, Some(" request type 11 not supported")));
}

fn heartbeat(client_id: &str, tags: &str, version: i64) -> Vec<u8> {
    let subscription = SubscriptionData {
        topic: "T".into(),
        sub_string: tags.into(),
        sub_version: version,
        ..SubscriptionData::default()
    };
    let consumer =
        ConsumerData { group_name: "G".into(), subscription_data_set: vec![subscription], ..ConsumerData::default() };
    body::encode(&HeartbeatData {
        client_id: client_id.into(),
        consumer_data_set: vec![consumer],
        producer_data_set: vec![ProducerData { group_name: "P".into() }],
    })
}

async fn members(broker: &Fixture) -> Vec<String> {
    let list = broker.ask(GetConsumerListByGroup { consumer_group: "G".into() }, "").await;
    if list.code != SUCCESS {
        return Vec::new();
    }
    let list: body::GetConsumerListByGroupBody = body::decode(&list.body).expect("a list");
    list.consumer_id_list
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_is_known_from_its_heartbeat_to_the_end_of_its_connection() {
    let broker = start().await;
    broker.send("T", 0, "TAGS\u{1}A", "x").await;
    let other_stop = CancellationToken::new();
    let other = Client::new(Limits::default(), other_stop.clone());
    assert_eq!(broker.ask(HeartBeat, heartbeat("one", "*", 1)).await.code, SUCCESS);
    let joined = other.call(&broker.address, &HeartBeat, heartbeat("two", "*", 1).into(), TIMEOUT).await;
    assert_eq!(joined.expect("an answer").code, SUCCESS);
    assert_eq!(members(&broker).await.len(), 2);
    let announced = PullMessage { sys_flag: 0, ..pull("T", 0, "") };
    check_pull(&broker, PullMessage { sub_version: 1, ..announced.clone() }, SUCCESS, "FOUND").await;
    let newer = PullMessage { sub_version: 2, ..announced };
    check_pull(&broker, newer, SUBSCRIPTION_NOT_LATEST, "the consumer's subscription not latest").await;
    other_stop.cancel();
    while members(&broker).await.len() > 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let gone =
        UnregisterClient { client_id: "one".into(), consumer_group: Some("G".into()), ..UnregisterClient::default() };
    assert_eq!(broker.ask(gone, "").await.code, SUCCESS);
    let none = broker.ask(GetConsumerListByGroup { consumer_group: "G".into() }, "").await;
    assert_eq!((none.code, none.remark.as_deref()), (SYSTEM_ERROR, Some("no consumer for this group, G")));
}

fn commit(topic: &str, queue_id: i32, offset: i64) -> UpdateConsumerOffset {
    UpdateConsumerOffset {
        consumer_group: "G".into(),
        topic: topic.into(),
        queue_id,
        commit_offset: offset,
        ..UpdateConsumerOffset::default()
    }
}

fn query(queue_id: i32) -> QueryConsumerOffset {
    QueryConsumerOffset { consumer_group: "G".into(), topic: "T".into(), queue_id, ..QueryConsumerOffset::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_groups_and_offsets_outlive_the_process() {
    let broker = start().await;
    for body in ["a", "b"] {
        broker.send("T", 0, "", body).await;
    }
    assert_eq!(broker.ask(query(0), "").await.header.offset, 0, "a new group starts at the beginning");
    assert_eq!(broker.ask(commit("T", 0, 2), "").await.code, SUCCESS);
    assert_eq!(broker.ask(commit("T", 1, 77), "").await.code, SUCCESS);
    assert_eq!(broker.ask(commit("../e", 0, 1), "").await.code, SYSTEM_ERROR);
    assert_eq!(broker.ask(commit("T", -7, 1), "").await.code, SYSTEM_ERROR);
    assert_eq!(broker.ask(commit("T", 0, -9), "").await.code, SYSTEM_ERROR);
    let broker = broker.restart().await;
    assert_eq!(broker.ask(query(0), "").await.header.offset, 2);
    assert_eq!(broker.ask(query(1), "").await.header.offset, 0, "an offset beyond its queue is brought back");
    check_pull(&broker, pull("T", 0, "*"), SUCCESS, "FOUND").await;
    let table = broker.ask(GetAllTopicConfig, "").await;
    let table: TopicConfigSerializeWrapper = body::decode(&table.body).expect("a table");
    assert_eq!(table.topic_config_table.get("T").map(|topic| (topic.read_queue_nums, topic.perm)), Some((4, 6)));
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_create_and_delete_topics() {
    let broker = start().await;
    let create = |topic: &str| UpdateAndCreateTopic {
        topic: topic.into(),
        default_topic: Some("TBW102".into()),
        read_queue_nums: 3,
        write_queue_nums: 2,
        perm: 6,
        topic_filter_type: "SINGLE_TAG".into(),
        ..UpdateAndCreateTopic::default()
    };
    assert_eq!(broker.ask(create("Made"), "").await.code, SUCCESS);
    let made = broker.ask(GetTopicConfig { topic: "Made".into() }, "").await;
    let made: body::TopicConfig = body::decode(&made.body).expect("a topic");
    assert_eq!((made.read_queue_nums, made.write_queue_nums, made.perm), (3, 2, 6));
    let refused = broker.ask(create("broker-a"), "").await;
    assert_eq!(refused.remark.as_deref(), Some("The topic[broker-a] is conflict with system topic."));
    broker.send("Made", 1, "", "x").await;
    let stats = broker.ask(GetTopicStatsInfo { topic: "Made".into() }, "").await;
    let stats: body::TopicStatsTable = body::decode(&stats.body).expect("a table");
    let bounds: Vec<_> =
        stats.offset_table.iter().map(|(queue, at)| (queue.queue_id, at.min_offset, at.max_offset)).collect();
    assert_eq!(bounds, [(0, 0, 0), (1, 0, 1)]);
    assert_eq!(broker.ask(DeleteTopicInBroker { topic: "Made".into() }, "").await.code, SUCCESS);
    let gone = broker.ask(GetTopicStatsInfo { topic: "Made".into() }, "").await;
    assert_eq!((gone.code, gone.remark.as_deref()), (TOPIC_NOT_EXIST, Some("topic[Made] not exist")));
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_found_by_key_and_by_place() {
    let broker = start().await;
    let sent = broker.send("T", 0, "KEYS\u{1}k1 k2\u{2}UNIQ_KEY\u{1}AB", "x").await;
    let find = |key: &str| QueryMessage {
        topic: "T".into(),
        key: key.into(),
        max_num: 32,
        begin_timestamp: 0,
        end_timestamp: i64::MAX,
        unique_key_query: None,
    };
    for key in ["k1", "k2", "AB"] {
        assert_eq!(records(&broker.ask(find(key), "").await.body).len(), 1, "key {key}");
    }
    assert_eq!(broker.ask(find("k"), "").await.code, QUERY_NOT_FOUND);
    let offset = i64::from_str_radix(&sent.header.msg_id[16..], 16).expect("an offset");
    assert_eq!(records(&broker.ask(ViewMessageById { offset }, "").await.body).len(), 1);
    let beyond = broker.ask(ViewMessageById { offset: 99_999_999 }, "").await;
    assert_eq!(beyond.remark.as_deref(), Some("can not find message by the offset, 99999999"));
}

#[tokio::test(flavor = "multi_thread")]
async fn runtime_figures_have_javas_names() {
    let broker = start().await;
    broker.send("T", 0, "", "x").await;
    let info = broker.ask(GetBrokerRuntimeInfo, "").await;
    let info: body::KvTable = body::decode(&info.body).expect("a table");
    let table: BTreeMap<String, String> = info.table;
    for key in ["putTps", "getTotalTps", "commitLogMaxOffset", "commitLogDirCapacity", "runtime", "msgPutTotalTodayNow"]
    {
        assert!(table.contains_key(key), "key {key}");
    }
    assert_eq!(table["putMessageTimesTotal"], "1");
    let stats = ViewBrokerStatsData { stats_name: "TOPIC_PUT_NUMS".into(), stats_key: "Nope".into() };
    let answer = broker.ask(stats, "").await;
    assert_eq!(answer.remark.as_deref(), Some("The stats <TOPIC_PUT_NUMS> <Nope> not exist"));
}
