//! What readers get, hot and sealed.

use super::*;
use crate::store::index_db::{ChunkRow, KeyEntry, SealedChunk};
use crate::store::key_index::key_hash;
use crate::store::pending::PendingChanges;

fn check_get(seal_first: bool, offset: i64, expected: (GetStatus, i64, &[i64])) {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    for number in 0..5u8 {
        bench.put(&store, "T", 1, &[number]).unwrap();
    }
    if seal_first {
        seal(&store);
    }
    let got = store.get("T", 1, offset, &GetLimits { count_in_memory: 3, ..limits() }, &mut |_| true).unwrap();
    let offsets: Vec<i64> = records(&got.body).iter().map(|seen| seen.queue_offset).collect();
    assert_eq!((got.status, got.next_offset, &offsets[..]), expected, "offset {offset}, sealed {seal_first}");
    assert_eq!((got.min, got.max, got.count), (0, 5, offsets.len()));
}

#[test]
fn a_get_answers_as_java_does() {
    for sealed in [false, true] {
        check_get(sealed, 0, (GetStatus::Found, 3, &[0, 1, 2]));
        check_get(sealed, 3, (GetStatus::Found, 5, &[3, 4]));
        check_get(sealed, 5, (GetStatus::OffsetOverflowOne, 5, &[]));
        check_get(sealed, 6, (GetStatus::OffsetOverflowBadly, 5, &[]));
        check_get(sealed, -5, (GetStatus::OffsetTooSmall, 0, &[]));
    }
}

#[test]
fn an_unknown_queue_is_empty() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    let got = store.get("nowhere", 7, 12, &limits(), &mut |_| true).unwrap();
    assert_eq!((got.status, got.next_offset), (GetStatus::NoMessageInQueue, 0));
    assert_eq!(store.earliest_store_time("nowhere", 7).unwrap(), None);
    assert_eq!(store.offset_by_time("nowhere", 7, 0).unwrap(), 0);
}

#[test]
fn unwanted_tags_are_passed_over() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    for tag in ["a", "b", "a"] {
        bench.runtime.block_on(store.put(message("T", 0, tag.as_bytes(), &format!("TAGS\u{1}{tag}")))).unwrap();
    }
    let wanted = |tag: &str| {
        let code = skylark_protocol::message::tags_code(tag);
        store.get("T", 0, 0, &limits(), &mut |tags| tags == code).unwrap()
    };
    assert_eq!(records(&wanted("a").body).iter().map(|seen| seen.queue_offset).collect::<Vec<_>>(), [0, 2]);
    let none = wanted("c");
    assert_eq!((none.status, none.next_offset), (GetStatus::NoMatchedMessage, 3));
}

/// A queue whose messages' bodies are 0, 1, 2 ..., and what a get from 0 on finds of those that are `wanted`.
fn check_get_by_record(seal_first: bool, wanted: impl Fn(u8) -> bool, expected: (GetStatus, i64, &[i64])) {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    for number in 0..5u8 {
        bench.put(&store, "T", 1, &[number]).unwrap();
        bench.put(&store, "other", 1, &[number]).unwrap();
    }
    if seal_first {
        seal(&store);
    }
    let limits = GetLimits { count_in_memory: 2, scan_entries: 4, ..limits() };
    let got = store.get_by_record("T", 1, 0, &limits, &mut |record| wanted(record.body()[0])).unwrap();
    let offsets: Vec<i64> = records(&got.body).iter().map(|seen| seen.queue_offset).collect();
    assert_eq!((got.status, got.next_offset, &offsets[..]), expected, "sealed {seal_first}");
    assert_eq!(got.count, offsets.len());
}

#[test]
fn unwanted_records_are_passed_over_and_count_as_looked_at() {
    for sealed in [false, true] {
        check_get_by_record(sealed, |_| true, (GetStatus::Found, 2, &[0, 1]));
        check_get_by_record(sealed, |number| number % 2 == 1, (GetStatus::Found, 4, &[1, 3]));
        check_get_by_record(sealed, |number| number == 4, (GetStatus::NoMatchedMessage, 4, &[]));
    }
}

#[test]
fn a_get_that_decides_by_records_reads_a_bounded_number_of_bytes() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    let body = vec![0; 16 << 10];
    for _ in 0..300 {
        bench.put(&store, "T", 0, &body).unwrap();
    }
    let got = store.get_by_record("T", 0, 0, &limits(), &mut |_| false).unwrap();
    assert_eq!(got.status, GetStatus::NoMatchedMessage);
    assert!((250..260).contains(&got.next_offset), "4 MiB are some 255 such records, not {}", got.next_offset);
    assert_eq!(store.get_by_record("T", 0, 299, &limits(), &mut |_| true).unwrap().count, 1);
}

#[test]
fn a_batch_lies_together_in_one_file() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    bench.put(&store, "T", 0, &[9; 12_000]).unwrap();
    let batch: Vec<_> = (0..10).map(|n| message("T", 0, &[n; 6_000], "")).collect();
    let puts = bench.runtime.block_on(store.put_batch(batch)).unwrap();
    assert_eq!(puts.iter().map(|put| put.queue_offset).collect::<Vec<_>>(), (1..11).collect::<Vec<_>>());
    assert_eq!(puts[0].physical_offset, SEGMENT_BYTES as i64, "the batch did not fit behind the first message");
    assert_eq!(drain(&store, "T", 0).len(), 11);
}

#[test]
fn queries_find_exactly_the_messages_with_a_key() {
    for sealed in [false, true] {
        let bench = Bench::new(FlushMode::Async);
        let (store, _) = bench.open();
        for (topic, keys) in [("T", "k1 k2"), ("T", "k2"), ("U", "k2"), ("T", "k2 k2")] {
            let properties = format!("KEYS\u{1}{keys}\u{2}UNIQ_KEY\u{1}{keys}-unique");
            bench.runtime.block_on(store.put(message(topic, 0, keys.as_bytes(), &properties))).unwrap();
        }
        if sealed {
            seal(&store);
        }
        let found = |key: &str, max| store.query("T", key, max, 0, i64::MAX).unwrap().len();
        assert_eq!(
            (found("k1", 64), found("k2", 64), found("k2", 2), found("k3", 64)),
            (1, 3, 2, 0),
            "sealed {sealed}"
        );
        assert_eq!(found("k2-unique", 64), 1);
        assert!(store.query("T", "k2", 64, 0, 1000).unwrap().is_empty(), "outside of the time window");
    }
}

#[test]
fn a_query_finds_a_message_once_after_a_seal_that_a_crash_ended() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    let keyed = || message("T", 0, b"x", "KEYS\u{1}k");
    let offsets = [0; 2].map(|_| bench.runtime.block_on(store.put(keyed())).unwrap().physical_offset);
    seal(&store);
    // The chunk of both is cut behind the first, as after a crash before its row was written.
    let whole = store.index.chunks().unwrap()[0];
    let keys = offsets.map(|physical_offset| KeyEntry { hash: key_hash("T", "k"), physical_offset });
    for (start, end, key) in [(0, offsets[1], keys[0]), (offsets[1], whole.end, keys[1])] {
        let row = ChunkRow { start, end, ..whole };
        let (queues, pending) = (Vec::new(), PendingChanges::default());
        let (deleted_topics, ends) = (Vec::new(), Vec::new());
        let chunk = SealedChunk { row, deleted_topics, queues, keys: vec![key], pending, ends };
        store.index.seal(&chunk).unwrap();
    }
    assert_eq!(store.query("T", "k", 64, 0, i64::MAX).unwrap().len(), 2);
}

#[test]
fn what_a_seal_left_that_a_crash_ended_is_in_order() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    for number in 0..3u8 {
        bench.put(&store, "T", 1, &[number]).unwrap();
    }
    // The entries are there, the row that says so is not: this one covers nothing.
    let queue = store.queues.get_or_load("T", 1).unwrap();
    let queues = vec![(queue.key.clone(), queue.unsealed().iter().copied().collect())];
    let row = ChunkRow { start: 0, end: 0, oldest: 0, newest: 0 };
    let (deleted_topics, ends, keys, pending) = (Vec::new(), Vec::new(), Vec::new(), PendingChanges::default());
    store.index.seal(&SealedChunk { row, deleted_topics, queues, ends, keys, pending }).unwrap();
    drop(queue);
    crash(store);
    let (store, recovery) = bench.open();
    assert_eq!((recovery.messages_folded, recovery.out_of_order), (3, 0));
    assert_eq!(drain(&store, "T", 1).len(), 3);
}

#[test]
fn a_chunk_holds_no_more_messages_than_it_may() {
    let bench = Bench::new(FlushMode::Async);
    let config = || StoreConfig { chunk_messages_max: 4, ..bench.config() };
    let (store, _) = Store::open(config(), &bench.disk.as_disk()).unwrap();
    for number in 0..9u8 {
        bench.put(&store, "T", 1, &[number]).unwrap();
    }
    store.seal_frozen().unwrap();
    crash(store);
    let (store, recovery) = Store::open(config(), &bench.disk.as_disk()).unwrap();
    assert_eq!(recovery.messages_folded, 1, "two chunks of four are sealed");
    assert_eq!(drain(&store, "T", 1).len(), 9);
}

#[test]
fn a_record_is_viewed_only_where_one_begins() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    bench.put(&store, "T", 0, b"a").unwrap();
    let put = bench.put(&store, "T", 0, b"b").unwrap();
    let bytes = store.message_at(put.physical_offset).unwrap().unwrap();
    assert_eq!(RecordView::parse(&bytes).unwrap().body(), b"b");
    for nowhere in [put.physical_offset + 1, -1, 1 << 40, store.log_bounds().1] {
        assert_eq!(store.message_at(nowhere).unwrap(), None, "at {nowhere}");
    }
}

#[test]
fn a_waiting_reader_is_woken_by_the_message_it_waits_for() {
    for flush in [FlushMode::Async, FlushMode::Sync] {
        let bench = Bench::new(flush);
        let (store, _) = bench.open();
        bench.runtime.block_on(async {
            let watch = store.watch_queue("T", 0).unwrap();
            let (_, put) = tokio::join!(watch.wait_past(0), store.put(message("T", 0, b"x", "")));
            assert_eq!(put.unwrap().queue_offset, 0);
            assert_eq!(store.queue_bounds("T", 0).unwrap(), QueueBounds { min: 0, max: 1 });
        });
    }
}

#[test]
fn the_nearest_store_time_is_found() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    let times: Vec<i64> = (0..20)
        .map(|_| {
            std::thread::sleep(Duration::from_millis(2));
            bench.put(&store, "T", 0, b"x").unwrap().store_timestamp
        })
        .collect();
    for (offset, time) in times.iter().enumerate() {
        let found = store.offset_by_time("T", 0, *time).unwrap();
        assert_eq!(times[found as usize], *time, "offset {offset}");
    }
    assert_eq!(store.offset_by_time("T", 0, 0).unwrap(), 0);
    assert_eq!(store.offset_by_time("T", 0, i64::MAX).unwrap(), 19);
    assert_eq!(store.earliest_store_time("T", 0).unwrap(), Some(times[0]));
}

#[test]
fn a_deleted_topic_begins_again_at_zero_also_after_a_restart() {
    for sealed in [false, true] {
        let bench = Bench::new(FlushMode::Async);
        let (store, _) = bench.open();
        bench.put(&store, "T", 0, b"old").unwrap();
        bench.put(&store, "other", 0, b"kept").unwrap();
        if sealed {
            seal(&store);
        }
        bench.runtime.block_on(store.delete_topic("T")).unwrap();
        assert_eq!(store.queue_bounds("T", 0).unwrap(), QueueBounds { min: 0, max: 0 });
        bench.put(&store, "T", 0, b"new").unwrap();
        if sealed {
            seal(&store);
        }
        crash(store);
        let (store, _) = bench.open();
        assert_eq!(drain(&store, "T", 0), [Seen { queue_offset: 0, body: b"new".to_vec() }], "sealed {sealed}");
        assert_eq!(drain(&store, "other", 0).len(), 1);
    }
}
