//! What the tables promise, seen from outside.

use std::path::Path;

use pretty_assertions::assert_eq;

use super::*;

fn from_file(text: &str) -> (tempfile::TempDir, Sources) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("broker.conf");
    std::fs::write(&path, text).expect("written");
    let mut sources = Sources::default();
    sources.file(&path).expect("readable");
    (folder, sources)
}

#[track_caller]
fn check_refused(text: &str, end: &str) {
    let (folder, sources) = from_file(text);
    let message = sources.load::<BrokerConfig>().expect_err("refused").to_string();
    assert_eq!(message, format!("{}/broker.conf:{end}", folder.path().display()));
}

#[test]
fn a_stock_broker_conf_is_taken_as_it_is() {
    let text = "brokerClusterName = C\nbrokerName=broker-a\nbrokerId = 0\ndeleteWhen = 04\n\
        fileReservedTime = 48\nbrokerRole = SYNC_MASTER\nflushDiskType = SYNC_FLUSH\nmapedFileSizeCommitLog=67108864\n";
    let loaded = from_file(text).1.load::<BrokerConfig>().expect("taken");
    assert_eq!(loaded.warnings, []);
    let config = loaded.config;
    assert_eq!((config.cluster_name.as_str(), config.broker_name.as_str(), config.broker_id), ("C", "broker-a", 0));
    assert_eq!(config.file_reserved_time_hours, 48);
    assert_eq!(config.broker_role, BrokerRole::SyncMaster);
    assert_eq!(config.flush_disk_type, FlushDiskType::SyncFlush);
    assert_eq!(config.mapped_file_size_commit_log, 67_108_864);
    assert!(config.delete_when.contains(4) && !config.delete_when.contains(5));
}

#[test]
fn a_malformed_value_names_file_line_and_key() {
    check_refused("brokerName=a\nlistenPort=abc\n", "2: listenPort: \"abc\" is not a whole number from 3 to 65534");
    check_refused("\nlistenPort=70000\n", "2: listenPort: \"70000\" is not a whole number from 3 to 65534");
    check_refused("defaultTopicQueueNums=0", "1: defaultTopicQueueNums: \"0\" is not from 1 to 65535");
    check_refused("traceOn=yes", "1: traceOn: \"yes\" is not true or false");
    check_refused("flushDiskType=SYNC", "1: flushDiskType: \"SYNC\" is not one of ASYNC_FLUSH, SYNC_FLUSH");
    check_refused("deleteWhen=25", "1: deleteWhen: \"25\" is not hours from 00 to 23, separated by ;");
    check_refused(
        "messageDelayLevel=1s 2x",
        "1: messageDelayLevel: \"1s 2x\" is not delays such as 1s 5m 2h 1d, separated by blanks",
    );
}

#[test]
fn unknown_keys_are_named_and_javas_own_are_quieter() {
    let (folder, sources) = from_file("brokerNane=a\naclEnable=true\nsendMessageThreadPoolNums=4\nuseTLS=false\n");
    let loaded = sources.load::<BrokerConfig>().expect("taken");
    let path = folder.path().join("broker.conf").display().to_string();
    let lines: Vec<_> = loaded.warnings.iter().map(|warning| (warning.is_loud(), warning.to_string())).collect();
    assert_eq!(
        lines,
        [
            (true, format!("{path}:1: unknown key brokerNane")),
            (true, format!("{path}:2: aclEnable=true has no effect yet, every client has every right")),
            (false, "known keys, no effect here: aclEnable, sendMessageThreadPoolNums, useTLS".to_owned()),
        ]
    );
}

#[test]
fn later_sources_win_and_the_environment_may_spell_loosely() {
    let (_folder, mut sources) = from_file("brokerName=file\nlistenPort=1000\nregionId=file\n");
    let variables =
        [("ROCKETMQ_BROKER_NAME", "env"), ("ROCKETMQ_brokerIP1", "10.0.0.1"), ("ROCKETMQ_REGION_ID", "env")];
    sources.environment("ROCKETMQ_", variables.iter().map(|(name, value)| (name.to_string(), value.to_string())));
    sources.assign("regionId", "argument", Place::CommandLine);
    let config = sources.load::<BrokerConfig>().expect("taken").config;
    assert_eq!((config.broker_name.as_str(), config.broker_ip1.as_str()), ("env", "10.0.0.1"));
    assert_eq!((config.listen_port, config.region_id.as_str()), (1000, "argument"));
}

#[test]
fn tables_name_each_key_once_and_read_their_own_defaults() {
    check_table::<BrokerConfig>();
    check_table::<NamesrvConfig>();
}

#[track_caller]
fn check_table<C: Settings + PartialEq + std::fmt::Debug>() {
    let mut keys: Vec<_> = C::table().iter().flat_map(|s| s.aliases.iter().copied().chain([s.key])).collect();
    keys.extend(C::WITHOUT_EFFECT.iter().copied().flatten().map(|java| java.key));
    let count = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), count, "a key is named twice");
    let mut config = C::default();
    for (key, value) in C::default().entries() {
        config.set(key, &value).expect("the shown value is read again");
    }
    assert_eq!(config, C::default());
}

#[test]
fn the_example_files_name_every_key_with_its_default() {
    check_example::<BrokerConfig>(
        "broker.conf",
        "Settings of a broker, with their defaults. Lines begin with # until they are needed.",
    );
    check_example::<NamesrvConfig>(
        "namesrv.conf",
        "Settings of a NameServer, with their defaults. Lines begin with # until they are needed.",
    );
}

/// With SKYLARK_WRITE_EXAMPLES set the files are written instead of compared.
#[track_caller]
fn check_example<C: Settings>(name: &str, title: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("conf").join(name);
    let expected = C::example(title);
    if std::env::var_os("SKYLARK_WRITE_EXAMPLES").is_some() {
        std::fs::write(&path, &expected).expect("written");
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), expected);
}

#[test]
fn derived_settings_keep_their_bounds() {
    let mut config = BrokerConfig::default();
    config.set("registerNameServerPeriod", "5").expect("taken");
    config.set("namesrvAddr", "a:1; b:2 ;").expect("taken");
    config.set("listenPort", "20911").expect("taken");
    assert_eq!(config.register_period_ms(), 10_000);
    assert_eq!(config.namesrv_addresses(), ["a:1", "b:2"]);
    assert_eq!(config.ha_port(), 20912);
    assert_eq!(config.commit_log_path(), Path::new("./store/commitlog"));
    assert_eq!(config.message_delay_level.millis()[..6], [1000, 5000, 10_000, 30_000, 60_000, 120_000]);
}
