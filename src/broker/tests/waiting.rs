//! Messages that wait: delayed, half, given back.

use skylark_protocol::command::Command;
use skylark_protocol::message::message_id::OffsetMessageId;
use skylark_protocol::message::properties;
use skylark_protocol::message::sys_flag;

use super::*;
use crate::clock::now_ms;
use crate::config::Settings;
use crate::remoting::testing::{Wire, bytes, request};

const RETRY: &str = "%RETRY%G";
const DLQ: &str = "%DLQ%G";
const COMMIT: i32 = sys_flag::TRANSACTION_COMMIT;
const ROLLBACK: i32 = sys_flag::TRANSACTION_ROLLBACK;

/// What queue 0 of a topic holds, once there are so many messages.
async fn await_records(broker: &Fixture, topic: &str, count: i64) -> Vec<(i64, String, String)> {
    let started = Instant::now();
    while max_offset(broker, topic).await < count {
        assert!(started.elapsed() < TIMEOUT, "{topic} has {} messages", max_offset(broker, topic).await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let found = broker.ask(pull(topic, 0, "*"), "").await;
    records(&found.body)
}

async fn max_offset(broker: &Fixture, topic: &str) -> i64 {
    broker.ask(GetMaxOffset { topic: topic.into(), queue_id: 0, ..GetMaxOffset::default() }, "").await.header.offset
}

#[track_caller]
fn check_says(record: &(i64, String, String), expected: &[(&str, Option<&str>)]) {
    for (property, value) in expected {
        assert_eq!(properties::get(&record.2, property), *value, "{property}");
    }
}

fn offset_of(sent: &Answer<SendMessageV2>) -> i64 {
    OffsetMessageId::decode(&sent.header.msg_id).expect("a message id").physical_offset
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delay_level_keeps_a_message_back() {
    let broker = start_with(|config| config.set("messageDelayLevel", "1s 2s").expect("levels")).await;
    broker.send("T", 0, "", "first").await;
    let began = now_ms();
    let sent = broker.send("T", 0, "DELAY\u{1}9\u{2}TAGS\u{1}A\u{2}TIMER_OUT_MS\u{1}1", "later").await;
    assert_eq!((sent.code, sent.header.queue_id, sent.header.queue_offset), (SUCCESS, 0, 0));
    assert_eq!(broker.send("T", 0, "DELAY\u{1}1\u{2}TAGS\u{1}A", "sooner").await.code, SUCCESS);
    assert_eq!(max_offset(&broker, "T").await, 1);
    let broker = broker.restart().await;
    let found = await_records(&broker, "T", 3).await;
    assert!(now_ms() - began >= 2_000, "it came early");
    assert_eq!((found[1].1.as_str(), found[2].1.as_str()), ("sooner", "later"));
    check_says(&found[2], &[("DELAY", Some("2")), ("REAL_TOPIC", Some("T")), ("TAGS", Some("A"))]);
    let schedule = GetMaxOffset { topic: "SCHEDULE_TOPIC_XXXX".into(), queue_id: 1, ..GetMaxOffset::default() };
    assert_eq!(broker.ask(schedule, "").await.header.offset, 1);
    let broker = broker.restart().await;
    assert_eq!(max_offset(&broker, "T").await, 3, "nothing is delivered twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_delay_is_kept_refused_or_cancelled() {
    let broker = start().await;
    let due = now_ms() + 600;
    for (properties, body) in [
        (format!("TIMER_DELIVER_MS\u{1}{due}"), "b"),
        (format!("__STARTDELIVERTIME\u{1}{}", due - 200), "a"),
        ("TIMER_DELAY_MS\u{1}900".to_owned(), "c"),
        ("TIMER_DELIVER_MS\u{1}5".to_owned(), "now"),
        ("TIMER_DELAY_SEC\u{1}2\u{2}UNIQ_KEY\u{1}KEY".to_owned(), "never"),
    ] {
        assert_eq!(broker.send("T", 0, &properties, body).await.code, SUCCESS, "{body}");
    }
    let b = &broker;
    let too_long = "the message is to be delayed by 3456001 seconds, at most 3456000";
    check_send(b, send("T", 0, "TIMER_DELAY_SEC\u{1}3456001"), vec![], MESSAGE_ILLEGAL, too_long).await;
    check_send(b, send("T", 0, "TIMER_DELAY_MS\u{1}x"), vec![], MESSAGE_ILLEGAL, "the property TIMER_DELAY_MS").await;
    let (cancel, none) = ("TIMER_DEL_UNIQKEY\u{1}KEY", "no delayed message with the unique key KEY");
    check_send(b, send("Other", 0, cancel), vec![], SYSTEM_ERROR, none).await;
    check_send(b, send("T", 0, cancel), vec![], SUCCESS, "").await;
    check_send(b, send("T", 0, cancel), vec![], SYSTEM_ERROR, none).await;
    let found = await_records(b, "T", 4).await;
    let bodies: Vec<&str> = found.iter().map(|(_, body, _)| body.as_str()).collect();
    assert_eq!(bodies, ["now", "a", "b", "c"]);
    tokio::time::sleep(Duration::from_millis(1300)).await;
    let broker = broker.restart().await;
    assert_eq!(max_offset(&broker, "T").await, 4, "what is cancelled never comes");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_outside_rules_over_what_waits() {
    let broker = start().await;
    for topic in ["rmq_sys_timer", "rmq_sys_timer_cancelled", "rmq_sys_topic_deleted", "RMQ_SYS_TRANS_HALF_TOPIC"] {
        check_send(&broker, send(topic, 0, ""), b"T".to_vec(), NO_PERMISSION, "Sending message to topic[").await;
    }
    // A commit bit from outside decides nothing, and a half one hides nothing.
    let half = send_half(&broker).await;
    for sys_flag in [COMMIT, sys_flag::TRANSACTION_PREPARED] {
        let forged = SendMessageV2 { sys_flag, ..send("Plain", 0, "") };
        assert_eq!(broker.ask(forged, "x").await.code, SUCCESS);
    }
    assert_eq!(max_offset(&broker, "Plain").await, 2);
    assert_eq!(end(&broker, &half, COMMIT).await, (SUCCESS, None));
    assert_eq!(max_offset(&broker, "T").await, 1);
}

async fn send_half(broker: &Fixture) -> Answer<SendMessageV2> {
    let properties = "TRAN_MSG\u{1}true\u{2}PGROUP\u{1}P\u{2}UNIQ_KEY\u{1}U\u{2}TAGS\u{1}A";
    let sys_flag = sys_flag::TRANSACTION_PREPARED;
    let half = SendMessageV2 { sys_flag, born_timestamp: now_ms(), ..send("T", 0, properties) };
    let sent = broker.ask(half, "half").await;
    assert_eq!((sent.code, sent.header.transaction_id.clone()), (SUCCESS, None));
    sent
}

fn ending(half: &Answer<SendMessageV2>, outcome: i32) -> EndTransaction {
    EndTransaction {
        producer_group: "P".into(),
        commit_log_offset: offset_of(half),
        tran_state_table_offset: half.header.queue_offset,
        commit_or_rollback: outcome,
        msg_id: Some("U".into()),
        ..EndTransaction::default()
    }
}

async fn end(broker: &Fixture, half: &Answer<SendMessageV2>, outcome: i32) -> (i32, Option<String>) {
    let answer = broker.ask(ending(half, outcome), "").await;
    (answer.code, answer.remark)
}

async fn check_ending(broker: &Fixture, ending: EndTransaction, remark: &str) {
    let answer = broker.ask(ending, "").await;
    assert_eq!((answer.code, answer.remark.as_deref()), (SYSTEM_ERROR, Some(remark)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_has_one_outcome() {
    let broker = start_with(|config| config.set("flushDiskType", "SYNC_FLUSH").expect("a mode")).await;
    let committed = send_half(&broker).await;
    let rolled_back = send_half(&broker).await;
    let raced = send_half(&broker).await;
    assert_eq!((committed.header.queue_offset, rolled_back.header.queue_offset), (0, 1));
    assert_eq!(max_offset(&broker, "T").await, 0);
    let right = ending(&committed, COMMIT);
    let other_group = EndTransaction { producer_group: "Q".into(), ..right.clone() };
    check_ending(&broker, other_group, "The producer group wrong").await;
    let other_offset = EndTransaction { tran_state_table_offset: 9, ..right.clone() };
    check_ending(&broker, other_offset, "The transaction state table offset wrong").await;
    let nowhere = EndTransaction { commit_log_offset: 3, ..right };
    check_ending(&broker, nowhere, "Find prepared transaction message failed").await;

    assert_eq!(end(&broker, &committed, COMMIT).await, (SUCCESS, None));
    assert_eq!(end(&broker, &rolled_back, ROLLBACK).await, (SUCCESS, None));
    let all = tokio::join!(end(&broker, &raced, COMMIT), end(&broker, &raced, ROLLBACK), end(&broker, &raced, COMMIT));
    assert_eq!((all.0.0, all.1.0, all.2.0), (SUCCESS, SUCCESS, SUCCESS));
    let count = max_offset(&broker, "T").await;
    assert!((1..=2).contains(&count));
    let broker = broker.restart().await;
    for (half, outcome) in [(&committed, COMMIT), (&committed, ROLLBACK), (&rolled_back, COMMIT), (&raced, COMMIT)] {
        assert_eq!(end(&broker, half, outcome).await, (SUCCESS, None), "saying it again changes nothing");
    }
    let found = await_records(&broker, "T", count).await;
    assert_eq!((i64::try_from(found.len()).expect("few"), found[0].1.as_str()), (count, "half"));
    check_says(&found[0], &[("TRAN_MSG", Some("true")), ("REAL_TOPIC", Some("T")), ("REAL_QID", Some("0"))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_committed_message_may_be_delayed_still() {
    let broker = start().await;
    let properties = "TRAN_MSG\u{1}true\u{2}PGROUP\u{1}P\u{2}TIMER_DELAY_MS\u{1}300";
    let half = broker.ask(SendMessageV2 { born_timestamp: now_ms(), ..send("T", 0, properties) }, "x").await;
    let began = now_ms();
    assert_eq!(end(&broker, &half, COMMIT).await, (SUCCESS, None));
    assert_eq!(max_offset(&broker, "T").await, 0);
    await_records(&broker, "T", 1).await;
    assert!(now_ms() - began >= 300);
    let broker = broker.restart().await;
    assert_eq!(end(&broker, &half, COMMIT).await, (SUCCESS, None));
    assert_eq!(max_offset(&broker, "T").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_can_be_refused() {
    let broker = start_with(|config| config.reject_transaction_message = true).await;
    let refused = broker.send("T", 0, "TRAN_MSG\u{1}true", "x").await;
    let remark = "the broker[127.0.0.1] sending transaction message is forbidden";
    assert_eq!((refused.code, refused.remark.as_deref()), (NO_PERMISSION, Some(remark)));
}

fn quick_checks(config: &mut BrokerConfig) {
    config.transaction_timeout_ms = 200;
    config.transaction_check_interval_ms = 50;
    config.transaction_check_max = 2;
}

/// A producer of group `P`, on a connection of its own.
async fn producer(broker: &Fixture) -> Wire {
    let mut wire = Wire::connect(broker.broker.local_addr()).await;
    let beat = body::encode(&HeartbeatData {
        client_id: "c".into(),
        producer_data_set: vec![ProducerData { group_name: "P".into() }],
        consumer_data_set: Vec::new(),
    });
    assert_eq!(wire.ask(request(HeartBeat::CODE, 1, &[], beat)).await.code, SUCCESS);
    wire
}

#[tokio::test(flavor = "multi_thread")]
async fn a_producer_is_asked_over_its_own_connection() {
    let broker = start_with(quick_checks).await;
    let half = send_half(&broker).await;
    // Nobody can be asked, so nothing is given up.
    tokio::time::sleep(Duration::from_millis(600)).await;
    let mut wire = producer(&broker).await;
    let question = wire.expect().await;
    assert!(question.code == CheckTransactionState::CODE && question.is_oneway());
    let offset = offset_of(&half).to_string();
    for (field, value) in [
        ("commitLogOffset", offset.as_str()),
        ("tranStateTableOffset", "0"),
        ("msgId", "U"),
        ("transactionId", "U"),
        ("offsetMsgId", &half.header.msg_id),
    ] {
        assert_eq!(question.fields.get(field), Some(value), "{field}");
    }
    let record = RecordView::parse(&question.body).expect("a record");
    assert_eq!((record.topic(), record.queue_id(), record.body()), ("T", 0, &b"half"[..]));
    let commit = EndTransaction { from_transaction_check: true, ..ending(&half, COMMIT) };
    wire.send(&bytes(&[command(&commit)])).await;
    await_records(&broker, "T", 1).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(max_offset(&broker, "TRANS_CHECK_MAX_TIME_TOPIC").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_decides_is_given_up_and_can_be_resumed() {
    let broker = start_with(quick_checks).await;
    let half = send_half(&broker).await;
    let mut wire = producer(&broker).await;
    for _ in 0..2 {
        assert_eq!(wire.expect().await.code, CheckTransactionState::CODE);
    }
    let found = await_records(&broker, "TRANS_CHECK_MAX_TIME_TOPIC", 1).await;
    assert_eq!(found[0].1, "half");
    check_says(&found[0], &[("TRANSACTION_CHECK_TIMES", Some("2"))]);
    assert_eq!(end(&broker, &half, COMMIT).await, (SUCCESS, None));
    assert_eq!(max_offset(&broker, "T").await, 0, "it is decided");
    let decided = ResumeCheckHalfMessage { msg_id: Some(half.header.msg_id.clone()) };
    assert_eq!(broker.ask(decided, "").await.code, SYSTEM_ERROR);
    let given_up = broker.ask(pull("TRANS_CHECK_MAX_TIME_TOPIC", 0, "*"), "").await.body;
    let physical_offset = RecordView::parse(&given_up).expect("a record").physical_offset();
    let id = OffsetMessageId { host: broker.broker.local_addr(), physical_offset };
    let resumed = ResumeCheckHalfMessage { msg_id: Some(id.to_string()) };
    assert_eq!(broker.ask(resumed, "").await.code, SUCCESS);
    let question = wire.expect().await;
    assert_eq!(question.code, CheckTransactionState::CODE);
    assert_ne!(question.fields.get("commitLogOffset"), Some(offset_of(&half).to_string().as_str()));
}

fn give_back(offset: i64, delay_level: i32) -> ConsumerSendMsgBack {
    ConsumerSendMsgBack {
        offset,
        group: "G".into(),
        delay_level,
        origin_topic: Some("T".into()),
        ..ConsumerSendMsgBack::default()
    }
}

fn command<R: Request>(header: &R) -> Command {
    let mut fields = skylark_protocol::fields::Fields::default();
    header.encode(&mut fields);
    Command { opaque: 5, ..Command::request(R::CODE, fields) }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_back_is_retried_later_and_then_dead() {
    let broker = start_with(|config| {
        config.set("messageDelayLevel", "1s 1s 1s").expect("levels");
        config.set("flushDiskType", "SYNC_FLUSH").expect("a mode");
    });
    let broker = broker.await;
    let sent = broker.send("T", 0, "KEYS\u{1}k\u{2}TIMER_DELAY_SEC\u{1}0", "x").await;
    let origin = sent.header.msg_id.as_str();
    assert_eq!(broker.ask(give_back(offset_of(&sent), 0), "").await.code, SUCCESS);
    assert_eq!(max_offset(&broker, RETRY).await, 0);
    let broker = broker.restart().await;
    let found = await_records(&broker, RETRY, 1).await;
    check_says(&found[0], &[("RETRY_TOPIC", Some("T")), ("ORIGIN_MESSAGE_ID", Some(origin)), ("DELAY", Some("3"))]);
    check_says(&found[0], &[("REAL_TOPIC", Some(RETRY)), ("WAIT", Some("false")), ("KEYS", Some("k"))]);
    let retried = broker.ask(pull(RETRY, 0, "*"), "").await.body;
    let retried = RecordView::parse(&retried).expect("a record");
    assert_eq!(retried.reconsume_times(), 1);
    // What was retried is given back again, with the same origin, and at last is dead.
    let last = ConsumerSendMsgBack { max_reconsume_times: Some(1), ..give_back(retried.physical_offset(), 0) };
    assert_eq!(broker.ask(last, "").await.code, SUCCESS);
    let found = await_records(&broker, DLQ, 1).await;
    check_says(&found[0], &[("ORIGIN_MESSAGE_ID", Some(origin)), ("DELAY", Some("0")), ("TIMER_OUT_MS", None)]);
    assert_eq!(broker.ask(give_back(offset_of(&sent), -1), "").await.code, SUCCESS);
    await_records(&broker, DLQ, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_given_back_is_refused_in_javas_words() {
    let broker = start_with(|config| config.auto_create_subscription_group = false).await;
    let unknown = broker.ask(give_back(0, 0), "").await;
    assert_eq!(unknown.code, SUBSCRIPTION_GROUP_NOT_EXIST);
    assert!(unknown.remark.unwrap_or_default().starts_with("subscription group not exist, G "));
    let known = |offset| ConsumerSendMsgBack { group: "TOOLS_CONSUMER".into(), ..give_back(offset, 0) };
    let nowhere = broker.ask(known(999_999_999), "").await;
    let remark = "look message by offset failed, 999999999";
    assert_eq!((nowhere.code, nowhere.remark.as_deref()), (SYSTEM_ERROR, Some(remark)));
    let half = send_half(&broker).await;
    assert_eq!(broker.ask(known(offset_of(&half)), "").await.code, SYSTEM_ERROR, "a half message is nobody's");
}
