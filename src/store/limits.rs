//! What of a store's configuration may change while it is open.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::{Store, StoreConfig};

pub(super) struct Limits {
    message_size_max: AtomicUsize,
    sync_flush_timeout_ms: AtomicU64,
}

impl Limits {
    pub(super) fn new(config: &StoreConfig) -> Limits {
        let limits = Limits { message_size_max: AtomicUsize::new(0), sync_flush_timeout_ms: AtomicU64::new(0) };
        limits.set(config.message_size_max, config.sync_flush_timeout);
        limits
    }

    fn set(&self, message_size_max: usize, sync_flush_timeout: Duration) {
        let ms = u64::try_from(sync_flush_timeout.as_millis()).unwrap_or(u64::MAX);
        self.message_size_max.store(message_size_max, Ordering::Relaxed);
        self.sync_flush_timeout_ms.store(ms, Ordering::Relaxed);
    }

    /// The longest body in bytes.
    pub(super) fn message_size_max(&self) -> usize {
        self.message_size_max.load(Ordering::Relaxed)
    }

    /// How long a put waits for the disk.
    pub(super) fn sync_flush_timeout(&self) -> Duration {
        Duration::from_millis(self.sync_flush_timeout_ms.load(Ordering::Relaxed))
    }
}

impl Store {
    /// Goes by other limits from now on: the longest body in bytes, and how long a put waits for the disk.
    pub fn change_limits(&self, message_size_max: usize, sync_flush_timeout: Duration) {
        self.limits.set(message_size_max, sync_flush_timeout);
    }
}
