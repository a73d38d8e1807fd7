//! The settings of a NameServer.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use super::java_keys;
use super::settings::settings;

settings! {
    /// The settings of a NameServer; the field comments are the meaning shown in `conf/namesrv.conf`.
    pub struct NamesrvConfig for "namesrv", without effect &[java_keys::NAMESRV, java_keys::SERVER];

    /// Address that the port is bound to.
    "bindAddress" => bind_address: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    /// Port for brokers and clients.
    "listenPort" => listen_port: u16 = 9876, in 1..=65535;
    /// File of the KV configuration.
    "kvConfigPath" => kv_config_path: PathBuf = PathBuf::from("./store/namesrv/kvConfig.json");
    /// File that changes of the configuration are written to; the file given with -c, if one is.
    "configStorePath" => config_store_path: PathBuf = PathBuf::from("./store/namesrv/namesrv.properties");
    /// Whether routes carry the order configuration of their topic.
    "orderMessageEnable" => order_message_enable: bool = false;
    /// Keys that cannot be changed by command, separated by semicolons.
    "configBlackList" => config_black_list: String = "configBlackList;configStorePath;kvConfigPath".to_owned();
    /// Connections served at once; a further one is closed.
    "maxConnections" => max_connections: usize = 15_000, in 1..=1_000_000;
    /// Seconds without traffic after which a connection is closed.
    "serverChannelMaxIdleTimeSeconds" => idle_seconds_max: u64 = 120, in 1..=86_400;
    /// Bytes of unread answers at which a connection is not read any more.
    "maxUnsentBytesPerConnection" => max_unsent_bytes_per_connection: usize = 8 * 1024 * 1024,
        in 64 * 1024..=1024 * 1024 * 1024;
    /// Brokers that may be registered.
    "maxBrokers" => max_brokers: usize = 2000, in 1..=1_000_000;
    /// Topics that may be registered.
    "maxTopics" => max_topics: usize = 100_000, in 1..=10_000_000;
    /// Entries that the KV configuration may have.
    "maxKvConfigs" => max_kv_configs: usize = 10_000, in 1..=1_000_000;
    /// Bytes that one value of the KV configuration may have.
    "maxKvConfigSize" => max_kv_config_size: usize = 64 * 1024, in 1..=8 * 1024 * 1024;
}
