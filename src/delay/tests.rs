//! Delays over a real store: never early, once, over every kind of end.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use skylark_protocol::message::properties;
use skylark_protocol::message::record::RecordView;

use super::*;
use crate::clock::now_ms;
use crate::store::disk::RealDisk;
use crate::store::{DUE_PROPERTY, Due, FlushMode, GetLimits, NewMessage, Store, StoreConfig, crash};

const ANY: Due = Due { due: 0, physical_offset: 0 };
const EVER: i64 = i64::MAX - 1;

fn rules() -> DelayRules {
    DelayRules { level_delays_ms: vec![50, 5_000], delay_ms_max: 1_000_000 }
}

fn open(folder: &Path, flush: FlushMode) -> Arc<Store> {
    open_with(folder, flush, 64 << 20)
}

fn open_with(folder: &Path, flush: FlushMode, segment_size_bytes: u64) -> Arc<Store> {
    let config = StoreConfig {
        root: folder.to_owned(),
        commit_log: folder.join("commitlog"),
        segment_size_bytes,
        flush,
        flush_interval: Duration::from_millis(500),
        sync_flush_timeout: Duration::from_secs(5),
        write_stall_max: Duration::from_secs(60),
        unwritten_bytes_max: 64 << 20,
        message_size_max: 1 << 20,
        chunk_messages_max: 1 << 18,
        level_delays: rules().level_delays_ms,
        store_host: "127.0.0.1:10911".parse().expect("an address"),
    };
    let disk: Arc<dyn crate::store::disk::Disk> = Arc::new(RealDisk);
    Store::open(config, &disk).expect("the store opens").0
}

fn message(topic: &str, body: &str, properties: &str) -> NewMessage {
    NewMessage {
        topic: topic.to_owned(),
        queue_id: 3,
        flag: 7,
        sys_flag: 0,
        born_timestamp: 1_600_000_000_000,
        born_host: "127.0.0.1:1234".parse().expect("an address"),
        reconsume_times: 2,
        prepared_transaction_offset: 0,
        body: Bytes::copy_from_slice(body.as_bytes()),
        properties: properties.to_owned(),
        wait: true,
    }
}

/// Stores a message that is due in `delay_ms` and gives when that is.
async fn delay(store: &Store, body: &str, delay_ms: i64, properties: &str) -> i64 {
    let now = now_ms();
    let due = now + delay_ms;
    store.put(divert(message("T", body, properties), Delay::Until(due), &rules(), now)).await.expect("stored");
    due
}

/// Bodies and arrival times of all that queue 3 of topic `T` holds.
fn arrived(store: &Store) -> Vec<(String, i64)> {
    arrived_from(store, 0)
}

fn arrived_from(store: &Store, offset: i64) -> Vec<(String, i64)> {
    let limits = GetLimits {
        count_in_memory: 100_000,
        count_on_disk: 100_000,
        bytes_in_memory: 1 << 30,
        bytes_on_disk: 1 << 30,
        memory_reach_bytes: i64::MAX,
        scan_entries: 100_000,
    };
    let got = store.get("T", 3, offset, &limits, &mut |_| true).expect("readable");
    let records = skylark_protocol::message::record::records(&got.body);
    let text = |record: &RecordView<'_>| String::from_utf8_lossy(record.body()).into_owned();
    records.map(|record| record.expect("whole")).map(|record| (text(&record), record.store_timestamp())).collect()
}

fn bodies(store: &Store) -> Vec<String> {
    arrived(store).into_iter().map(|(body, _)| body).collect()
}

/// Delivers until `count` messages arrived.
async fn deliver_until(store: &Arc<Store>, count: usize) {
    let mut scheduler = Scheduler::new(store.clone());
    let work = async {
        while store.queue_bounds("T", 3).expect("readable").max < i64::try_from(count).expect("few") {
            scheduler.wait().await.expect("no error");
            scheduler.deliver().await.expect("no error");
        }
    };
    tokio::time::timeout(Duration::from_secs(30), work).await.expect("delivered in time");
}

#[track_caller]
fn check_asked(properties: &[(&str, &str)], expected: Result<Option<Delay>, &str>) {
    let mut text = String::new();
    properties.iter().for_each(|(name, value)| properties::append(&mut text, name, value));
    let asked = rules().asked(&text, 10_000).map_err(|error| error.to_string());
    assert_eq!(asked, expected.map_err(str::to_owned), "{properties:?}");
}

#[test]
fn properties_say_how_long_a_message_waits() {
    check_asked(&[("KEYS", "k")], Ok(None));
    check_asked(&[("DELAY", "0")], Ok(None));
    check_asked(&[("DELAY", "2")], Ok(Some(Delay::Level(2))));
    check_asked(&[("DELAY", "99")], Ok(Some(Delay::Level(99))));
    check_asked(&[("TIMER_DELAY_SEC", "7")], Ok(Some(Delay::Until(17_000))));
    check_asked(&[("TIMER_DELAY_MS", "7")], Ok(Some(Delay::Until(10_007))));
    check_asked(&[("TIMER_DELIVER_MS", "10001")], Ok(Some(Delay::Until(10_001))));
    check_asked(&[("__STARTDELIVERTIME", "10001")], Ok(Some(Delay::Until(10_001))));
    check_asked(&[("TIMER_DELIVER_MS", "10000")], Ok(None));
    check_asked(&[("TIMER_DELAY_SEC", "-7")], Ok(None));
    check_asked(&[("DELAY", "1"), ("TIMER_DELAY_SEC", "7")], Ok(Some(Delay::Level(1))));
    check_asked(&[("TIMER_DELAY_SEC", "soon")], Err("the property TIMER_DELAY_SEC is no number: soon"));
    let too_long = "the message is to be delayed by 1001 seconds, at most 1000 seconds are possible (timerMaxDelaySec)";
    check_asked(&[("TIMER_DELAY_SEC", "1000")], Ok(Some(Delay::Until(1_010_000))));
    check_asked(&[("TIMER_DELAY_SEC", "1001")], Err(too_long));
    let (value, huge) = (i64::MAX.to_string(), i64::MAX - 10_000);
    let endless = BadDelay::TooLong { asked_ms: huge, max_ms: 1_000_000 }.to_string();
    check_asked(&[("TIMER_DELAY_SEC", &value)], Err(&endless));
}

#[test]
fn a_diverted_message_keeps_where_it_goes() {
    let message = message("T", "", "DELAY\u{1}9\u{2}REAL_TOPIC\u{1}forged\u{2}KEYS\u{1}k");
    let waiting = divert(message, Delay::Level(9), &rules(), 10_000);
    assert_eq!((waiting.topic.as_str(), waiting.queue_id), ("SCHEDULE_TOPIC_XXXX", 1));
    let stored = "DELAY\u{1}2\u{2}REAL_TOPIC\u{1}T\u{2}KEYS\u{1}k\u{2}REAL_QID\u{1}3\u{2}TIMER_OUT_MS\u{1}15000";
    assert_eq!(waiting.properties, stored);
}

#[tokio::test]
async fn messages_arrive_in_order_of_time_and_never_early() {
    for flush in [FlushMode::Async, FlushMode::Sync] {
        let folder = tempfile::tempdir().expect("a temp folder");
        let store = open(folder.path(), flush);
        let waiting = tokio::spawn({
            let store = store.clone();
            async move { deliver_until(&store, 3).await }
        });
        let mut dues = Vec::new();
        // The scheduler waits for the first when an earlier one comes.
        for (body, delay_ms) in [("c", 300), ("b", 150), ("a", 30)] {
            dues.push((body, delay(&store, body, delay_ms, "TAGS\u{1}x").await));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        waiting.await.expect("delivered");
        dues.reverse();
        let arrived = arrived(&store);
        assert_eq!(arrived.iter().map(|(body, _)| body.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        for ((_, at), (body, due)) in arrived.iter().zip(dues) {
            assert!(*at >= due, "{body} came {} ms early", due - at);
            assert!(at - due < 1000, "{body} came {} ms late", at - due);
        }
        assert_eq!(store.due(ANY, EVER, 9).expect("readable"), []);
    }
}

#[tokio::test]
async fn a_delivery_is_the_message_as_it_was_sent() {
    let folder = tempfile::tempdir().expect("a temp folder");
    let store = open(folder.path(), FlushMode::Async);
    let due = delay(&store, "body", 1, "KEYS\u{1}k").await;
    deliver_until(&store, 1).await;
    let found = store.query("T", "k", 9, 0, EVER).expect("readable");
    let record = RecordView::parse(&found[0]).expect("a record");
    let expected = format!("KEYS\u{1}k\u{2}REAL_TOPIC\u{1}T\u{2}REAL_QID\u{1}3\u{2}{DUE_PROPERTY}\u{1}{due}");
    assert_eq!(record.properties(), expected);
    assert_eq!((record.queue_id(), record.flag(), record.reconsume_times()), (3, 7, 2));
    assert_eq!(record.born_timestamp(), 1_600_000_000_000);
    assert_eq!(record.prepared_transaction_offset(), 0, "the delayed record is the log's first");
}

#[tokio::test]
async fn a_store_that_dies_in_between_delivers_once() {
    let folder = tempfile::tempdir().expect("a temp folder");
    let mut store = open(folder.path(), FlushMode::Async);
    for n in 0..10 {
        delay(&store, &n.to_string(), 1 + n * 20, "").await;
    }
    for round in 1..=10 {
        deliver_until(&store, round).await;
        crash(store);
        store = open(folder.path(), FlushMode::Async);
    }
    assert_eq!(bodies(&store), (0..10).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(store.due(ANY, EVER, 9).expect("readable"), []);
}

#[tokio::test]
async fn a_cancelled_message_never_arrives() {
    let folder = tempfile::tempdir().expect("a temp folder");
    let store = open(folder.path(), FlushMode::Sync);
    let by = "127.0.0.1:9".parse().expect("an address");
    delay(&store, "x", 200, "UNIQ_KEY\u{1}X").await;
    delay(&store, "y", 200, "UNIQ_KEY\u{1}Y").await;
    assert!(cancel(&store, "Other", "X", by).await.expect("no error").is_none());
    assert!(cancel(&store, "T", "X", by).await.expect("no error").is_some());
    assert!(cancel(&store, "T", "X", by).await.expect("no error").is_none(), "it is cancelled already");
    crash(store);
    let store = open(folder.path(), FlushMode::Sync);
    deliver_until(&store, 1).await;
    assert_eq!(bodies(&store), ["y"]);
    assert!(cancel(&store, "T", "Y", by).await.expect("no error").is_none(), "it is delivered already");
    assert_eq!(store.due(ANY, EVER, 9).expect("readable"), []);
}

#[tokio::test]
async fn a_message_moves_up_and_is_delivered_once() {
    let folder = tempfile::tempdir().expect("a temp folder");
    let store = open(folder.path(), FlushMode::Async);
    for body in ["a", "b"] {
        delay(&store, body, 150, "UNIQ_KEY\u{1}K").await;
    }
    let end = store.log_bounds().1;
    assert_eq!(store.move_up(end).await.expect("no error"), 2);
    assert_eq!(store.move_up(end).await.expect("no error"), 0);
    assert_eq!(store.move_up(store.log_bounds().1).await.expect("no error"), 2);
    crash(store);
    let store = open(folder.path(), FlushMode::Async);
    let waiting = store.due(ANY, EVER, 9).expect("readable");
    assert!(waiting.len() == 2 && waiting.iter().all(|due| due.physical_offset >= end), "{waiting:?}");
    deliver_until(&store, 2).await;
    assert_eq!(bodies(&store), ["a", "b"]);
}

#[tokio::test]
async fn a_message_outlives_its_segment_and_is_delivered_once() {
    const SEGMENT_BYTES: u64 = 64 << 10;
    for dies_before_the_deletion in [false, true] {
        let folder = tempfile::tempdir().expect("a temp folder");
        let mut store = open_with(folder.path(), FlushMode::Sync, SEGMENT_BYTES);
        for (body, delay_ms) in [("soon", 1), ("later", 300)] {
            delay(&store, body, delay_ms, "").await;
        }
        deliver_until(&store, 1).await;
        while store.log_bounds().1 < 2 * SEGMENT_BYTES as i64 {
            store.put(message("Other", &"x".repeat(4000), "")).await.expect("stored");
        }
        let end = store.old_segments(1).expect("readable")[0].end;
        assert_eq!(store.release_below(end).await.expect("no error"), 1, "the one that is not delivered");
        if dies_before_the_deletion {
            crash(store);
            store = open_with(folder.path(), FlushMode::Sync, SEGMENT_BYTES);
            assert_eq!(store.release_below(end).await.expect("no error"), 0, "it was moved before");
        }
        assert!(store.delete_oldest().expect("no error").is_some());
        store.forget_deleted().expect("no error");
        deliver_until(&store, 2).await;
        // What was delivered first lay in the segment that is gone.
        let bounds = store.queue_bounds("T", 3).expect("readable");
        assert_eq!((bounds.min, bounds.max), (1, 2));
        let arrived = arrived_from(&store, bounds.min);
        assert_eq!(arrived.iter().map(|(body, _)| body.as_str()).collect::<Vec<_>>(), ["later"]);
        crash(store);
        let store = open_with(folder.path(), FlushMode::Sync, SEGMENT_BYTES);
        assert_eq!(store.due(ANY, EVER, 9).expect("readable"), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn very_many_due_at_once_are_delivered_at_once() {
    const COUNT: usize = 100_000;
    let folder = tempfile::tempdir().expect("a temp folder");
    let store = open(folder.path(), FlushMode::Async);
    let now = now_ms();
    for n in 0..COUNT {
        let spread = i64::try_from(n % 1000).expect("small");
        let message = divert(message("T", "0123456789", ""), Delay::Until(now + spread), &rules(), now);
        store.put(message).await.expect("stored");
    }
    let started = Instant::now();
    deliver_until(&store, COUNT).await;
    println!("{COUNT} delivered in {:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(store.due(ANY, EVER, 9).expect("readable"), []);
}
