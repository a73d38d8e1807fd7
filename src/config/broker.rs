//! The settings of a broker.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::path::PathBuf;

use super::changes::java_key;
use super::java_keys;
use super::settings::{Settings, settings};
use super::value::{BrokerRole, DelayLevels, FlushDiskType, Hours, Value};

settings! {
    /// The settings of a broker; the field comments are the meaning shown in `conf/broker.conf`.
    pub struct BrokerConfig for "broker",
        without effect &[java_keys::BROKER, java_keys::STORE, java_keys::SERVER, java_keys::CLIENT];

    /// Name of the broker group; a master and its slaves share it.
    "brokerName" => broker_name: String = host_name(), shown "the name of this host";
    /// 0 is the master of the group, any other number a slave.
    "brokerId" => broker_id: i64 = 0, in 0..=i64::MAX;
    /// Name of the cluster.
    "brokerClusterName" => cluster_name: String = "DefaultCluster".to_owned();
    /// Address that clients are told.
    "brokerIP1" => broker_ip1: String = local_address(), shown "the address of this host";
    /// Address that slaves are told.
    "brokerIP2" => broker_ip2: String = local_address(), shown "the address of this host";
    /// ASYNC_MASTER, SYNC_MASTER or SLAVE.
    "brokerRole" => broker_role: BrokerRole = BrokerRole::AsyncMaster;
    /// Address that the ports are bound to.
    "bindAddress" => bind_address: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    /// Port for clients; the port two below it is served too.
    "listenPort" => listen_port: u16 = 10911, in 3..=65534;
    /// Port for slaves; 0 is the port above listenPort.
    "haListenPort" => ha_listen_port: u16 = 0;
    /// NameServers, host:port separated by semicolons; the environment variable NAMESRV_ADDR is the default.
    "namesrvAddr" => namesrv_addr: String = String::new();
    /// What the broker allows: 2 write, 4 read, 6 both.
    live "brokerPermission" => broker_permission: i32 = 6, in 0..=7;
    /// Whether a send to an unknown topic creates it.
    live "autoCreateTopicEnable" => auto_create_topic_enable: bool = true;
    /// Whether the first request of an unknown consumer group creates it.
    live "autoCreateSubscriptionGroup" => auto_create_subscription_group: bool = true;
    /// Queues of the topic TBW102, the most that an automatically created topic gets.
    live "defaultTopicQueueNums" => default_topic_queue_nums: i32 = 8, in 1..=65535;
    /// Whether the topic named as the cluster can be sent to and read.
    "clusterTopicEnable" => cluster_topic_enable: bool = true;
    /// Whether the topic named as the broker can be sent to and read.
    "brokerTopicEnable" => broker_topic_enable: bool = true;
    /// Whether this broker has the topic that stock clients send message traces to.
    "traceTopicEnable" => trace_topic_enable: bool = false;
    /// Name of that topic.
    "msgTraceTopicName" => msg_trace_topic_name: String = "RMQ_SYS_TRACE_TOPIC".to_owned();
    /// Whether a pull that finds nothing waits as long as the client allows.
    live "longPollingEnable" => long_polling_enable: bool = true;
    /// How long such a pull waits while longPollingEnable is false, in milliseconds.
    live "shortPollingTimeMills" => short_polling_time_ms: u64 = 1000, in 0..=60_000;
    /// Folder of the store.
    "storePathRootDir" => store_path_root_dir: PathBuf = PathBuf::from("./store");
    /// Folder of the commit log; empty is commitlog in storePathRootDir.
    "storePathCommitLog" => store_path_commit_log: Option<PathBuf> = None;
    /// Bytes of one segment of the commit log; an existing store keeps what it has.
    "mappedFileSizeCommitLog" | "mapedFileSizeCommitLog" => mapped_file_size_commit_log: u64 = 1024 * 1024 * 1024,
        in 64 * 1024..=4 * 1024 * 1024 * 1024;
    /// ASYNC_FLUSH answers when a message is in the log, SYNC_FLUSH when the disk has it.
    "flushDiskType" => flush_disk_type: FlushDiskType = FlushDiskType::AsyncFlush;
    /// How often the log is flushed under ASYNC_FLUSH, in milliseconds.
    "flushIntervalCommitLog" => flush_interval_commit_log_ms: u64 = 500, in 1..=60_000;
    /// How long a send waits for the disk under SYNC_FLUSH, in milliseconds.
    live "syncFlushTimeout" => sync_flush_timeout_ms: u64 = 5000, in 1..=60_000;
    /// A write of the log that lasts longer turns further sends away until it is over, in milliseconds.
    "osPageCacheBusyTimeOutMills" => os_page_cache_busy_timeout_ms: u64 = 1000, in 10..=60_000;
    /// Bytes of messages that wait in memory for a slow disk; beyond it sends are turned away.
    "maxUnwrittenBytes" => max_unwritten_bytes: u64 = 64 * 1024 * 1024, in 1024 * 1024..=4 * 1024 * 1024 * 1024;
    /// Bytes of half-read requests and unread answers at which sends are turned away and pulls wait; 0: a quarter of memory.
    "maxBufferBytes" => max_buffer_bytes: u64 = 0;
    /// Messages that are sealed into the index together, at most; a restart reads those again that are not sealed yet.
    "indexChunkMessages" => index_chunk_messages: usize = 262_144, in 256..=1_048_576;
    /// Whether sends turned away are answered 2, as Java does, and not 14, upon which a producer tries another broker.
    "systemBusyAtOverload" => system_busy_at_overload: bool = false;
    /// Largest body of a message, in bytes.
    live "maxMessageSize" => max_message_size: usize = 4 * 1024 * 1024, in 1024..=8 * 1024 * 1024;
    /// How often the broker registers with its NameServers, in milliseconds; taken as 10000 to 60000.
    "registerNameServerPeriod" => register_name_server_period_ms: u64 = 30_000;
    /// How long a registration may take, in milliseconds.
    "registerBrokerTimeoutMills" => register_broker_timeout_ms: u64 = 6000, in 1..=60_000;
    /// How often consumer offsets are saved, in milliseconds.
    "flushConsumerOffsetInterval" => flush_consumer_offset_interval_ms: u64 = 5000, in 1..=3_600_000;
    /// Whether the clients of a group are told when one comes or goes.
    live "notifyConsumerIdsChangedEnable" => notify_consumer_ids_changed_enable: bool = true;
    /// Whether transactional messages are refused.
    live "rejectTransactionMessage" => reject_transaction_message: bool = false;
    /// Age from which the producer of an undecided message is asked for its outcome, in milliseconds.
    live "transactionTimeOut" => transaction_timeout_ms: u64 = 6000, in 0..=86_400_000;
    /// How often a producer is asked before its message is given up and moved to TRANS_CHECK_MAX_TIME_TOPIC.
    live "transactionCheckMax" => transaction_check_max: u32 = 15, in 1..=1_000_000;
    /// How often undecided messages are looked through, in milliseconds.
    live "transactionCheckInterval" => transaction_check_interval_ms: u64 = 60_000, in 10..=86_400_000;
    /// Whether replies to request messages are stored, besides being pushed to whoever waits for them.
    "storeReplyMessageEnable" => store_reply_message_enable: bool = true;
    /// Whether a slave corrects offsets outside the queue.
    "offsetCheckInSlave" => offset_check_in_slave: bool = false;
    /// Whether consumers that are far behind are sent to a slave.
    live "slaveReadEnable" => slave_read_enable: bool = false;
    /// Bytes that one pull brings from memory.
    live "maxTransferBytesOnMessageInMemory" => max_transfer_bytes_in_memory: usize = 256 * 1024,
        in 1..=8 * 1024 * 1024;
    /// Messages that one pull brings from memory.
    live "maxTransferCountOnMessageInMemory" => max_transfer_count_in_memory: usize = 32, in 1..=1024;
    /// Bytes that one pull brings from the disk.
    live "maxTransferBytesOnMessageInDisk" => max_transfer_bytes_in_disk: usize = 64 * 1024, in 1..=8 * 1024 * 1024;
    /// Messages that one pull brings from the disk.
    live "maxTransferCountOnMessageInDisk" => max_transfer_count_in_disk: usize = 8, in 1..=1024;
    /// Share of the machine's memory, in percent, within which a message counts as in memory.
    "accessMessageInMemoryMaxRatio" => access_message_in_memory_max_ratio: u32 = 40, in 0..=100;
    /// Hours that messages are kept.
    live "fileReservedTime" => file_reserved_time_hours: u32 = 72, in 0..=876_000;
    /// Hours of the day at which expired messages are deleted, separated by semicolons.
    live "deleteWhen" => delete_when: Hours = Hours::parse("04").expect("an hour");
    /// Used share of the disk, in percent, above which expired messages are deleted at any hour.
    live "diskMaxUsedSpaceRatio" => disk_max_used_space_ratio: u32 = 75, in 10..=95;
    /// Used share of the disk, in percent, above which the oldest messages are deleted whatever their age.
    live "diskSpaceCleanForciblyRatio" => disk_space_clean_forcibly_ratio: u32 = 85, in 10..=100;
    /// Used share of the disk, in percent, above which no message is taken (answer 14) until there is room again.
    live "diskSpaceWarningLevelRatio" => disk_space_warning_level_ratio: u32 = 90, in 10..=100;
    /// Free bytes of the disk below which the oldest messages are deleted whatever their age, and no message is taken; 0: none.
    live "diskFreeBytesMin" => disk_free_bytes_min: u64 = 0;
    /// Bytes of the commit log above which its oldest messages are deleted whatever their age, a segment at a time; 0: no bound.
    live "commitLogMaxBytes" => commit_log_max_bytes: u64 = 0;
    /// Whether messages that are not expired may be deleted at all; if not, a limit in bytes refuses messages instead.
    live "cleanFileForciblyEnable" => clean_file_forcibly_enable: bool = true;
    /// How often the disk is looked at, in milliseconds.
    live "cleanResourceInterval" => clean_resource_interval_ms: u64 = 10_000, in 10..=3_600_000;
    /// Pause after the deletion of a segment, in milliseconds.
    live "deleteCommitLogFilesInterval" => delete_commit_log_files_interval_ms: u64 = 100, in 0..=60_000;
    /// Delays of the delay levels.
    "messageDelayLevel" => message_delay_level: DelayLevels =
        DelayLevels::parse("1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h").expect("delay levels");
    /// Longest delay, in seconds, that a message may ask for by TIMER_DELAY_SEC or a like property.
    "timerMaxDelaySec" => timer_max_delay_s: u64 = 40 * 24 * 3600, in 1..=3_153_600_000;
    /// Whether consumers may filter by SQL92 expressions.
    live "enablePropertyFilter" => enable_property_filter: bool = true;
    /// Whether a consumer's expression is asked again when a message comes back as a retry.
    live "filterSupportRetry" => filter_support_retry: bool = false;
    /// Whether registrations are sent compressed.
    "compressedRegister" => compressed_register: bool = false;
    /// Region that is told to producers and written into traces.
    "regionId" => region_id: String = "DefaultRegion".to_owned();
    /// Whether producers are told that traces are wanted.
    live "traceOn" => trace_on: bool = true;
    /// Keys that no command may change, separated by semicolons, besides those that none may change anyway.
    "configBlackList" => config_black_list: String = "configBlackList;brokerConfigPath".to_owned();
    /// Connections served at once; a further one is closed.
    "maxConnections" => max_connections: usize = 15_000, in 1..=1_000_000;
    /// Seconds without traffic after which a connection is closed.
    "serverChannelMaxIdleTimeSeconds" => idle_seconds_max: u64 = 120, in 1..=86_400;
    /// Bytes of unread answers at which a connection is not read any more.
    "maxUnsentBytesPerConnection" => max_unsent_bytes_per_connection: usize = 8 * 1024 * 1024,
        in 64 * 1024..=1024 * 1024 * 1024;
    /// Pulls of one connection that may wait for messages.
    "maxHeldPullsPerConnection" => max_held_pulls_per_connection: usize = 1024, in 1..=1_000_000;
    /// Topics that sends may create.
    "maxAutoCreatedTopics" => max_auto_created_topics: usize = 50_000;
    /// Groups that requests of consumers may create.
    "maxAutoCreatedGroups" => max_auto_created_groups: usize = 50_000;
}

impl BrokerConfig {
    /// The NameServers, one by one.
    pub fn namesrv_addresses(&self) -> Vec<String> {
        self.namesrv_addr.split(';').map(str::trim).filter(|addr| !addr.is_empty()).map(str::to_owned).collect()
    }

    /// The period of registration within its bounds.
    pub fn register_period_ms(&self) -> u64 {
        self.register_name_server_period_ms.clamp(10_000, 60_000)
    }

    /// The port for slaves.
    pub fn ha_port(&self) -> u16 {
        if self.ha_listen_port == 0 { self.listen_port + 1 } else { self.ha_listen_port }
    }

    /// Where changes by command go when no file was given at the start; without one, a start reads it.
    pub fn own_file(&self) -> PathBuf {
        self.store_path_root_dir.join("broker.properties")
    }

    /// With what follows from other settings filled in, as an operator is shown it.
    pub fn settled(mut self) -> BrokerConfig {
        self.ha_listen_port = self.ha_port();
        self.store_path_commit_log = Some(self.commit_log_path());
        self
    }

    /// Whether a command may change the key. Keys that nobody knows may be given: they change nothing.
    pub fn is_protected(&self, key: &str) -> bool {
        const NEVER: [&str; 4] = ["brokerConfigPath", "configStorePath", "kvConfigPath", "rocketmqHome"];
        const NEVER_PREFIXES: [&str; 3] = ["storePath", "tls", "mappedFileSize"];
        let setting = BrokerConfig::table().into_iter().find(|setting| setting.names(key));
        let is_live = setting
            .map(|setting| setting.live)
            .or_else(|| java_key::<BrokerConfig>(key).map(|java| java.live))
            .unwrap_or_else(|| !NEVER.contains(&key) && !NEVER_PREFIXES.iter().any(|prefix| key.starts_with(prefix)));
        !is_live || self.config_black_list.split(';').any(|listed| listed.trim() == key)
    }

    /// The folder of the commit log.
    pub fn commit_log_path(&self) -> PathBuf {
        self.store_path_commit_log.clone().unwrap_or_else(|| self.store_path_root_dir.join("commitlog"))
    }
}

fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { "DEFAULT_BROKER".to_owned() } else { name }
}

/// The address from which this host would speak to the outside. Connecting a datagram socket sends nothing; the
/// address is one reserved for documentation.
fn local_address() -> String {
    let outward = || {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
        Some(socket.local_addr().ok()?.ip())
    };
    outward().filter(|ip| !ip.is_unspecified()).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)).to_string()
}
