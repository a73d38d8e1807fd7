//! No room: messages are refused, what is there is read, and what was begun is brought to its end.

use super::waiting::{ANY, EVER};
use super::*;

#[test]
fn a_store_that_is_told_to_refuse_takes_only_what_makes_room() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    let due = bench.delay(&store, 10);
    bench.put(&store, "T", 0, b"x").unwrap();
    assert!(store.refuse_puts(Some("91 % used".to_owned())) && !store.refuse_puts(Some("92 % used".to_owned())));
    let refused = bench.put(&store, "T", 0, b"y").unwrap_err();
    assert!(matches!(&refused, StoreError::DiskFull(reason) if reason == "92 % used"), "{refused}");
    assert_eq!(drain(&store, "T", 0).len(), 1);
    assert_eq!(bench.runtime.block_on(store.move_up(due.physical_offset + 1)).unwrap(), 1);
    bench.runtime.block_on(store.delete_topic("T")).unwrap();
    assert!(store.refuse_puts(None));
    assert_eq!(bench.put(&store, "T", 0, b"z").unwrap().queue_offset, 0);
}

#[test]
fn a_write_that_meets_a_full_disk_is_made_up_for() {
    let bench = Bench::new(FlushMode::Sync);
    let (store, _) = bench.open();
    bench.put(&store, "T", 0, b"before").unwrap();
    let due = bench.delay(&store, 10);
    bench.disk.set_full_writes(true);
    let refused = bench.put(&store, "T", 0, &[1; 3000]).unwrap_err();
    assert!(matches!(refused, StoreError::DiskFull(_)), "{refused}");
    // Its outcome is open, and so nothing is put that might be put already.
    let refused = bench.runtime.block_on(store.move_up(due.physical_offset + 1)).unwrap_err();
    assert!(matches!(refused, StoreError::DiskFull(_)), "{refused}");
    assert!(matches!(store.flush().unwrap_err(), StoreError::DiskFull(_)));
    assert_eq!(*store.watch_health().borrow(), Health::Healthy);
    assert_eq!(drain(&store, "T", 0).len(), 1, "reads go on");
    bench.disk.set_full_writes(false);
    store.flush().unwrap();
    assert_eq!(bench.put(&store, "T", 0, b"after").unwrap().queue_offset, 2);
    assert_eq!(bench.runtime.block_on(store.move_up(due.physical_offset + 1)).unwrap(), 1);
    crash(store);
    let (store, recovery) = bench.open();
    let bodies: Vec<_> = drain(&store, "T", 0).into_iter().map(|seen| seen.body.len()).collect();
    assert_eq!((bodies, recovery.torn_bytes), (vec![6, 3000, 5], 0));
    assert_eq!(store.due(ANY, EVER, 9).unwrap().len(), 1);
}

#[test]
fn a_crash_while_a_write_waits_for_room_loses_nothing_acknowledged() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    bench.put(&store, "T", 0, b"before").unwrap();
    bench.disk.set_full_writes(true);
    for _ in 0..3 {
        assert!(bench.put(&store, "T", 0, &[1; 3000]).is_err());
    }
    crash(store);
    bench.disk.set_full_writes(false);
    let (store, _) = bench.open();
    assert_eq!(drain(&store, "T", 0).len(), 1);
    assert_eq!(bench.put(&store, "T", 0, b"after").unwrap().queue_offset, 1);
}

#[test]
fn old_segments_can_be_deleted_though_the_disk_is_full() {
    let bench = Bench::new(FlushMode::Async);
    let (store, _) = bench.open();
    bench.delay(&store, 10);
    bench.put(&store, "quiet", 0, b"x").unwrap();
    while store.log_bounds().1 < 2 * SEGMENT_BYTES as i64 {
        bench.put(&store, "T", 0, &[0; 900]).unwrap();
    }
    bench.disk.set_full(true);
    while bench.put(&store, "T", 0, &[0; 900]).is_ok() {}
    assert_eq!(bench.expire(&store, 2), 2);
    assert_eq!(store.due(ANY, EVER, 9).unwrap().len(), 1);
    assert_eq!(store.queue_bounds("quiet", 0).unwrap(), QueueBounds { min: 1, max: 1 });
}
