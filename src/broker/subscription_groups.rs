//! The subscription groups of this broker: who may consume, and how failures are retried.
//!
//! Owns the group table and the rule by which groups come into being on their own. **Invariant:** a group that
//! anyone was told of is on disk. Must not know requests, peers or who is online.

use std::sync::{Arc, PoisonError, RwLock};

use skylark_protocol::body::{DataVersion, SubscriptionGroupConfig, SubscriptionGroupWrapper};

use super::config_table::ConfigTable;
use super::topic_names;
use crate::store::StoreError;
use crate::store::meta::Meta;

/// Groups that exist from the start.
const INITIAL_GROUPS: [&str; 7] = [
    "TOOLS_CONSUMER",
    "FILTERSRV_CONSUMER",
    "SELF_TEST_C_GROUP",
    "CID_ONS-HTTP-PROXY",
    "CID_ONSAPI_PULL",
    "CID_ONSAPI_PERMISSION",
    "CID_ONSAPI_OWNER",
];
/// Starts the names of groups that are made on demand whatever the configuration says.
const SYSTEM_GROUP_PREFIX: &str = "CID_RMQ_SYS_";

/// What of the configuration decides about groups.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GroupRules {
    /// autoCreateSubscriptionGroup
    pub(crate) auto_create: bool,
    /// maxAutoCreatedGroups: a broker with so many groups makes no more on its own.
    pub(crate) auto_created_max: usize,
}

/// The group table.
pub(crate) struct SubscriptionGroups {
    table: ConfigTable<SubscriptionGroupConfig>,
    rules: RwLock<GroupRules>,
}

impl SubscriptionGroups {
    /// The table as Meta holds it, with the groups that exist from the start.
    pub(crate) fn load(meta: Arc<Meta>, rules: GroupRules) -> Result<Self, StoreError> {
        let table = ConfigTable::load(meta, "group")?;
        for name in INITIAL_GROUPS {
            table.put_volatile(name, group_config(name));
        }
        Ok(SubscriptionGroups { table, rules: RwLock::new(rules) })
    }

    /// The group called `group`, without making it.
    pub(crate) fn get(&self, group: &str) -> Option<Arc<SubscriptionGroupConfig>> {
        self.table.get(group)
    }

    /// The group called `group`, made if it does not exist and may be. Blocks for the disk only if made.
    pub(crate) fn get_or_create(&self, group: &str) -> Result<Option<Arc<SubscriptionGroupConfig>>, StoreError> {
        match self.table.get_or_put(group, || self.may_make(group).then(|| group_config(group))) {
            Ok(found) => Ok(found.map(|(group, _)| group)),
            // Reads go on: the group is served without its row, and made by a later request.
            Err(StoreError::DiskFull(_)) => Ok(Some(Arc::new(group_config(group)))),
            Err(error) => Err(error),
        }
    }

    /// All groups, ordered by name.
    pub(crate) fn all(&self) -> Vec<Arc<SubscriptionGroupConfig>> {
        self.table.entries().into_values().collect()
    }

    /// All groups with the data version, as peers copy them.
    pub(crate) fn snapshot(&self) -> SubscriptionGroupWrapper {
        SubscriptionGroupWrapper {
            // Read first: a change in between makes the copy newer than its version, never older.
            data_version: self.version(),
            subscription_group_table: (self.table.entries().into_iter())
                .map(|(name, group)| (name.to_string(), SubscriptionGroupConfig::clone(&group)))
                .collect(),
        }
    }

    /// Counts changes of the table.
    pub(crate) fn version(&self) -> DataVersion {
        self.table.version()
    }

    /// Creates or replaces a group. Blocks for the disk.
    pub(crate) fn put(&self, group: SubscriptionGroupConfig) -> Result<(), StoreError> {
        let name = group.group_name.clone();
        self.table.put(&name, group).map(drop)
    }

    /// Forgets a group; false if there was none. Blocks for the disk.
    pub(crate) fn remove(&self, group: &str) -> Result<bool, StoreError> {
        self.table.remove(group)
    }

    /// Goes by other rules from now on; groups that are there stay.
    pub(crate) fn change_rules(&self, rules: GroupRules) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    fn may_make(&self, group: &str) -> bool {
        let rules = *self.rules.read().unwrap_or_else(PoisonError::into_inner);
        let wanted = rules.auto_create || group.starts_with(SYSTEM_GROUP_PREFIX);
        wanted && topic_names::is_group_name(group) && self.table.len() < rules.auto_created_max
    }
}

/// A group with Java's defaults.
pub(crate) fn group_config(group: &str) -> SubscriptionGroupConfig {
    SubscriptionGroupConfig { group_name: group.to_owned(), ..SubscriptionGroupConfig::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(auto_create: bool) -> GroupRules {
        GroupRules { auto_create, auto_created_max: 100 }
    }

    fn table(auto_create: bool) -> (tempfile::TempDir, SubscriptionGroups) {
        let folder = tempfile::tempdir().expect("a temp folder");
        let meta = Meta::open(folder.path()).expect("meta opens");
        (folder, SubscriptionGroups::load(meta, rules(auto_create)).expect("groups load"))
    }

    fn check(auto_create: bool, group: &str, exists: bool) {
        let (_folder, table) = table(auto_create);
        assert_eq!(table.get_or_create(group).expect("no disk error").is_some(), exists, "group {group:?}");
    }

    #[test]
    fn groups_are_made_by_javas_rules() {
        check(true, "G", true);
        check(false, "G", false);
        check(false, "TOOLS_CONSUMER", true);
        check(false, "CID_RMQ_SYS_TRANS", true);
        check(true, "", false);
        check(true, "G@x", false);
        check(true, &"g".repeat(256), false);
    }

    #[test]
    fn a_made_group_has_javas_defaults_and_stays() {
        let (folder, groups) = table(true);
        groups.get_or_create("G").expect("no disk error");
        drop(groups);
        let meta = Meta::open(folder.path()).expect("meta opens again");
        let groups = SubscriptionGroups::load(meta, rules(false)).expect("groups load");
        let group = groups.get("G").expect("the group is still there");
        assert!(group.consume_enable && group.consume_broadcast_enable && group.notify_consumer_ids_changed_enable);
        assert_eq!((group.retry_max_times, group.retry_queue_nums, group.broker_id), (16, 1, 0));
        assert_eq!(group.which_broker_when_consume_slowly, 1);
        assert!(groups.remove("G").expect("no disk error") && groups.get("G").is_none());
    }
}
