//! Settings that are asked for and changed while a server runs.
//!
//! Owns the values of now and the order of changes: one at a time, checked, written down, and only then in force.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, Guard};
use tokio::sync::watch;

use super::changes::{ChangeError, Changes, report, write_down};
use super::settings::Settings;
use super::sources::{Loaded, Place};
use crate::clock::now_ms;

/// The settings of a running server. Reading them takes no lock.
pub struct Live<C> {
    current: ArcSwap<C>,
    /// Keys without effect, shown because Java's servers show them.
    others: Mutex<Vec<(String, String)>>,
    pinned: Vec<(&'static str, Place)>,
    changing: tokio::sync::Mutex<()>,
    /// How often the settings changed since the start, and when last, in ms since 1970.
    version: watch::Sender<(i64, i64)>,
}

impl<C: Settings> Live<C> {
    /// As they were loaded at the start.
    pub fn new(loaded: Loaded<C>) -> Live<C> {
        let Loaded { config, others, pinned, .. } = loaded;
        let (current, others) = (ArcSwap::from_pointee(config), Mutex::new(others));
        Live {
            current,
            others,
            pinned,
            changing: tokio::sync::Mutex::new(()),
            version: watch::Sender::new((0, now_ms())),
        }
    }

    /// The settings of now, for a short look.
    pub fn load(&self) -> Guard<Arc<C>> {
        self.current.load()
    }

    /// The settings of now, to keep.
    pub fn current(&self) -> Arc<C> {
        self.current.load_full()
    }

    /// How often the settings changed since the start, and when last, in ms since 1970.
    pub fn version(&self) -> (i64, i64) {
        *self.version.borrow()
    }

    /// Tells of changes.
    pub fn watch(&self) -> watch::Receiver<(i64, i64)> {
        self.version.subscribe()
    }

    /// All keys and values, a line each.
    pub fn text(&self) -> String {
        report(&**self.load(), &self.others())
    }

    /// Takes `key=value` lines; `protected` says of any key whether no command may change it, `file` is where the next
    /// start finds the change. `apply` is told the new settings before a further change can come. Returns what was
    /// changed; unknown keys are passed over, as Java does.
    pub async fn change(
        &self,
        command: &str,
        protected: impl Fn(&str) -> bool,
        file: PathBuf,
        apply: impl FnOnce(&C),
    ) -> Result<Vec<(&'static str, String)>, ChangeError> {
        let _changing = self.changing.lock().await;
        let Changes { config, values } = Changes::read(&**self.load(), command, protected)?;
        if values.is_empty() {
            // Java counts a command that changed nothing, too.
            self.count_change();
            return Ok(values);
        }
        let written = tokio::task::spawn_blocking(move || write_down(&file, &values).map(|()| values)).await;
        let values = written.unwrap_or_else(|error| Err(ChangeError::NotWritten(error.to_string())))?;
        for (key, value) in &values {
            tracing::info!(key, value, "configuration changed by command");
            if let Some((_, place)) = self.pinned.iter().rev().find(|(pinned, _)| pinned == key) {
                tracing::warn!(key, %place, "this place sets the key again at the next start");
            }
        }
        self.note_without_effect(&values);
        self.current.store(Arc::new(config));
        apply(&self.load());
        self.count_change();
        Ok(values)
    }

    fn count_change(&self) {
        self.version.send_modify(|(count, at)| (*count, *at) = (*count + 1, now_ms()));
    }

    fn note_without_effect(&self, values: &[(&'static str, String)]) {
        let is_setting = |key: &str| C::table().iter().any(|setting| setting.key == key);
        let mut others = self.others();
        for (key, value) in values.iter().filter(|(key, _)| !is_setting(key)) {
            others.retain(|(known, _)| known != key);
            others.push((key.to_string(), value.clone()));
        }
    }

    fn others(&self) -> MutexGuard<'_, Vec<(String, String)>> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
