//! The settings that may be asked for and changed while the NameServer runs, and those that may not.

use crate::config::{Live, NamesrvConfig};
use crate::remoting::Refusal;

/// Keys that no command changes: they name files and ports.
const PROTECTED: [&str; 6] =
    ["configBlackList", "configStorePath", "kvConfigPath", "rocketmqHome", "listenPort", "bindAddress"];

/// Takes `key=value` lines. Unknown keys are passed over, as Java does.
pub(super) async fn update(config: &Live<NamesrvConfig>, command: &str) -> Result<(), Refusal> {
    let now = config.current();
    let listed = |key: &str| now.config_black_list.split(';').any(|listed| listed.trim() == key);
    let protected = |key: &str| PROTECTED.contains(&key) || listed(key);
    let changed = config.change(command, protected, now.config_store_path.clone(), |_| {}).await;
    changed.map(drop).map_err(|error| Refusal::new(error.code(), error.to_string()))
}
