//! What of the configuration each part of a broker goes by.
//!
//! Owns the translation of settings into the parts' own rules and units, and nothing that lives on. Must not know how
//! the parts work.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use skylark_protocol::fields::Fields;

use super::Broker;
use super::registration::{Identity, RegistrationConfig};
use super::subscription_groups::GroupRules;
use super::topics::TopicRules;
use crate::config::{BrokerConfig, FlushDiskType};
use crate::delay::DelayRules;
use crate::remoting::Limits;
use crate::store::{FlushMode, StoreConfig};
use crate::transaction::CheckRules;

pub(super) fn resolve(host: &str, port: u16) -> io::Result<SocketAddr> {
    let no_address = || io::Error::new(io::ErrorKind::NotFound, format!("brokerIP1 {host} has no address"));
    (host, port).to_socket_addrs()?.next().ok_or_else(no_address)
}

pub(super) fn store_config(config: &BrokerConfig, store_host: SocketAddr) -> StoreConfig {
    StoreConfig {
        commit_log: config.commit_log_path(),
        root: config.store_path_root_dir.clone(),
        segment_size_bytes: config.mapped_file_size_commit_log,
        flush: match config.flush_disk_type {
            FlushDiskType::AsyncFlush => FlushMode::Async,
            FlushDiskType::SyncFlush => FlushMode::Sync,
        },
        flush_interval: Duration::from_millis(config.flush_interval_commit_log_ms),
        sync_flush_timeout: Duration::from_millis(config.sync_flush_timeout_ms),
        write_stall_max: Duration::from_millis(config.os_page_cache_busy_timeout_ms),
        unwritten_bytes_max: i64::try_from(config.max_unwritten_bytes).unwrap_or(i64::MAX),
        message_size_max: config.max_message_size,
        chunk_messages_max: config.index_chunk_messages,
        level_delays: level_delays_ms(config),
        store_host,
    }
}

pub(super) fn delay_rules(config: &BrokerConfig) -> DelayRules {
    DelayRules {
        level_delays_ms: level_delays_ms(config),
        delay_ms_max: i64::try_from(config.timer_max_delay_s.saturating_mul(1000)).unwrap_or(i64::MAX),
    }
}

fn level_delays_ms(config: &BrokerConfig) -> Vec<i64> {
    config.message_delay_level.millis().iter().map(|delay| *delay as i64).collect()
}

pub(super) fn check_rules(config: &BrokerConfig) -> CheckRules {
    CheckRules {
        timeout_ms: i64::try_from(config.transaction_timeout_ms).unwrap_or(i64::MAX),
        checks_max: config.transaction_check_max,
        age_ms_max: i64::from(config.file_reserved_time_hours) * 3_600_000,
    }
}

pub(super) fn topic_rules(config: &BrokerConfig) -> TopicRules {
    TopicRules {
        broker_name: config.broker_name.clone(),
        cluster_name: config.cluster_name.clone(),
        auto_create: config.auto_create_topic_enable,
        default_queues: config.default_topic_queue_nums,
        auto_created_max: config.max_auto_created_topics,
        cluster_topic: config.cluster_topic_enable,
        broker_topic: config.broker_topic_enable,
        trace_topic: config.trace_topic_enable.then(|| config.msg_trace_topic_name.clone()),
    }
}

pub(super) fn group_rules(config: &BrokerConfig) -> GroupRules {
    GroupRules { auto_create: config.auto_create_subscription_group, auto_created_max: config.max_auto_created_groups }
}

pub(super) fn limits(config: &BrokerConfig) -> Limits {
    Limits {
        connections_max: config.max_connections,
        idle_max: Duration::from_secs(config.idle_seconds_max),
        unsent_bytes_max: config.max_unsent_bytes_per_connection,
        buffer_bytes_max: buffer_bytes_max(config),
        held_requests_max: config.max_held_pulls_per_connection,
        ..Limits::default()
    }
}

pub(super) fn identity(config: &BrokerConfig, port: u16) -> Identity {
    Identity {
        cluster_name: config.cluster_name.clone(),
        broker_name: config.broker_name.clone(),
        broker_id: config.broker_id,
        broker_addr: format!("{}:{port}", config.broker_ip1),
        ha_addr: format!("{}:{}", config.broker_ip2, config.ha_port()),
        permission: config.broker_permission,
    }
}

pub(super) fn registration_config(config: &BrokerConfig) -> RegistrationConfig {
    RegistrationConfig {
        name_servers: config.namesrv_addresses(),
        period: Duration::from_millis(config.register_period_ms()),
        timeout: Duration::from_millis(config.register_broker_timeout_ms),
        compressed: config.compressed_register,
    }
}

/// Tells the parts of a running broker what its changed settings mean for them; what reads them anew each time need not
/// be told. True: the topics as NameServers know them are others now.
pub(super) fn apply(broker: &Broker, config: &BrokerConfig) -> bool {
    broker.send_fields.store(Arc::new(send_fields(config)));
    broker.groups.change_rules(group_rules(config));
    broker.store.change_limits(config.max_message_size, Duration::from_millis(config.sync_flush_timeout_ms));
    let permission_changed = broker.registration.change_permission(config.broker_permission);
    if permission_changed {
        broker.topics.count_change();
    }
    broker.topics.change_rules(topic_rules(config)) || permission_changed
}

pub(super) fn send_fields(config: &BrokerConfig) -> Fields {
    let mut fields = Fields::default();
    fields.push("MSG_REGION", &config.region_id);
    fields.push_display("TRACE_ON", config.trace_on);
    fields
}

/// How much of the log is taken to be in the page cache.
pub(super) fn memory_reach_bytes(config: &BrokerConfig) -> i64 {
    let bytes = memory_bytes() / 100 * u64::from(config.access_message_in_memory_max_ratio);
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn buffer_bytes_max(config: &BrokerConfig) -> usize {
    let bytes = if config.max_buffer_bytes == 0 { memory_bytes() / 4 } else { config.max_buffer_bytes };
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// The memory that this process may use: the machine's, or what its control group allows.
fn memory_bytes() -> u64 {
    const LIMITS: [&str; 2] = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let info = rustix::system::sysinfo();
    let machine = u64::from(info.mem_unit) * info.totalram;
    // Without a limit the first file says "max" and the second a number above any machine's memory.
    let allowed = LIMITS.iter().filter_map(|file| std::fs::read_to_string(file).ok()?.trim().parse().ok());
    allowed.fold(machine, u64::min)
}
