//! From a configuration to a serving broker, and to its end.
//!
//! Owns the order of things: the store before the tables, the tables before the sockets, the sockets before the
//! NameServers; and back. **Invariant:** nothing is answered before all that was stored is found again.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use skylark_protocol::fields::Fields;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::consumer_offsets::ConsumerOffsets;
use super::processor::{self, check_transactions, forget_peer};
use super::registration::{Identity, ROUTE_WAIT_MAX, Registration, RegistrationConfig};
use super::stats::Stats;
use super::subscription_groups::{GroupRules, SubscriptionGroups};
use super::topics::{TopicRules, TopicTable};
use super::{Broker, refusal};
use crate::config::{BrokerConfig, BrokerRole, FlushDiskType};
use crate::delay::{DelayRules, Scheduler};
use crate::remoting::{Client, Limits, ListenerId, Server};
use crate::store::disk::Disk;
use crate::store::meta::Meta;
use crate::store::{FlushMode, Health, Recovery, Store, StoreConfig, StoreError};
use crate::transaction::{CheckRules, Checks};

/// A client silent for so long is gone. Java: CHANNEL_EXPIRED_TIMEOUT
const CLIENT_SILENCE_MAX: Duration = Duration::from_secs(120);
/// How often silent clients are looked for.
const HOUSEKEEPING_PERIOD: Duration = Duration::from_secs(10);
/// How soon a delivery that the store refused is tried again.
const DELIVERY_RETRY: Duration = Duration::from_secs(1);
/// How long a broker whose store failed still answers reads before the process ends.
const READS_AFTER_FAILURE: Duration = Duration::from_secs(3);
/// The exit code of a process whose store failed.
pub const EXIT_STORE_FAILED: u8 = 70;

/// Why a broker does not start.
#[derive(Debug)]
pub enum StartError {
    /// The store, or what is kept beside it.
    Store(StoreError),
    /// A listener has no address, or brokerIP1 names none.
    Address(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Store(error) => write!(f, "open the store: {error}"),
            StartError::Address(error) => write!(f, "find the broker's address: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        StartError::Store(error)
    }
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        StartError::Address(error)
    }
}

/// A broker that serves.
pub struct RunningBroker {
    pub(super) broker: Arc<Broker>,
    server: Server,
    tasks: TaskTracker,
    stop: CancellationToken,
    recovery: Recovery,
    main_addr: SocketAddr,
}

/// The ports of a broker: listenPort and the one two below it.
pub struct Listeners {
    /// listenPort
    pub main: TcpListener,
    /// listenPort - 2; old clients send here by default
    pub vip: TcpListener,
}

impl RunningBroker {
    /// Opens the store, takes up what it knows, serves, and registers at the NameServers.
    pub async fn start(
        config: BrokerConfig,
        listeners: Listeners,
        disk: Arc<dyn Disk>,
    ) -> Result<RunningBroker, StartError> {
        let main_addr = listeners.main.local_addr()?;
        let stop = CancellationToken::new();
        let limits = limits(&config);
        let client = Client::new(limits.clone(), stop.clone());
        let opened = tokio::task::spawn_blocking(move || open(config, main_addr.port(), client, &disk));
        let (broker, recovery) = opened.await.map_err(io::Error::other)??;
        let broker = Arc::new(broker);

        let on_close = broker.clone();
        let ports = vec![(ListenerId::MAIN, listeners.main), (ListenerId::VIP, listeners.vip)];
        let server = Server::start(
            processor::dispatcher(broker.clone()),
            ports,
            limits,
            move |peer| forget_peer(&on_close, peer),
            stop.clone(),
        );
        let tasks = start_tasks(&broker, &stop);
        // NameServers that are there know this broker when it calls itself ready.
        broker.registration.request().wait(ROUTE_WAIT_MAX).await;
        Ok(RunningBroker { broker, server, tasks, stop, recovery, main_addr })
    }

    /// What opening the store found.
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// The address of the main port.
    pub fn local_addr(&self) -> SocketAddr {
        self.main_addr
    }

    /// How many topics there are.
    pub fn topic_count(&self) -> usize {
        self.broker.topics.len()
    }

    /// Returns, with the reason, when the store failed and the process should end with [`EXIT_STORE_FAILED`]: sends are
    /// refused from the failure on, reads were answered a little longer.
    pub async fn failed(&self) -> String {
        let mut health = self.broker.store.watch_health();
        let reason = match health.wait_for(|health| *health != Health::Healthy).await.as_deref() {
            Ok(Health::Poisoned(reason)) => reason.clone(),
            // The store is gone without having failed: it is being closed.
            Ok(Health::Healthy) | Err(_) => std::future::pending().await,
        };
        let deadline = tokio::time::sleep(READS_AFTER_FAILURE);
        tokio::join!(deadline, self.broker.registration.unregister());
        reason
    }

    /// Leaves the NameServers, ends all connections, and brings everything to disk.
    pub async fn stop(self) -> Result<(), StoreError> {
        self.broker.registration.unregister().await;
        self.stop.cancel();
        self.server.stopped().await;
        self.tasks.wait().await;
        let broker = self.broker;
        let closed = tokio::task::spawn_blocking(move || {
            broker.offsets.flush(true)?;
            broker.store.close()
        });
        closed.await.unwrap_or_else(|error| Err(StoreError::Layout(format!("close the store: {error}"))))
    }
}

/// Everything of the broker that needs no socket. Blocks for as long as recovery takes.
fn open(
    config: BrokerConfig,
    port: u16,
    client: Client,
    disk: &Arc<dyn Disk>,
) -> Result<(Broker, Recovery), StartError> {
    let store_host = resolve(&config.broker_ip1, port)?;
    let (store, recovery) = Store::open(store_config(&config, store_host), disk)?;
    let meta = Meta::open(&config.store_path_root_dir.join("meta"))?;
    let topics = Arc::new(TopicTable::load(meta.clone(), topic_rules(&config))?);
    let groups = SubscriptionGroups::load(meta.clone(), group_rules(&config))?;
    let offsets = load_offsets(meta, &store)?;
    let broker = Broker {
        store_host,
        send_fields: send_fields(&config),
        memory_reach_bytes: memory_reach_bytes(&config),
        store,
        delays: delay_rules(&config),
        check_rules: check_rules(&config),
        checks: Checks::default(),
        topics,
        groups,
        offsets,
        consumers: Default::default(),
        producers: Default::default(),
        queue_locks: Default::default(),
        registration: Registration::new(identity(&config, port), registration_config(&config), client),
        stats: Stats::new(),
        held_pulls: AtomicUsize::new(0),
        config: Arc::new(config),
    };
    Ok((broker, recovery))
}

fn load_offsets(meta: Arc<Meta>, store: &Store) -> Result<ConsumerOffsets, StoreError> {
    let mut failure = None;
    let loaded = ConsumerOffsets::load(meta, |topic, queue_id| match store.queue_bounds(topic, queue_id) {
        Ok(bounds) => (bounds.min, bounds.max),
        Err(error) => {
            failure.get_or_insert(error);
            (0, i64::MAX)
        }
    });
    if let Some(error) = failure {
        return Err(error);
    }
    let (offsets, moved) = loaded?;
    if moved > 0 {
        tracing::warn!(moved, "consumer offsets were outside their queues and are at the nearest end now");
    }
    Ok(offsets)
}

fn start_tasks(broker: &Arc<Broker>, stop: &CancellationToken) -> TaskTracker {
    let tasks = TaskTracker::new();
    let (owner, topics) = (broker.clone(), broker.topics.clone());
    tasks.spawn(async move { owner.registration.run(topics).await });
    let flush_period = Duration::from_millis(broker.config.flush_consumer_offset_interval_ms);
    tasks.spawn(every(flush_period, stop.clone(), broker.clone(), flush_offsets));
    tasks.spawn(deliver_delayed(broker.clone(), stop.clone()));
    let check_period = Duration::from_millis(broker.config.transaction_check_interval_ms);
    tasks.spawn(every(check_period, stop.clone(), broker.clone(), check_transactions));
    tasks.spawn(every(HOUSEKEEPING_PERIOD, stop.clone(), broker.clone(), forget_silent));
    tasks.spawn(every(Duration::from_secs(1), stop.clone(), broker.clone(), sample_stats));
    tasks.close();
    tasks
}

async fn every<F: Future<Output = ()>>(
    period: Duration,
    stop: CancellationToken,
    broker: Arc<Broker>,
    work: fn(Arc<Broker>, u64) -> F,
) {
    let mut tick = tokio::time::interval(period.max(Duration::from_millis(1)));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for round in 0.. {
        tokio::select! {
            _ = tick.tick() => work(broker.clone(), round).await,
            () = stop.cancelled() => return,
        }
    }
}

async fn flush_offsets(broker: Arc<Broker>, _round: u64) {
    let flushed = refusal::blocking(move || broker.offsets.flush(true)).await;
    if let Err(refusal) = flushed {
        tracing::error!(reason = refusal.remark, "flush consumer offsets, the next flush tries again");
    }
}

async fn forget_silent(broker: Arc<Broker>, _round: u64) {
    let (mut silent, changed) = broker.consumers.expire(CLIENT_SILENCE_MAX);
    silent.extend(broker.producers.expire(CLIENT_SILENCE_MAX));
    for peer in silent {
        tracing::warn!(peer = %peer.remote(), "close the connection of a silent client");
        peer.close();
    }
    for changed in &changed {
        processor::tell_members(&broker, changed);
    }
    broker.queue_locks.expire(Instant::now());
}

/// Delivers delayed messages at their time. What a stop interrupts is delivered after the next start.
async fn deliver_delayed(broker: Arc<Broker>, stop: CancellationToken) {
    if broker.config.broker_role == BrokerRole::Slave {
        return;
    }
    let mut scheduler = Scheduler::new(broker.store.clone());
    loop {
        let waited = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            waited = scheduler.wait() => waited,
        };
        let delivered = match waited {
            Ok(()) => scheduler.deliver().await,
            Err(error) => Err(error),
        };
        match delivered {
            Ok(delivered) => delivered.iter().for_each(|one| broker.stats.stored(&one.topic, one.record_bytes)),
            Err(error) => {
                tracing::error!(%error, "deliver delayed messages, they are tried again");
                tokio::time::sleep(DELIVERY_RETRY).await;
            }
        }
    }
}

async fn sample_stats(broker: Arc<Broker>, second: u64) {
    broker.stats.sample(second);
}

fn resolve(host: &str, port: u16) -> io::Result<SocketAddr> {
    let no_address = || io::Error::new(io::ErrorKind::NotFound, format!("brokerIP1 {host} has no address"));
    (host, port).to_socket_addrs()?.next().ok_or_else(no_address)
}

fn store_config(config: &BrokerConfig, store_host: SocketAddr) -> StoreConfig {
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
        message_size_max: config.max_message_size,
        level_delays: level_delays_ms(config),
        store_host,
    }
}

fn delay_rules(config: &BrokerConfig) -> DelayRules {
    DelayRules {
        level_delays_ms: level_delays_ms(config),
        delay_ms_max: i64::try_from(config.timer_max_delay_s.saturating_mul(1000)).unwrap_or(i64::MAX),
    }
}

fn level_delays_ms(config: &BrokerConfig) -> Vec<i64> {
    config.message_delay_level.millis().iter().map(|delay| *delay as i64).collect()
}

fn check_rules(config: &BrokerConfig) -> CheckRules {
    CheckRules {
        timeout_ms: i64::try_from(config.transaction_timeout_ms).unwrap_or(i64::MAX),
        checks_max: config.transaction_check_max,
        age_ms_max: i64::from(config.file_reserved_time_hours) * 3_600_000,
    }
}

fn topic_rules(config: &BrokerConfig) -> TopicRules {
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

fn group_rules(config: &BrokerConfig) -> GroupRules {
    GroupRules { auto_create: config.auto_create_subscription_group, auto_created_max: config.max_auto_created_groups }
}

fn limits(config: &BrokerConfig) -> Limits {
    Limits {
        connections_max: config.max_connections,
        idle_max: Duration::from_secs(config.idle_seconds_max),
        unsent_bytes_max: config.max_unsent_bytes_per_connection,
        held_requests_max: config.max_held_pulls_per_connection,
        ..Limits::default()
    }
}

fn identity(config: &BrokerConfig, port: u16) -> Identity {
    Identity {
        cluster_name: config.cluster_name.clone(),
        broker_name: config.broker_name.clone(),
        broker_id: config.broker_id,
        broker_addr: format!("{}:{port}", config.broker_ip1),
        ha_addr: format!("{}:{}", config.broker_ip2, config.ha_port()),
        permission: config.broker_permission,
    }
}

fn registration_config(config: &BrokerConfig) -> RegistrationConfig {
    RegistrationConfig {
        name_servers: config.namesrv_addresses(),
        period: Duration::from_millis(config.register_period_ms()),
        timeout: Duration::from_millis(config.register_broker_timeout_ms),
        compressed: config.compressed_register,
    }
}

fn send_fields(config: &BrokerConfig) -> Fields {
    let mut fields = Fields::default();
    fields.push("MSG_REGION", &config.region_id);
    fields.push_display("TRACE_ON", config.trace_on);
    fields
}

/// How much of the log is taken to be in the page cache.
fn memory_reach_bytes(config: &BrokerConfig) -> i64 {
    let info = rustix::system::sysinfo();
    let bytes = u64::from(info.mem_unit) * info.totalram / 100 * u64::from(config.access_message_in_memory_max_ratio);
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
