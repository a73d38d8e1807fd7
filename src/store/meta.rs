//! What does not follow from the log: topics, groups, consumer offsets, as an ordered map of bytes.
//!
//! It lives in a RocksDB of its own, with a write-ahead log. Its contents are the broker's business.

use std::path::Path;
use std::sync::Arc;

use rocksdb::{DB, Direction, IteratorMode, Options, WriteBatch, WriteOptions};

use super::error::StoreError;

/// One change of the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetaChange {
    /// Sets a key's value.
    Put(Vec<u8>, Vec<u8>),
    /// Removes a key, which need not be there.
    Delete(Vec<u8>),
}

/// The map.
pub struct Meta {
    db: DB,
}

/// A key with its value.
pub type MetaRow = (Vec<u8>, Vec<u8>);

impl Meta {
    /// Opens the map in `folder`, or makes an empty one.
    pub fn open(folder: &Path) -> Result<Arc<Meta>, StoreError> {
        let mut options = Options::default();
        options.create_if_missing(true);
        options.set_compression_type(rocksdb::DBCompressionType::None);
        options.set_write_buffer_size(4 << 20);
        options.set_max_open_files(128);
        options.set_keep_log_file_num(2);
        options.set_log_level(rocksdb::LogLevel::Warn);
        std::fs::create_dir_all(folder).map_err(|error| StoreError::io("create the folder of meta", folder, error))?;
        let db = DB::open(&options, folder).map_err(|error| StoreError::database("open meta", error))?;
        Ok(Arc::new(Meta { db }))
    }

    /// The value of a key.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.db.get(key).map_err(|error| StoreError::database("read meta", error))
    }

    /// All rows whose key begins with `prefix`, in order of key.
    pub fn scan(&self, prefix: &[u8]) -> Result<Vec<MetaRow>, StoreError> {
        let mut rows = Vec::new();
        for row in self.db.iterator(IteratorMode::From(prefix, Direction::Forward)) {
            let (key, value) = row.map_err(|error| StoreError::database("read meta", error))?;
            if !key.starts_with(prefix) {
                break;
            }
            rows.push((key.into_vec(), value.into_vec()));
        }
        Ok(rows)
    }

    /// Makes all changes or none. With `sync` they are on disk when this returns; without, a power cut may undo them.
    pub fn write(&self, changes: &[MetaChange], sync: bool) -> Result<(), StoreError> {
        let mut batch = WriteBatch::default();
        for change in changes {
            match change {
                MetaChange::Put(key, value) => batch.put(key, value),
                MetaChange::Delete(key) => batch.delete(key),
            }
        }
        let mut options = WriteOptions::default();
        options.set_sync(sync);
        self.db.write_opt(batch, &options).map_err(|error| StoreError::database("write meta", error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_prefix_and_survive_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let put = |key: &str| MetaChange::Put(key.into(), b"v".to_vec());
        let meta = Meta::open(folder.path()).unwrap();
        meta.write(&[put("a/1"), put("a/2"), put("b/1")], true).unwrap();
        meta.write(&[MetaChange::Delete(b"a/1".to_vec())], false).unwrap();
        drop(meta);
        let meta = Meta::open(folder.path()).unwrap();
        assert_eq!(meta.scan(b"a/").unwrap(), [(b"a/2".to_vec(), b"v".to_vec())]);
        assert_eq!(meta.get(b"a/1").unwrap(), None);
    }
}
