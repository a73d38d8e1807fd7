//! The store over a disk that obeys the test: what is put is found, over every kind of end.

mod faulty_disk;
mod damage;
mod failing_disk;
mod slow_disk;
mod reading;
mod waiting;
mod expiry;
mod full_disk;
mod model;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use skylark_protocol::message::record::RecordView;

use super::*;
use faulty_disk::FaultyDisk;

/// Small, so that tests cross from file to file.
const SEGMENT_BYTES: u64 = 64 << 10;

/// A folder for index and locks, and a disk for the log, both of which outlive the store.
struct Bench {
    folder: tempfile::TempDir,
    disk: FaultyDisk,
    flush: FlushMode,
    runtime: tokio::runtime::Runtime,
}

/// A message as a reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    queue_offset: i64,
    body: Vec<u8>,
}

impl Bench {
    fn new(flush: FlushMode) -> Bench {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        Bench { folder: tempfile::tempdir().unwrap(), disk: FaultyDisk::new(), flush, runtime }
    }

    fn config(&self) -> StoreConfig {
        StoreConfig {
            root: self.folder.path().to_owned(),
            commit_log: Path::new("/commitlog").to_owned(),
            segment_size_bytes: SEGMENT_BYTES,
            flush: self.flush,
            // Only tests that ask for a sync get one.
            flush_interval: Duration::from_secs(3600),
            sync_flush_timeout: Duration::from_secs(60),
            write_stall_max: Duration::from_secs(60),
            unwritten_bytes_max: 64 << 20,
            message_size_max: 16 << 10,
            chunk_messages_max: 1 << 18,
            level_delays: vec![1_000, 5_000],
            store_host: "127.0.0.1:10911".parse().unwrap(),
        }
    }

    fn open(&self) -> (Arc<Store>, Recovery) {
        Store::open(self.config(), &self.disk.as_disk()).unwrap()
    }

    fn put(&self, store: &Store, topic: &str, queue_id: i32, body: &[u8]) -> Result<Put, StoreError> {
        self.runtime.block_on(store.put(message(topic, queue_id, body, "")))
    }
}

impl Bench {
    /// Deletes up to `count` of the oldest segments; gives how many went.
    fn expire(&self, store: &Arc<Store>, count: usize) -> usize {
        store.flush().unwrap();
        let old = store.old_segments(count).unwrap();
        let Some(last) = old.last() else { return 0 };
        self.runtime.block_on(store.release_below(last.end)).unwrap();
        while store.delete_oldest().unwrap().is_some() {}
        store.forget_deleted().unwrap();
        assert_eq!(store.log_bounds().0, last.end);
        old.len()
    }

    /// Throws the index away, as an operator may.
    fn lose_index(&self) {
        std::fs::remove_dir_all(self.folder.path().join("index")).unwrap();
    }
}

/// Ends a store as the death of its process does: nothing more is written, synced or sealed.
pub(crate) fn crash(store: Arc<Store>) {
    store.end_threads();
    assert_eq!(Arc::strong_count(&store), 1);
}

fn message(topic: &str, queue_id: i32, body: &[u8], properties: &str) -> NewMessage {
    NewMessage {
        topic: topic.to_owned(),
        queue_id,
        flag: 0,
        sys_flag: 0,
        born_timestamp: 1_600_000_000_000,
        born_host: "127.0.0.1:1234".parse().unwrap(),
        reconsume_times: 0,
        prepared_transaction_offset: 0,
        body: Bytes::copy_from_slice(body),
        properties: properties.to_owned(),
        wait: true,
    }
}

fn limits() -> GetLimits {
    GetLimits {
        count_in_memory: 32,
        count_on_disk: 32,
        bytes_in_memory: 1 << 20,
        bytes_on_disk: 1 << 20,
        memory_reach_bytes: i64::MAX,
        scan_entries: 800,
    }
}

/// Splits a get's body into its records.
fn records(mut body: &[u8]) -> Vec<Seen> {
    let mut seen = Vec::new();
    while let Some(size) = commit_log::announced_size(body) {
        let record = RecordView::parse(&body[..size]).expect("a whole record");
        assert!(record.check_body_crc());
        seen.push(Seen { queue_offset: record.queue_offset(), body: record.body().to_vec() });
        body = &body[size..];
    }
    assert!(body.is_empty(), "a get returns whole records");
    seen
}

/// All that a queue shows, from its oldest message on.
fn drain(store: &Store, topic: &str, queue_id: i32) -> Vec<Seen> {
    let bounds = store.queue_bounds(topic, queue_id).unwrap();
    let (mut at, mut seen) = (bounds.min, Vec::new());
    while at < bounds.max {
        let got = store.get(topic, queue_id, at, &limits(), &mut |_| true).unwrap();
        assert_eq!(got.status, GetStatus::Found, "at {at} of {bounds:?}");
        seen.extend(records(&got.body));
        assert!(got.next_offset > at);
        at = got.next_offset;
    }
    seen
}

/// Seals all that is folded, as if the chunk were full.
fn seal(store: &Store) {
    store.tail.freeze(&mut store.tail.chunks(), true);
    store.seal_frozen().unwrap();
}
