//! Writes and syncs that fail: nothing is acknowledged that may be lost.

use super::*;

#[test]
fn a_failed_sync_is_never_acknowledged_nor_tried_again() {
    let bench = Bench::new(FlushMode::Sync);
    let (store, _) = bench.open();
    bench.put(&store, "T", 0, b"good").unwrap();
    bench.disk.fail_sync_after(0);
    let refused = bench.put(&store, "T", 0, b"bad").unwrap_err();
    assert!(matches!(refused, StoreError::Poisoned(_)), "{refused}");
    let syncs = bench.disk.syncs();
    for _ in 0..20 {
        assert!(matches!(bench.put(&store, "T", 0, b"worse").unwrap_err(), StoreError::Poisoned(_)));
    }
    assert!(matches!(*store.watch_health().borrow(), Health::Poisoned(_)));
    assert!(store.close().is_err());
    assert_eq!(bench.disk.syncs(), syncs, "a failed sync is not tried again");
    assert_eq!(drain(&store, "T", 0).len(), 1, "reads go on, and show what is on disk");
}

#[test]
fn who_waits_alone_for_a_quick_disk_syncs_without_the_flushing_thread() {
    let bench = Bench::new(FlushMode::Sync);
    let (store, _) = bench.open();
    bench.put(&store, "T", 0, b"by the thread").unwrap();
    store.end_threads();
    let syncs = bench.disk.syncs();
    bench.put(&store, "T", 0, b"alone").unwrap();
    assert_eq!((bench.disk.syncs(), drain(&store, "T", 0).len()), (syncs + 1, 2));
    bench.disk.fail_sync_after(0);
    assert!(matches!(bench.put(&store, "T", 0, b"bad").unwrap_err(), StoreError::Poisoned(_)));
}

#[test]
fn a_failed_write_loses_nothing_acknowledged() {
    for failing in 0..6 {
        let bench = Bench::new(FlushMode::Async);
        let (store, _) = bench.open();
        bench.disk.fail_write_after(failing);
        let acknowledged = (0..10u8).take_while(|n| bench.put(&store, "T", 0, &[*n; 300]).is_ok()).count();
        assert_eq!(acknowledged, failing);
        assert_eq!(drain(&store, "T", 0).len(), failing);
        crash(store);
        bench.disk.heal();
        let (store, recovery) = bench.open();
        assert_eq!(drain(&store, "T", 0).len(), failing);
        assert!(recovery.torn_bytes > 0, "half of a record was written");
    }
}

#[test]
fn a_full_disk_refuses_and_takes_again_once_there_is_room() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    bench.put(&store, "T", 0, &[1; 1000]).unwrap();
    bench.disk.set_full(true);
    let mut acknowledged = 1;
    let refused = loop {
        match bench.put(&store, "T", 0, &[2; 10_000]) {
            Ok(_) => acknowledged += 1,
            Err(refused) => break refused,
        }
        assert!(acknowledged < 100, "a full disk must show");
    };
    assert!(matches!(refused, StoreError::DiskFull(_)), "{refused}");
    assert_eq!(drain(&store, "T", 0).len(), acknowledged);
    bench.disk.set_full(false);
    assert_eq!(bench.put(&store, "T", 0, b"again").unwrap().queue_offset, acknowledged as i64);
    crash(store);
    let (store, _) = bench.open();
    assert_eq!(drain(&store, "T", 0).len(), acknowledged + 1);
}

#[test]
fn under_sync_flush_a_power_cut_loses_nothing_acknowledged() {
    for seed in 0..40 {
        let mut chance = fastrand::Rng::with_seed(seed);
        let bench = Bench::new(FlushMode::Sync);
        let mut acknowledged = Vec::new();
        for _ in 0..4 {
            let (store, _) = bench.open();
            for _ in 0..chance.usize(1..20) {
                let body = vec![chance.u8(1..); chance.usize(1..9000)];
                acknowledged.push(body.clone());
                bench.put(&store, "T", 0, &body).unwrap();
            }
            // One more is on its way when the power goes.
            store
                .appender
                .lock()
                .unwrap()
                .append(
                    &store.queues.get_or_load("T", 0).unwrap(),
                    &[message("T", 0, b"late", "")],
                    &[0],
                    1,
                    commit_log::append::Purpose::Store,
                    &mut Vec::new(),
                )
                .unwrap();
            crash(store);
            bench.disk.cut_power(&mut chance);
        }
        let (store, _) = bench.open();
        let bodies: Vec<_> = drain(&store, "T", 0).into_iter().map(|seen| seen.body).collect();
        assert_eq!(bodies, acknowledged, "seed {seed}");
    }
}

#[test]
fn illegal_messages_are_refused_and_change_nothing() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    let long = "x".repeat(PROPERTIES_BYTES_MAX + 1);
    let topic = "t".repeat(TOPIC_BYTES_MAX + 1);
    let body = vec![0; bench.config().message_size_max + 1];
    for illegal in [message("T", 0, b"", &long), message(&topic, 0, b"", ""), message("T", 0, &body, "")] {
        assert!(matches!(bench.runtime.block_on(store.put(illegal)).unwrap_err(), StoreError::MessageIllegal(_)));
    }
    assert!(bench.runtime.block_on(store.put_batch(Vec::new())).is_err());
    assert_eq!(bench.put(&store, "T", 0, b"").unwrap().queue_offset, 0);
}
