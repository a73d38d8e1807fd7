//! The settings that may be asked for and changed while the NameServer runs.
//!
//! Owns their current values and the file that changes go to. A request is checked as a whole before any of it counts.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use skylark_protocol::response_code::{NO_PERMISSION, SYSTEM_ERROR};

use crate::config::{Loaded, NamesrvConfig, Properties, Settings, replace_file};
use crate::remoting::Refusal;

/// Keys that no command changes: they name files and ports.
const PROTECTED: [&str; 6] =
    ["configBlackList", "configStorePath", "kvConfigPath", "rocketmqHome", "listenPort", "bindAddress"];

pub(super) struct LiveConfig {
    current: RwLock<Arc<NamesrvConfig>>,
    /// Keys without effect, shown because Java's NameServer shows them.
    others: Vec<(String, String)>,
    writing: tokio::sync::Mutex<()>,
}

impl LiveConfig {
    pub(super) fn new(loaded: Loaded<NamesrvConfig>) -> LiveConfig {
        let current = RwLock::new(Arc::new(loaded.config));
        LiveConfig { current, others: loaded.others, writing: tokio::sync::Mutex::new(()) }
    }

    pub(super) fn current(&self) -> Arc<NamesrvConfig> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All keys and values, a line each.
    pub(super) fn text(&self) -> String {
        let entries = self.current().entries().into_iter().map(|(key, value)| format!("{key}={value}\n"));
        let others = self.others.iter().map(|(key, value)| format!("{key}={value}\n"));
        entries.chain(others).collect()
    }

    /// Takes `key=value` lines. Unknown keys are passed over, as Java does.
    pub(super) async fn update(&self, text: &str) -> Result<(), Refusal> {
        let _writing = self.writing.lock().await;
        let properties = Properties::parse(text).map_err(|_| Refusal::new(SYSTEM_ERROR, "string2Properties error"))?;
        let mut next = (*self.current()).clone();
        let listed: Vec<&str> = next.config_black_list.split(';').map(str::trim).collect();
        if properties.0.iter().any(|p| PROTECTED.contains(&p.key.as_str()) || listed.contains(&p.key.as_str())) {
            return Err(Refusal::new(NO_PERMISSION, "Can not update config in black list."));
        }
        let table = NamesrvConfig::table();
        let mut changes = Vec::new();
        for property in &properties.0 {
            let Some(setting) = table.iter().find(|setting| setting.key == property.key) else { continue };
            let value = property.value.trim();
            next.set(setting.key, value)
                .map_err(|expected| Refusal::system_error(format_args!("{}: not {expected}", setting.key)))?;
            if value.contains(char::is_control) {
                return Err(Refusal::system_error(format_args!("{}: control characters", setting.key)));
            }
            changes.push((setting.key, value.to_owned()));
        }
        if !changes.is_empty() {
            tracing::info!(?changes, "configuration changed by command");
            write_down(next.config_store_path.clone(), changes).await?;
            *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        }
        Ok(())
    }
}

/// Changes the lines of these keys in the file, so that a restart with it finds them.
async fn write_down(path: std::path::PathBuf, changes: Vec<(&'static str, String)>) -> Result<(), Refusal> {
    let shown = path.display().to_string();
    let written = tokio::task::spawn_blocking(move || rewrite(&path, &changes)).await;
    let failure = match written {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(failure)) => failure,
        Err(error) => error.to_string(),
    };
    tracing::error!(path = shown, failure, "write the configuration");
    Err(Refusal::system_error(format_args!("write the configuration: {failure}")))
}

fn rewrite(path: &Path, changes: &[(&'static str, String)]) -> Result<(), String> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error.to_string()),
    };
    let edited = Properties::edit(&text, changes).map_err(|error| error.to_string())?;
    replace_file(path, edited.as_bytes()).map_err(|error| error.to_string())
}
