//! A disk that stands still: who waits holds no thread, and who comes later is turned away, with nothing stored.

use std::sync::atomic::Ordering;

use super::*;

/// A store whose tasks run on two threads, with one write of the log standing still.
struct Stalled {
    bench: Bench,
    store: Arc<Store>,
    tasks: tokio::runtime::Runtime,
    first: tokio::task::JoinHandle<Result<Put, StoreError>>,
}

impl Stalled {
    fn new(configure: impl FnOnce(&mut StoreConfig)) -> Stalled {
        let bench = Bench::new(FlushMode::Async);
        let mut config = bench.config();
        configure(&mut config);
        let (store, _) = Store::open(config, &bench.disk.as_disk()).unwrap();
        let tasks = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
        bench.disk.hold_writes(true);
        let first = spawn_put(&tasks, &store, b"first");
        bench.disk.wait_for_held_write();
        Stalled { bench, store, tasks, first }
    }

    fn put(&self, body: &[u8]) -> Result<Put, StoreError> {
        self.tasks.block_on(spawn_put(&self.tasks, &self.store, body)).unwrap()
    }

    fn wait_for_appended(&self, count: i64) {
        let queue = self.store.queues.get_or_load("T", 0).unwrap();
        while queue.assigned.load(Ordering::Relaxed) < count {
            std::thread::yield_now();
        }
    }

    /// Lets the disk go on; what had been taken is stored, in order.
    fn check_end(self, bodies: &[&[u8]]) {
        self.bench.disk.hold_writes(false);
        assert_eq!(self.tasks.block_on(self.first).unwrap().unwrap().queue_offset, 0);
        while self.store.queue_bounds("T", 0).unwrap().max < bodies.len() as i64 {
            std::thread::yield_now();
        }
        let seen: Vec<_> = drain(&self.store, "T", 0).into_iter().map(|seen| seen.body).collect();
        assert_eq!(seen, bodies);
    }
}

fn spawn_put(
    tasks: &tokio::runtime::Runtime,
    store: &Arc<Store>,
    body: &[u8],
) -> tokio::task::JoinHandle<Result<Put, StoreError>> {
    let (store, message) = (store.clone(), message("T", 0, body, ""));
    tasks.spawn(async move { store.put(message).await })
}

#[test]
fn puts_that_wait_for_a_slow_disk_hold_no_thread() {
    let stalled = Stalled::new(|_| {});
    // More of them than there are threads beside the one that writes.
    let waiting: Vec<_> = (0..4u8).map(|n| spawn_put(&stalled.tasks, &stalled.store, &[n])).collect();
    stalled.wait_for_appended(5);
    let still_runs = stalled.tasks.spawn(async { 7 });
    let limit = Duration::from_secs(20);
    let ran = stalled.tasks.block_on(async { tokio::time::timeout(limit, still_runs).await });
    assert_eq!(ran.expect("a thread is free").unwrap(), 7);
    assert!(waiting.iter().all(|put| !put.is_finished()));
    stalled.bench.disk.hold_writes(false);
    for put in waiting {
        assert!(stalled.tasks.block_on(put).unwrap().is_ok());
    }
}

#[test]
fn a_write_that_lasts_too_long_turns_messages_away_until_it_is_over() {
    let stalled = Stalled::new(|config| config.write_stall_max = Duration::from_millis(20));
    while stalled.store.writer.busy_for() <= Duration::from_millis(20) {
        std::thread::yield_now();
    }
    let refused = stalled.put(b"turned away").unwrap_err();
    assert!(matches!(&refused, StoreError::Busy(_)), "{refused}");
    stalled.bench.disk.hold_writes(false);
    while !stalled.first.is_finished() {
        std::thread::yield_now();
    }
    assert_eq!(stalled.put(b"second").unwrap().queue_offset, 1);
    stalled.check_end(&[b"first", b"second"]);
}

#[test]
fn no_more_bytes_wait_for_a_slow_disk_than_are_allowed() {
    let stalled = Stalled::new(|config| config.unwritten_bytes_max = 10_000);
    let taken = spawn_put(&stalled.tasks, &stalled.store, &[2; 12_000]);
    stalled.wait_for_appended(2);
    let refused = stalled.put(b"too much").unwrap_err();
    assert!(matches!(&refused, StoreError::Busy(_)), "{refused}");
    assert!(!taken.is_finished());
    stalled.check_end(&[b"first", &[2; 12_000]]);
}
