//! From a configuration to a serving broker, and to its end.
//!
//! Owns the order of things: the store before the tables, the tables before the sockets, the sockets before the
//! NameServers; and back. **Invariant:** nothing is answered before all that was stored is found again.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::consumer_offsets::ConsumerOffsets;
use super::processor::{self, check_transactions, forget_peer};
use super::registration::{ROUTE_WAIT_MAX, Registration};
use super::stats::Stats;
use super::subscription_groups::SubscriptionGroups;
use super::topics::TopicTable;
use super::{Broker, refusal, retention, rules};
use crate::config::{BrokerConfig, BrokerRole, Live, Loaded};
use crate::delay::Scheduler;
use crate::remoting::{Client, ListenerId, Server};
use crate::store::disk::Disk;
use crate::store::meta::Meta;
use crate::store::{Health, Recovery, Store, StoreError};
use crate::transaction::Checks;

/// A client silent for so long is gone. Java: CHANNEL_EXPIRED_TIMEOUT
const CLIENT_SILENCE_MAX: Duration = Duration::from_secs(120);
/// How often silent clients are looked for.
const HOUSEKEEPING_PERIOD: Duration = Duration::from_secs(10);
/// How often the totals of days are saved.
const STATS_SAVE_SECONDS: u64 = 10;
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
        config: impl Into<Loaded<BrokerConfig>>,
        listeners: Listeners,
        disk: Arc<dyn Disk>,
    ) -> Result<RunningBroker, StartError> {
        let main_addr = listeners.main.local_addr()?;
        let stop = CancellationToken::new();
        let loaded = config.into();
        let limits = rules::limits(&loaded.config);
        let client = Client::new(limits.clone(), stop.clone());
        let opened = tokio::task::spawn_blocking(move || open(loaded, main_addr.port(), client, &disk));
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
            broker.stats.save(true)?;
            broker.store.close()
        });
        closed.await.unwrap_or_else(|error| Err(StoreError::Layout(format!("close the store: {error}"))))
    }
}

/// Everything of the broker that needs no socket. Blocks for as long as recovery takes.
fn open(
    mut loaded: Loaded<BrokerConfig>,
    port: u16,
    client: Client,
    disk: &Arc<dyn Disk>,
) -> Result<(Broker, Recovery), StartError> {
    loaded.config = loaded.config.settled();
    let config = loaded.config.clone();
    let store_host = rules::resolve(&config.broker_ip1, port)?;
    let (store, recovery) = Store::open(rules::store_config(&config, store_host), disk)?;
    let meta = Meta::open(&config.store_path_root_dir.join("meta"))?;
    let topics = Arc::new(TopicTable::load(meta.clone(), rules::topic_rules(&config))?);
    let groups = SubscriptionGroups::load(meta.clone(), rules::group_rules(&config))?;
    let offsets = load_offsets(meta.clone(), &store)?;
    let broker = Broker {
        store_host,
        send_fields: ArcSwap::from_pointee(rules::send_fields(&config)),
        memory_reach_bytes: rules::memory_reach_bytes(&config),
        store,
        delays: rules::delay_rules(&config),
        checks: Checks::default(),
        topics,
        groups,
        offsets,
        consumers: Default::default(),
        producers: Default::default(),
        queue_locks: Default::default(),
        registration: Registration::new(rules::identity(&config, port), rules::registration_config(&config), client),
        retention: Default::default(),
        stats: Stats::load(meta)?,
        held_pulls: AtomicUsize::new(0),
        settings_file: loaded.file.clone().unwrap_or_else(|| config.own_file()),
        settings: Live::new(loaded),
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
    let flush_period = Duration::from_millis(broker.config().flush_consumer_offset_interval_ms);
    tasks.spawn(every(flush_period, stop.clone(), broker.clone(), flush_offsets));
    tasks.spawn(deliver_delayed(broker.clone(), stop.clone()));
    tasks.spawn(check_transactions_in_turn(broker.clone(), stop.clone()));
    tasks.spawn(retention::keep_within_limits(broker.clone(), stop.clone()));
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

/// Looks through what is undecided, again and again; a changed interval counts from the last look.
async fn check_transactions_in_turn(broker: Arc<Broker>, stop: CancellationToken) {
    loop {
        let began = tokio::time::Instant::now();
        let mut settings = broker.settings.watch();
        loop {
            let next = began + Duration::from_millis(broker.config().transaction_check_interval_ms);
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep_until(next) => break,
                _ = settings.changed() => {}
            }
        }
        check_transactions(&broker).await;
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
    if broker.config().broker_role == BrokerRole::Slave {
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
            Ok(delivered) => delivered.iter().for_each(|one| broker.stats.delivered(&one.topic, one.record_bytes)),
            Err(error) => {
                tracing::error!(%error, "deliver delayed messages, they are tried again");
                tokio::time::sleep(DELIVERY_RETRY).await;
            }
        }
    }
}

async fn sample_stats(broker: Arc<Broker>, second: u64) {
    broker.stats.sample(second);
    if second.is_multiple_of(STATS_SAVE_SECONDS)
        && let Err(refusal) = refusal::blocking(move || broker.stats.save(false)).await
    {
        tracing::warn!(reason = refusal.remark, "save the totals of days");
    }
}
