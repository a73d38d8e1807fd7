//! The log loses its oldest files: what is left is found, what waits lives on, and no counter falls back.

use super::waiting::{ANY, EVER};
use super::*;

/// Where each message of a queue lies.
type Places = Vec<Put>;

/// Puts messages of some KiB into both queues of T by turns until the log has so many full segments.
fn fill(bench: &Bench, store: &Store, segments: i64) -> [Places; 2] {
    let mut places = [Places::new(), Places::new()];
    for n in 0_u8.. {
        let queue = usize::from(n % 3 == 0);
        let keys = format!("KEYS\u{1}key{n}");
        let put = bench.runtime.block_on(store.put(message("T", queue as i32, &[n; 5000], &keys))).unwrap();
        places[queue].push(put);
        if put.physical_offset >= segments * SEGMENT_BYTES as i64 {
            return places;
        }
    }
    unreachable!("a segment holds some thirteen messages")
}

fn first_left(places: &Places, log_start: i64) -> i64 {
    places.iter().find(|put| put.physical_offset >= log_start).map_or(places.len() as i64, |put| put.queue_offset)
}

fn check_queues(store: &Store, places: &[Places; 2], when: &str) {
    let log_start = store.log_bounds().0;
    for (queue, places) in (0..).zip(places) {
        let expected = QueueBounds { min: first_left(places, log_start), max: places.len() as i64 };
        assert_eq!(store.queue_bounds("T", queue).unwrap(), expected, "queue {queue} {when}");
        assert_eq!(drain(store, "T", queue).len() as i64, expected.max - expected.min, "queue {queue} {when}");
        if expected.min > 0 {
            let got = store.get("T", queue, expected.min - 1, &limits(), &mut |_| true).unwrap();
            assert_eq!((got.status, got.next_offset, got.min), (GetStatus::OffsetTooSmall, expected.min, expected.min));
        }
    }
}

#[test]
fn each_boundary_leaves_what_lies_behind_it() {
    for segments in 1..=4 {
        for sealed in [false, true] {
            let bench = Bench::new(FlushMode::Async);
            let (mut store, _) = bench.open();
            let places = fill(&bench, &store, 4);
            if sealed {
                seal(&store);
            }
            check_queues(&store, &places, "before");
            assert_eq!(bench.expire(&store, segments), segments);
            let when = format!("without {segments} segments, sealed {sealed}");
            check_queues(&store, &places, &when);
            assert!(store.query("T", "key0", 9, 0, i64::MAX).unwrap().is_empty(), "{when}");
            crash(store);
            store = bench.open().0;
            check_queues(&store, &places, &format!("restarted {when}"));
            crash(store);
            bench.lose_index();
            store = bench.open().0;
            check_queues(&store, &places, &format!("folded anew {when}"));
            assert_eq!(bench.put(&store, "T", 0, b"next").unwrap().queue_offset, places[0].len() as i64, "{when}");
        }
    }
}

#[test]
fn a_reader_at_the_oldest_segment_goes_on_behind_it() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    let places = fill(&bench, &store, 3);
    let one = GetLimits { count_in_memory: 1, ..limits() };
    let mut at = store.get("T", 0, 0, &one, &mut |_| true).unwrap().next_offset;
    assert_eq!(at, 1);
    bench.expire(&store, 2);
    let mut seen = Vec::new();
    while at < places[0].len() as i64 {
        let got = store.get("T", 0, at, &one, &mut |_| true).unwrap();
        seen.push(got.status);
        at = got.next_offset;
    }
    let left = places[0].len() - first_left(&places[0], store.log_bounds().0) as usize;
    assert_eq!(seen[0], GetStatus::OffsetTooSmall);
    assert_eq!(seen[1..], vec![GetStatus::Found; left]);
}

#[test]
fn the_newest_segment_and_those_that_grow_stay() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    assert_eq!(bench.expire(&store, 9), 0);
    fill(&bench, &store, 2);
    store.reserve_ahead();
    assert_eq!(bench.expire(&store, 9), 2);
    assert_eq!(store.log_bounds().0, 2 * SEGMENT_BYTES as i64);
    assert_eq!(store.delete_oldest().unwrap(), None, "nothing that was not released");
}

#[test]
fn a_segment_is_as_old_as_what_follows_it() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    let places = fill(&bench, &store, 2);
    store.flush().unwrap();
    let begins = |at: i64| places.iter().flatten().find(|put| put.physical_offset == at).unwrap().store_timestamp;
    let size = SEGMENT_BYTES as i64;
    let expected = [1, 2].map(|n| OldSegment { end: n * size, newest: Some(begins(n * size)) });
    assert_eq!(store.old_segments(9).unwrap(), expected);
    // A file that begins with damage says nothing.
    bench.disk.tamper("00000000000000065536", |bytes| bytes[..64].fill(0xFF));
    assert_eq!(store.old_segments(1).unwrap(), [OldSegment { end: size, newest: Some(begins(2 * size)) }]);
}

#[test]
fn a_queue_that_lost_all_its_messages_goes_on_where_it_was() {
    for sealed in [false, true] {
        let bench = Bench::new(FlushMode::Async);
        let (mut store, _) = bench.open();
        for n in 0..7 {
            bench.put(&store, "quiet", 1, &[n]).unwrap();
        }
        bench.put(&store, "deleted", 0, b"x").unwrap();
        bench.runtime.block_on(store.delete_topic("deleted")).unwrap();
        let ended = QueueBounds { min: 7, max: 7 };
        // Its end outlives the file that says so, again and again, and the index.
        for round in 0..4 {
            fill(&bench, &store, store.log_bounds().1 / SEGMENT_BYTES as i64 + 2);
            if sealed {
                seal(&store);
            }
            assert!(bench.expire(&store, 2) > 0);
            assert_eq!(store.queue_bounds("quiet", 1).unwrap(), ended, "round {round}, sealed {sealed}");
            store.index.compact_runs();
            crash(store);
            if round % 2 == 1 {
                bench.lose_index();
            }
            store = bench.open().0;
            assert_eq!(store.queue_bounds("quiet", 1).unwrap(), ended, "restarted, round {round}, sealed {sealed}");
            assert_eq!(store.queue_bounds("deleted", 0).unwrap(), QueueBounds { min: 0, max: 0 });
        }
        let got = store.get("quiet", 1, 3, &limits(), &mut |_| true).unwrap();
        assert_eq!((got.status, got.next_offset), (GetStatus::OffsetTooSmall, 7));
        assert_eq!(store.offset_by_time("quiet", 1, 0).unwrap(), 7);
        assert_eq!(bench.put(&store, "quiet", 1, b"again").unwrap().queue_offset, 7);
        seal(&store);
        assert_eq!(drain(&store, "quiet", 1), [Seen { queue_offset: 7, body: b"again".to_vec() }]);
    }
}

#[test]
fn a_crash_between_release_and_deletion_changes_nothing() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    bench.put(&store, "quiet", 0, b"x").unwrap();
    let due = bench.delay(&store, 10);
    let places = fill(&bench, &store, 2);
    let released = store.old_segments(9);
    store.flush().unwrap();
    assert!(released.unwrap().is_empty(), "what is not on disk is not old");
    let end = store.old_segments(9).unwrap()[1].end;
    assert_eq!(bench.runtime.block_on(store.release_below(end)).unwrap(), 1);
    crash(store);
    bench.disk.lose_unsynced();
    let (store, _) = bench.open();
    check_queues(&store, &places, "released, not deleted");
    assert_eq!(store.queue_bounds("quiet", 0).unwrap(), QueueBounds { min: 0, max: 1 });
    assert_eq!(store.due(ANY, EVER, 9).unwrap().len(), 1);
    assert_ne!(store.due(ANY, EVER, 9).unwrap(), [due], "it waits where it was moved");
    assert_eq!(bench.expire(&store, 2), 2);
    assert_eq!(store.queue_bounds("quiet", 0).unwrap(), QueueBounds { min: 1, max: 1 });
    assert_eq!(store.due(ANY, EVER, 9).unwrap().len(), 1);
}

#[test]
fn what_waits_outlives_its_segment() {
    for lose_index in [false, true] {
        let bench = Bench::new(FlushMode::Async);
        let (mut store, _) = bench.open();
        let first = bench.delay(&store, 30);
        assert_eq!(first.physical_offset, 0, "offset 0 is an offset as any other");
        let (half, settled) = (bench.half(&store), bench.half(&store));
        bench.delay(&store, 20);
        bench.commit(&store, settled);
        for _ in 0..3 {
            fill(&bench, &store, store.log_bounds().1 / SEGMENT_BYTES as i64 + 1);
            assert!(bench.expire(&store, 9) > 0);
            crash(store);
            if lose_index {
                bench.lose_index();
            }
            store = bench.open().0;
            let (waiting, undecided) = (store.due(ANY, EVER, 9).unwrap(), store.undecided(0, 9).unwrap());
            assert_eq!(waiting.iter().map(|due| due.due).collect::<Vec<_>>(), [20, 30]);
            assert_eq!(undecided.len(), 1);
            assert!(!store.is_undecided(half).unwrap(), "its outcome is that of the one that took its place");
            let places = waiting.iter().map(|due| due.physical_offset).chain(undecided);
            for at in places {
                let bytes = store.message_at(at).unwrap().expect("its record is there");
                assert!([&b"later"[..], b"half"].contains(&RecordView::parse(&bytes).unwrap().body()));
            }
        }
        let undecided = store.undecided(0, 9).unwrap();
        bench.commit(&store, undecided[0]);
        let waiting = store.due(ANY, EVER, 9).unwrap();
        waiting.iter().for_each(|due| bench.deliver(&store, *due));
        assert_eq!((store.due(ANY, EVER, 9).unwrap(), store.undecided(0, 9).unwrap()), (vec![], vec![]));
    }
}

#[test]
fn a_damaged_half_message_is_forgotten_with_its_segment() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    let half = bench.half(&store);
    fill(&bench, &store, 1);
    seal(&store);
    bench.disk.tamper("00000000000000000000", |bytes| bytes[half as usize + 90] ^= 1);
    assert_eq!(bench.expire(&store, 1), 1);
    assert!(store.undecided(0, 9).unwrap().is_empty());
    crash(store);
    let (store, _) = bench.open();
    assert!(store.undecided(0, 9).unwrap().is_empty());
}

#[test]
fn the_index_of_what_is_deleted_is_gone() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    for _ in 0..4 {
        fill(&bench, &store, store.log_bounds().1 / SEGMENT_BYTES as i64 + 1);
        seal(&store);
    }
    let all = store.index.row_counts();
    let segments = bench.expire(&store, 3);
    assert_eq!(segments, 3);
    let (_, keys, chunks) = store.index.row_counts();
    assert!(keys * 3 < all.1 * 2 && chunks == 2, "{keys} keys in {chunks} chunks of {all:?}");
    store.index.compact_runs();
    assert!(store.index.row_counts().0 < all.0, "void rows leave");
}

#[test]
fn a_deleted_topic_gives_its_space_back() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    let batch: Vec<_> = (0..400).map(|_| message("T", 0, b"", "")).collect();
    for _ in 0..20 {
        bench.runtime.block_on(store.put_batch(batch.clone())).unwrap();
    }
    seal(&store);
    let before = store.index.runs_bytes();
    bench.runtime.block_on(store.delete_topic("T")).unwrap();
    seal(&store);
    store.forget_deleted().unwrap();
    assert_eq!(store.index.row_counts().0, 1, "the deletion's own queue is left");
    let after = store.index.runs_bytes();
    assert!(after < before / 10, "{after} bytes of {before}");
    // Its records go with their segments.
    assert!(bench.expire(&store, 99) > 10);
    assert_eq!(store.queue_bounds("T", 0).unwrap(), QueueBounds { min: 0, max: 0 });
}
