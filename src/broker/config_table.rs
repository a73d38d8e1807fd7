//! A table of named entries that survives the process: the shape that topics and subscription groups share.
//!
//! Owns the entries in memory, their rows in Meta and the data version. **Invariant:** an entry is visible only
//! after its row is on disk, and one writer changes the table at a time. Must not know what an entry means.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::Serialize;
use serde::de::DeserializeOwned;
use skylark_protocol::body::{self, DataVersion};

use crate::clock::now_ms;
use crate::store::StoreError;
use crate::store::meta::{Meta, MetaChange};

/// Named entries of one kind, kept in Meta under one prefix.
pub(crate) struct ConfigTable<T> {
    entries: RwLock<HashMap<Arc<str>, Arc<T>>>,
    version: Mutex<DataVersion>,
    writer: Mutex<()>,
    meta: Arc<Meta>,
    /// Rows are `prefix/name`; the version is the row `prefix` alone.
    prefix: &'static str,
}

impl<T: Serialize + DeserializeOwned> ConfigTable<T> {
    /// The table as Meta holds it. A row that cannot be read stops the start with the row's name: what it says
    /// cannot be made up.
    pub(crate) fn load(meta: Arc<Meta>, prefix: &'static str) -> Result<Self, StoreError> {
        let mut entries = HashMap::new();
        let rows = format!("{prefix}/");
        for (key, value) in meta.scan(rows.as_bytes())? {
            let name = String::from_utf8_lossy(&key[rows.len()..]).into_owned();
            let entry = body::decode(&value).map_err(|error| unreadable(&rows, &name, &error))?;
            entries.insert(name.into(), Arc::new(entry));
        }
        let version = match meta.get(prefix.as_bytes())? {
            Some(value) => body::decode(&value).map_err(|error| unreadable(prefix, "", &error))?,
            None => DataVersion { counter: 0, timestamp: now_ms() },
        };
        Ok(ConfigTable {
            entries: RwLock::new(entries),
            version: Mutex::new(version),
            writer: Mutex::new(()),
            meta,
            prefix,
        })
    }

    /// The entry called `name`.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<T>> {
        self.read().get(name).cloned()
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.read().len()
    }

    /// All entries, ordered by name.
    pub(crate) fn entries(&self) -> BTreeMap<Arc<str>, Arc<T>> {
        self.read().iter().map(|(name, entry)| (name.clone(), entry.clone())).collect()
    }

    /// Counts changes; peers compare it to see whether they must copy the table.
    pub(crate) fn version(&self) -> DataVersion {
        *self.version.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an entry that follows from the configuration and is made anew at each start: it has no row.
    pub(crate) fn put_volatile(&self, name: &str, entry: T) {
        self.write().entry(name.into()).or_insert_with(|| Arc::new(entry));
    }

    /// Puts what follows from a changed configuration in place of what followed from it before; true if it is another.
    pub(crate) fn replace_volatile(&self, name: &str, entry: &T) -> bool
    where
        T: Clone + PartialEq,
    {
        let _writer = self.writer();
        if self.get(name).is_some_and(|known| *known == *entry) {
            return false;
        }
        let next = self.next_version();
        self.write().insert(name.into(), Arc::new(entry.clone()));
        self.set_version(next);
        true
    }

    /// Counts a change of how peers see the entries.
    pub(crate) fn count_change(&self) {
        let _writer = self.writer();
        self.set_version(self.next_version());
    }

    /// Puts `entry` durably. Blocks for the disk.
    pub(crate) fn put(&self, name: &str, entry: T) -> Result<Arc<T>, StoreError> {
        let _writer = self.writer();
        self.put_locked(name, entry)
    }

    /// The entry called `name`; if there is none, what `make` returns is put first. The second value tells
    /// whether this call made it. Blocks for the disk only then.
    pub(crate) fn get_or_put(
        &self,
        name: &str,
        make: impl FnOnce() -> Option<T>,
    ) -> Result<Option<(Arc<T>, bool)>, StoreError> {
        if let Some(entry) = self.get(name) {
            return Ok(Some((entry, false)));
        }
        let _writer = self.writer();
        if let Some(entry) = self.get(name) {
            return Ok(Some((entry, false)));
        }
        match make() {
            Some(entry) => Ok(Some((self.put_locked(name, entry)?, true))),
            None => Ok(None),
        }
    }

    /// Removes the entry durably; false if there was none. Blocks for the disk.
    pub(crate) fn remove(&self, name: &str) -> Result<bool, StoreError> {
        let _writer = self.writer();
        if !self.read().contains_key(name) {
            return Ok(false);
        }
        let next = self.next_version();
        let changes = [MetaChange::Delete(self.row(name)), self.version_row(&next)];
        self.meta.write(&changes, true)?;
        self.write().remove(name);
        self.set_version(next);
        Ok(true)
    }

    fn put_locked(&self, name: &str, entry: T) -> Result<Arc<T>, StoreError> {
        let next = self.next_version();
        let changes = [MetaChange::Put(self.row(name), body::encode(&entry)), self.version_row(&next)];
        self.meta.write(&changes, true)?;
        let entry = Arc::new(entry);
        self.write().insert(name.into(), entry.clone());
        self.set_version(next);
        Ok(entry)
    }

    fn next_version(&self) -> DataVersion {
        let version = self.version();
        DataVersion { counter: version.counter + 1, timestamp: now_ms() }
    }

    fn set_version(&self, version: DataVersion) {
        *self.version.lock().unwrap_or_else(PoisonError::into_inner) = version;
    }

    fn version_row(&self, version: &DataVersion) -> MetaChange {
        MetaChange::Put(self.prefix.as_bytes().to_vec(), body::encode(version))
    }

    fn row(&self, name: &str) -> Vec<u8> {
        format!("{}/{name}", self.prefix).into_bytes()
    }

    fn writer(&self) -> std::sync::MutexGuard<'_, ()> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<Arc<str>, Arc<T>>> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<Arc<str>, Arc<T>>> {
        self.entries.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unreadable(prefix: &str, name: &str, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Layout(format!("read meta row {prefix}{name}: {error}"))
}
