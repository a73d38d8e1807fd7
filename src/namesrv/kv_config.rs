//! The KV configuration: namespaces of keys and values, kept in a file that Java's NameServer reads too.
//!
//! Owns the table and its file. A change is written and synced before it counts; changes happen one after the other.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use skylark_protocol::body;

use crate::config::replace_file;

/// The namespace of the order configuration of topics.
pub(super) const ORDER_TOPIC_CONFIG: &str = "ORDER_TOPIC_CONFIG";

type Table = BTreeMap<String, BTreeMap<String, String>>;

/// The content of `kvConfig.json`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredTable {
    config_table: Table,
}

/// The table and its file.
pub(super) struct KvConfig {
    path: PathBuf,
    table: Mutex<Arc<Table>>,
    /// Held while a change is written.
    writing: tokio::sync::Mutex<()>,
}

impl KvConfig {
    /// Reads the file; without one the table is empty. A file that is damaged is an error, unless the copy that Java
    /// leaves beside it is whole: starting empty would lose the order configuration for good with the next change.
    pub(super) fn load(path: &Path) -> Result<KvConfig, String> {
        let table = match read(path) {
            Ok(table) => table,
            Err(damage) => {
                let copy = backup_of(path);
                let table = read(&copy).ok().flatten().ok_or_else(|| damage.clone())?;
                tracing::error!(damage, copy = %copy.display(), "the KV configuration is damaged, its copy is used");
                Some(table)
            }
        };
        let table = Mutex::new(Arc::new(table.unwrap_or_default()));
        Ok(KvConfig { path: path.to_owned(), table, writing: tokio::sync::Mutex::new(()) })
    }

    fn table(&self) -> Arc<Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn get(&self, namespace: &str, key: &str) -> Option<String> {
        self.table().get(namespace)?.get(key).cloned()
    }

    /// All of a namespace; None if it was never used.
    pub(super) fn namespace(&self, namespace: &str) -> Option<BTreeMap<String, String>> {
        self.table().get(namespace).cloned()
    }

    /// How many entries there would be after this key is set.
    pub(super) fn count_after(&self, namespace: &str, key: &str) -> usize {
        let table = self.table();
        let known = table.get(namespace).is_some_and(|entries| entries.contains_key(key));
        table.values().map(BTreeMap::len).sum::<usize>() + usize::from(!known)
    }

    /// Sets a value.
    pub(super) async fn put(&self, namespace: String, key: String, value: String) -> Result<(), String> {
        self.change(|table| {
            table.entry(namespace).or_default().insert(key, value);
        })
        .await
    }

    /// Deletes a value; its namespace stays, empty perhaps.
    pub(super) async fn delete(&self, namespace: &str, key: &str) -> Result<(), String> {
        self.change(|table| {
            if let Some(entries) = table.get_mut(namespace) {
                entries.remove(key);
            }
        })
        .await
    }

    async fn change(&self, change: impl FnOnce(&mut Table)) -> Result<(), String> {
        let _writing = self.writing.lock().await;
        let mut table = (*self.table()).clone();
        change(&mut table);
        let stored = StoredTable { config_table: table };
        let (path, content) = (self.path.clone(), body::encode(&stored));
        let written = tokio::task::spawn_blocking(move || replace_file(&path, &content)).await;
        let failure = match written {
            Ok(Ok(())) => {
                *self.table.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(stored.config_table);
                return Ok(());
            }
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        tracing::error!(path = %self.path.display(), failure, "write the KV configuration");
        Err(format!("write the KV configuration: {failure}"))
    }
}

/// None if there is no file.
fn read(path: &Path) -> Result<Option<Table>, String> {
    let content = match std::fs::read(path) {
        Ok(content) => content,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    let stored = body::decode::<StoredTable>(&content).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Some(stored.config_table))
}

/// Java: MixAll: the content before the last write.
fn backup_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".bak");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    fn entries(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
    }

    #[tokio::test]
    async fn what_was_put_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("namesrv/kvConfig.json");
        let config = KvConfig::load(&path).unwrap();
        assert_eq!(config.namespace("N"), None);
        config.put("N".into(), "k".into(), "v".into()).await.unwrap();
        config.put("N".into(), "l".into(), "w\n\"".into()).await.unwrap();
        config.put("M".into(), "k".into(), "v".into()).await.unwrap();
        config.delete("M", "k").await.unwrap();
        config.delete("O", "k").await.unwrap();
        let stored = std::fs::read_to_string(&path).unwrap();
        assert_eq!(stored, r#"{"configTable":{"M":{},"N":{"k":"v","l":"w\n\""}}}"#);
        let again = KvConfig::load(&path).unwrap();
        assert_eq!(again.namespace("N"), Some(entries(&[("k", "v"), ("l", "w\n\"")])));
        assert_eq!(again.namespace("M"), Some(entries(&[])));
        assert_eq!((again.count_after("N", "k"), again.count_after("N", "x")), (2, 3));
    }

    #[tokio::test]
    async fn what_cannot_be_written_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kvConfig.json");
        let config = KvConfig::load(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(config.put("N".into(), "k".into(), "v".into()).await.is_err());
        assert_eq!(config.get("N", "k"), None);
    }

    #[test]
    fn a_damaged_file_is_an_error_unless_its_copy_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kvConfig.json");
        std::fs::write(&path, r#"{"configTable":{"N":{"k""#).unwrap();
        assert!(KvConfig::load(&path).err().unwrap().contains("kvConfig.json"));
        std::fs::write(folder.path().join("kvConfig.json.bak"), r#"{"configTable":{"N":{"k":"v"}}}"#).unwrap();
        assert_eq!(KvConfig::load(&path).unwrap().get("N", "k").as_deref(), Some("v"));
    }
}
