//! Logs with torn ends and flipped bits.

use super::*;

const FIRST: &str = "00000000000000000000";

/// A log of `count` messages in one file, with where each begins and the end.
fn log_of(count: u8) -> (Bench, Vec<i64>) {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    // A property, so that a record's last byte is not a zero.
    let put = |n| bench.runtime.block_on(store.put(message("T", 0, &[n; 40], "K\u{1}v"))).unwrap().physical_offset;
    let mut begins: Vec<i64> = (0..count).map(put).collect();
    begins.push(store.log_bounds().1);
    crash(store);
    (bench, begins)
}

fn bodies(store: &Store) -> Vec<u8> {
    drain(store, "T", 0).iter().map(|seen| seen.body[0]).collect()
}

#[test]
fn a_log_cut_anywhere_keeps_exactly_its_whole_records() {
    let (bench, begins) = log_of(4);
    let whole = bench.disk.bytes_of(FIRST);
    for cut in begins[1]..begins[4] {
        bench.disk.tamper(FIRST, |bytes| {
            bytes.copy_from_slice(&whole);
            bytes[cut as usize..].fill(0);
        });
        let (store, recovery) = bench.open();
        let kept = begins.iter().filter(|begin| **begin <= cut).count() - 1;
        assert_eq!(bodies(&store).len(), kept, "cut at {cut}");
        assert_eq!(recovery.log_end, begins[kept], "cut at {cut}");
        assert_eq!(bench.put(&store, "T", 0, &[9; 40]).unwrap().queue_offset, kept as i64);
        crash(store);
    }
}

#[test]
fn one_flipped_bit_costs_at_most_the_message_it_is_in() {
    let (bench, begins) = log_of(6);
    let whole = bench.disk.bytes_of(FIRST);
    let mut chance = fastrand::Rng::with_seed(7);
    for _ in 0..300 {
        let at = chance.usize(..begins[6] as usize);
        bench.disk.tamper(FIRST, |bytes| {
            bytes.copy_from_slice(&whole);
            bytes[at] ^= 1 << chance.u8(..8);
        });
        let hit = begins.partition_point(|begin| *begin <= at as i64) - 1;
        let (store, recovery) = bench.open();
        let kept = bodies(&store);
        let others: Vec<u8> = (0..6).filter(|n| usize::from(*n) != hit).collect();
        assert!(kept == others || kept == [0, 1, 2, 3, 4, 5], "bit at {at} in {hit}: kept {kept:?}, {recovery:?}");
        // Only the body has a checksum, so a bit of the queue number or the topic moves a message unseen. Behind the
        // newest record nothing tells damage from a torn write.
        let torn = recovery.torn_bytes > 0;
        assert!(recovery.damaged.len() <= 1 && (!torn || hit == 5), "bit at {at} in {hit}: {recovery:?}");
        assert_eq!(bench.disk.file_count(), 1, "nothing is deleted");
        let after = bench.put(&store, "T", 0, b"after").unwrap();
        let expected = if hit == 5 && kept == others { 5 } else { 6 };
        assert_eq!(after.queue_offset, expected, "a queue offset is given out twice only behind a torn end");
        crash(store);
    }
}

#[test]
fn damage_in_one_file_does_not_hide_the_next() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    for n in 0..12u8 {
        bench.put(&store, "T", 0, &[n; 10_000]).unwrap();
    }
    crash(store);
    assert!(bench.disk.file_count() > 1);
    bench.disk.tamper(FIRST, |bytes| bytes[60_000..].fill(0xFF));
    let (store, recovery) = bench.open();
    assert_eq!(bodies(&store), [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]);
    assert_eq!(recovery.damaged.len(), 1);
}

#[test]
fn a_lost_index_is_folded_again_and_answers_the_same() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    for n in 0..50u8 {
        bench.put(&store, "T", i32::from(n % 3), &[n]).unwrap();
        if n % 10 == 9 {
            seal(&store);
        }
    }
    let before: Vec<_> = (0..3).map(|queue| drain(&store, "T", queue)).collect();
    store.close().unwrap();
    crash(store);
    std::fs::remove_dir_all(bench.folder.path().join("index")).unwrap();
    let (store, recovery) = bench.open();
    assert_eq!(recovery.messages_folded, 50);
    assert_eq!((0..3).map(|queue| drain(&store, "T", queue)).collect::<Vec<_>>(), before);
}

#[test]
fn a_damaged_index_is_made_again() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    bench.put(&store, "T", 0, b"x").unwrap();
    store.close().unwrap();
    crash(store);
    let index = bench.folder.path().join("index");
    for file in std::fs::read_dir(&index).unwrap().flatten() {
        if file.file_name().to_string_lossy().starts_with("MANIFEST") {
            std::fs::write(file.path(), b"garbage").unwrap();
        }
    }
    let (store, recovery) = bench.open();
    assert_eq!((recovery.messages_folded, drain(&store, "T", 0).len()), (1, 1));
}

#[test]
fn a_closed_store_folds_nothing_and_goes_on_where_it_was() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    let last = (0..10u8).map(|n| bench.put(&store, "T", 0, &[n]).unwrap()).last().unwrap();
    assert!(bench.folder.path().join("abort").exists());
    store.close().unwrap();
    assert!(!bench.folder.path().join("abort").exists());
    crash(store);
    let (store, recovery) = bench.open();
    assert_eq!(recovery.messages_folded, 0);
    let next = bench.put(&store, "T", 0, b"next").unwrap();
    assert_eq!(next.queue_offset, 10);
    assert!(next.store_timestamp >= last.store_timestamp);
    assert_eq!(drain(&store, "T", 0).len(), 11);
}

#[test]
fn segments_of_another_size_are_refused() {
    let (bench, _) = log_of(1);
    let config = StoreConfig { segment_size_bytes: SEGMENT_BYTES * 2, ..bench.config() };
    let refused = Store::open(config, &bench.disk.as_disk()).err().unwrap().to_string();
    assert!(refused.contains("mappedFileSizeCommitLog"), "{refused}");
}

#[test]
fn a_store_in_use_is_refused() {
    // The lock is one of the process, so another process has to try.
    let folder = tempfile::tempdir().unwrap();
    let _held = FolderLock::take(folder.path()).unwrap();
    let script = "import fcntl,sys\nf=open(sys.argv[1],'r+')\ntry:\n fcntl.lockf(f,fcntl.LOCK_EX|fcntl.LOCK_NB)\nexcept OSError:\n sys.exit(7)";
    let tried = std::process::Command::new("python3").args(["-c", script]).arg(folder.path().join("lock")).status();
    if let Ok(status) = tried {
        assert_eq!(status.code(), Some(7));
    }
}
