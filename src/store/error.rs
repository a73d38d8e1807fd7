//! What can go wrong in the store, with file and place.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why the store did not do what it was asked. Cheap to clone: one failure may answer many waiters.
#[derive(Debug, Clone)]
pub enum StoreError {
    /// The operating system refused. `action` is a verb with its object, such as "open segment".
    Io {
        /// What was being done.
        action: &'static str,
        /// The file or folder it was done to.
        path: PathBuf,
        /// The system's reason.
        source: Arc<std::io::Error>,
    },
    /// RocksDB refused. The index can be folded again from the log; meta can't.
    Database {
        /// What was being done.
        action: &'static str,
        /// RocksDB's reason.
        reason: String,
    },
    /// The message can't be stored as it is: a part is too long. Nothing was written.
    MessageIllegal(String),
    /// No room for another message; nothing was written. Reads go on, and writes resume once there is room.
    DiskFull(String),
    /// The disk is slower than messages come in; nothing was written, and a moment later there may be room.
    Busy(String),
    /// A write or a sync failed before: the store takes no more messages in this process.
    Poisoned(String),
    /// The folder is not what it should be: in use, of another segment size, a gap.
    Layout(String),
    /// The store is being closed.
    Closed,
}

impl StoreError {
    pub(crate) fn io(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        StoreError::Io { action, path: path.to_owned(), source: Arc::new(source) }
    }

    pub(crate) fn database(action: &'static str, source: rocksdb::Error) -> Self {
        let reason = source.into_string();
        // RocksDB tells it by the system's text only, and goes on by itself once there is room.
        if reason.contains("No space left on device") {
            return StoreError::DiskFull(format!("{action}: {reason}"));
        }
        StoreError::Database { action, reason }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Io { action, path, source } => write!(f, "{action} {}: {source}", path.display()),
            StoreError::Database { action, reason } => write!(f, "{action}: {reason}"),
            StoreError::MessageIllegal(reason) => write!(f, "{reason}"),
            StoreError::DiskFull(reason) => write!(f, "disk full: {reason}"),
            StoreError::Busy(reason) => write!(f, "the disk is slow: {reason}"),
            StoreError::Poisoned(reason) => write!(f, "the store refuses writes after a failure: {reason}"),
            StoreError::Layout(reason) => write!(f, "{reason}"),
            StoreError::Closed => write!(f, "the store is closed"),
        }
    }
}

impl std::error::Error for StoreError {}
