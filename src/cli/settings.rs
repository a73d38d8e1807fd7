//! From arguments, environment and files to the settings of the servers that are to run.

use std::path::Path;

use crate::config::{BrokerConfig, ConfigError, Loaded, NamesrvConfig, Place, Settings, Sources, Value, Warning};

use super::args::{Args, Print, Role};

const VARIABLE_PREFIX: &str = "ROCKETMQ_";
/// Where both servers run, the NameServer's keys are marked.
const NAMESRV_VARIABLE_PREFIX: &str = "ROCKETMQ_NAMESRV_";
const NAMESRV_KEY_PREFIX: &str = "namesrv.";
/// The variable that Java's broker and clients read.
const NAMESRV_ADDR_VARIABLE: &str = "NAMESRV_ADDR";
/// What Java's `-m` prints, as far as it is honoured here.
const IMPORTANT: [&str; 24] = [
    "namesrvAddr",
    "brokerIP1",
    "brokerName",
    "brokerClusterName",
    "brokerId",
    "autoCreateTopicEnable",
    "autoCreateSubscriptionGroup",
    "msgTraceTopicName",
    "traceTopicEnable",
    "rejectTransactionMessage",
    "storePathRootDir",
    "storePathCommitLog",
    "flushIntervalCommitLog",
    "deleteWhen",
    "fileReservedTime",
    "maxTransferBytesOnMessageInMemory",
    "maxTransferCountOnMessageInMemory",
    "maxTransferBytesOnMessageInDisk",
    "maxTransferCountOnMessageInDisk",
    "accessMessageInMemoryMaxRatio",
    "brokerRole",
    "flushDiskType",
    "listenPort",
    "kvConfigPath",
];

/// The settings of what is to run.
pub(super) struct Roles {
    pub(super) namesrv: Option<Loaded<NamesrvConfig>>,
    pub(super) broker: Option<Loaded<BrokerConfig>>,
}

/// Reads the settings of each server from its sources.
pub(super) fn load(args: &Args, variables: &mut dyn Iterator<Item = (String, String)>) -> Result<Roles, ConfigError> {
    let variables: Vec<(String, String)> = variables.collect();
    let namesrv = match args.role {
        Role::Namesrv => Some(namesrv(args, &variables)?),
        Role::Both => Some(namesrv_beside_broker(args, &variables)?),
        Role::Broker => None,
    };
    let broker = if args.role == Role::Namesrv { None } else { Some(broker(args, &variables)?) };
    Ok(Roles { namesrv, broker })
}

fn namesrv(args: &Args, variables: &[(String, String)]) -> Result<Loaded<NamesrvConfig>, ConfigError> {
    let mut sources = Sources::default();
    if let Some(file) = &args.config_file {
        // Changes by command go to the file they came from. Java: NamesrvStartup.
        let place = Place::File { path: file.clone(), line: 0 };
        sources.file(file)?;
        sources.assign("configStorePath", &file.show(), place);
    }
    sources.environment(VARIABLE_PREFIX, variables.iter().cloned());
    assign(&mut sources, args.assignments.iter().filter(|(key, _)| key != "namesrvAddr"), "");
    sources.load()
}

fn namesrv_beside_broker(args: &Args, variables: &[(String, String)]) -> Result<Loaded<NamesrvConfig>, ConfigError> {
    let mut sources = Sources::default();
    sources.environment(NAMESRV_VARIABLE_PREFIX, variables.iter().filter(|(name, _)| !is_brokers(name)).cloned());
    assign(&mut sources, args.assignments.iter().filter(|(key, _)| is_namesrvs(key)), NAMESRV_KEY_PREFIX);
    sources.load()
}

fn broker(args: &Args, variables: &[(String, String)]) -> Result<Loaded<BrokerConfig>, ConfigError> {
    let loaded = broker_with(args, variables, args.config_file.as_deref())?;
    let own_file = loaded.config.own_file();
    if args.config_file.is_none() && own_file.exists() {
        // Changes by command are there.
        return broker_with(args, variables, Some(&own_file));
    }
    Ok(loaded)
}

fn broker_with(
    args: &Args,
    variables: &[(String, String)],
    file: Option<&Path>,
) -> Result<Loaded<BrokerConfig>, ConfigError> {
    let mut sources = Sources::default();
    if let Some((name, value)) = variables.iter().find(|(name, _)| name == NAMESRV_ADDR_VARIABLE) {
        sources.assign("namesrvAddr", value, Place::Environment(name.clone()));
    }
    if let Some(file) = file {
        sources.file(file)?;
    }
    let own = |name: &str| args.role == Role::Broker || is_brokers(name) || !name.starts_with(NAMESRV_VARIABLE_PREFIX);
    sources.environment(VARIABLE_PREFIX, variables.iter().filter(|(name, _)| own(name)).cloned());
    assign(&mut sources, args.assignments.iter().filter(|(key, _)| args.role == Role::Broker || !is_namesrvs(key)), "");
    sources.load()
}

/// `ROCKETMQ_NAMESRV_ADDR` is the broker's namesrvAddr, not a key of the NameServer.
fn is_brokers(variable: &str) -> bool {
    variable.eq_ignore_ascii_case("ROCKETMQ_NAMESRV_ADDR")
}

fn is_namesrvs(key: &str) -> bool {
    key.starts_with(NAMESRV_KEY_PREFIX)
}

fn assign<'a>(sources: &mut Sources, assignments: impl Iterator<Item = &'a (String, String)>, prefix: &str) {
    for (key, value) in assignments {
        sources.assign(key.strip_prefix(prefix).unwrap_or(key), value, Place::CommandLine);
    }
}

impl Roles {
    /// The settings as `key=value` lines.
    pub(super) fn show(&self, print: Print) -> String {
        let namesrv = self.namesrv.iter().flat_map(|loaded| loaded.config.entries());
        let broker = self.broker.iter().flat_map(|loaded| loaded.config.entries());
        let wanted = |key: &str| print == Print::All || IMPORTANT.contains(&key);
        namesrv.chain(broker).filter(|(key, _)| wanted(key)).map(|(key, value)| format!("{key}={value}\n")).collect()
    }

    /// Logs what does not fit.
    pub(super) fn warn(&self) {
        let namesrv = self.namesrv.iter().flat_map(|loaded| &loaded.warnings);
        let broker = self.broker.iter().flat_map(|loaded| &loaded.warnings);
        namesrv.chain(broker).for_each(log_warning);
    }
}

fn log_warning(warning: &Warning) {
    if warning.is_loud() { tracing::warn!("{warning}") } else { tracing::info!("{warning}") }
}

#[cfg(test)]
mod tests {
    use super::super::args::Parsed;
    use super::*;

    fn roles(line: &str, variables: &[(&str, &str)]) -> Roles {
        let Ok(Parsed::Run(args)) = Args::parse(line.split(' ').map(str::to_owned)) else {
            panic!("{line} does not run")
        };
        let mut variables = variables.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        load(&args, &mut variables).expect("well-formed")
    }

    #[test]
    fn where_both_run_the_namesrvs_keys_are_marked() {
        let variables = [("ROCKETMQ_NAMESRV_LISTEN_PORT", "1111"), ("ROCKETMQ_listenPort", "2222"), ("PATH", "/bin")];
        let roles = roles("skylark --namesrv.maxTopics=7 --brokerName=x", &variables);
        let (namesrv, broker) = (roles.namesrv.expect("runs"), roles.broker.expect("runs"));
        assert_eq!((namesrv.config.listen_port, namesrv.config.max_topics), (1111, 7));
        assert_eq!((broker.config.listen_port, broker.config.broker_name.as_str()), (2222, "x"));
        assert!(namesrv.warnings.is_empty() && broker.warnings.is_empty());
    }

    #[test]
    fn a_server_alone_takes_plain_keys() {
        let alone = roles("skylark namesrv --listenPort=1 -n ignored", &[("ROCKETMQ_MAX_TOPICS", "9")]);
        let namesrv = alone.namesrv.expect("runs");
        assert_eq!((namesrv.config.listen_port, namesrv.config.max_topics), (1, 9));
        assert!(namesrv.warnings.is_empty() && alone.broker.is_none());
        assert!(roles("mqbroker", &[]).namesrv.is_none());
    }

    #[test]
    fn the_namesrv_address_comes_from_the_nearest_source() {
        let env = [("NAMESRV_ADDR", "env:1")];
        let address =
            |line: &str, variables: &[(&str, &str)]| roles(line, variables).broker.expect("runs").config.namesrv_addr;
        assert_eq!(address("mqbroker", &env), "env:1");
        assert_eq!(address("skylark", &[env[0], ("ROCKETMQ_NAMESRV_ADDR", "own:1")]), "own:1");
        assert_eq!(address("mqbroker -n flag:1", &[env[0], ("ROCKETMQ_NAMESRV_ADDR", "own:1")]), "flag:1");
    }

    #[test]
    fn a_broker_without_a_config_file_reads_its_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let own = folder.path().join("broker.properties");
        let line = format!("mqbroker --storePathRootDir={} --regionId=cmd", folder.path().display());
        let before = roles(&line, &[]).broker.expect("runs");
        assert_eq!((before.config.broker_permission, before.file), (6, None));
        std::fs::write(&own, "brokerPermission=4\nregionId=file\n").expect("written");
        let after = roles(&line, &[]).broker.expect("runs");
        assert_eq!((after.config.broker_permission, after.config.region_id.as_str()), (4, "cmd"));
        assert_eq!(after.file, Some(own));
        let other = folder.path().join("broker.conf");
        std::fs::write(&other, "listenPort=1234\n").expect("written");
        let named = roles(&format!("{line} -c {}", other.display()), &[]).broker.expect("runs");
        assert_eq!((named.config.broker_permission, named.file), (6, Some(other)));
    }

    #[test]
    fn the_config_file_is_where_a_namesrv_writes_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("namesrv.conf");
        std::fs::write(&path, "listenPort=1234\n").expect("written");
        let roles = roles(&format!("mqnamesrv -c {}", path.display()), &[]);
        let config = roles.namesrv.as_ref().map(|loaded| &loaded.config).expect("runs");
        assert_eq!((config.listen_port, &config.config_store_path), (1234, &path));
        assert!(roles.show(Print::Important).contains("listenPort=1234\n"));
        assert!(!roles.show(Print::Important).contains("maxTopics"));
        assert!(roles.show(Print::All).contains("maxTopics=100000\n"));
    }
}
