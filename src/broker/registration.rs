//! Telling every NameServer that this broker is there and which topics it has.
//!
//! Owns the rounds of registration: one every period, one at once when asked, never two at a time; who asks during a
//! round gets the next. Must not know why a registration is asked for.
//!
//! A round in between tells of the topics that changed alone: a NameServer keeps those that a registration does not name.
//! **Invariant:** what a round in between says of the data version is never what a full round says, so that the next full
//! one is compared and taken, whatever was lost on the way or by a NameServer that started anew.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use skylark_protocol::body::{
    self, DataVersion, KvTable, RegisterBrokerBody, TopicConfig, TopicConfigSerializeWrapper,
};
use skylark_protocol::message::record::body_crc;
use skylark_protocol::request::{RegisterBroker, UnregisterBroker};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::topics::{TopicTable, perm};
use crate::remoting::{CallError, Client};

/// How long an answer is held back for the registration that it should not overtake.
pub(crate) const ROUTE_WAIT_MAX: Duration = Duration::from_secs(1);
/// How long the answers to `updateTopic` and `deleteTopic` are held back.
pub(crate) const ADMIN_WAIT_MAX: Duration = Duration::from_secs(3);

/// Who registers: what a NameServer is told beside the topics.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// brokerClusterName
    pub(crate) cluster_name: String,
    /// brokerName
    pub(crate) broker_name: String,
    /// brokerId
    pub(crate) broker_id: i64,
    /// brokerIP1:listenPort
    pub(crate) broker_addr: String,
    /// brokerIP2:haListenPort
    pub(crate) ha_addr: String,
    /// brokerPermission at the start
    pub(crate) permission: i32,
}

/// How it registers.
#[derive(Clone, Debug)]
pub(crate) struct RegistrationConfig {
    /// namesrvAddr, split.
    pub(crate) name_servers: Vec<String>,
    /// registerNameServerPeriod, within its bounds
    pub(crate) period: Duration,
    /// registerBrokerTimeoutMills
    pub(crate) timeout: Duration,
    /// compressedRegister
    pub(crate) compressed: bool,
}

/// The registration at all NameServers.
pub(crate) struct Registration {
    identity: Identity,
    permission: AtomicI32,
    config: RegistrationConfig,
    client: Client,
    wanted: Mutex<Wanted>,
    /// NameServers to which the last round came through, a full one since it did not.
    reached: Mutex<HashSet<String>>,
    wake: Notify,
    done: watch::Sender<u64>,
    /// Set before the broker leaves: no round may follow that and bring it back.
    retired: CancellationToken,
}

/// What the next round is for.
#[derive(Default)]
struct Wanted {
    /// Counts what was asked for.
    round: u64,
    full: bool,
    /// Topics that changed.
    topics: BTreeSet<String>,
}

/// A registration that was asked for.
pub(crate) struct Requested {
    round: u64,
    done: watch::Receiver<u64>,
}

impl Requested {
    /// Returns when every NameServer was told, or could not be, and after `at_most` in any case.
    pub(crate) async fn wait(mut self, at_most: Duration) {
        let round = self.round;
        // Too late or shutting down: the answer is true either way, its route only comes later.
        let _ = tokio::time::timeout(at_most, self.done.wait_for(|done| *done >= round)).await;
    }
}

impl Registration {
    /// Nobody is told anything before [`Registration::run`].
    pub(crate) fn new(identity: Identity, config: RegistrationConfig, client: Client) -> Registration {
        let (wake, done, retired) = (Notify::new(), watch::Sender::new(0), CancellationToken::new());
        let permission = AtomicI32::new(identity.permission);
        let (wanted, reached) = (Mutex::default(), Mutex::default());
        Registration { identity, permission, config, client, wanted, reached, wake, done, retired }
    }

    /// What the broker allows from now on; true if that is something else. It is told with the next registration.
    pub(crate) fn change_permission(&self, permission: i32) -> bool {
        self.permission.swap(permission, Ordering::AcqRel) != permission
    }

    /// Asks for a registration of everything at once.
    pub(crate) fn request(&self) -> Requested {
        self.ask(|wanted| wanted.full = true)
    }

    /// Asks for the registration of one topic at once.
    pub(crate) fn request_topic(&self, topic: &str) -> Requested {
        self.ask(|wanted| wanted.topics.extend([topic.to_owned()]))
    }

    /// Asks for nothing to be told, only that no round of before is under way.
    pub(crate) fn request_rest(&self) -> Requested {
        self.ask(|_| {})
    }

    fn ask(&self, add: impl FnOnce(&mut Wanted)) -> Requested {
        let mut wanted = self.wanted();
        add(&mut wanted);
        wanted.round += 1;
        self.wake.notify_one();
        Requested { round: wanted.round, done: self.done.subscribe() }
    }

    fn take_wanted(&self) -> Wanted {
        let mut wanted = self.wanted();
        let round = wanted.round;
        std::mem::replace(&mut *wanted, Wanted { round, ..Wanted::default() })
    }

    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers until the broker leaves.
    pub(crate) async fn run(&self, topics: Arc<TopicTable>) {
        let mut tick = tokio::time::interval(self.config.period);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let is_due = tokio::select! {
                _ = tick.tick() => true,
                () = self.wake.notified() => false,
                () = self.retired.cancelled() => return,
            };
            let mut wanted = self.take_wanted();
            wanted.full |= is_due;
            let round = wanted.round;
            tokio::select! {
                () = self.register(&topics, wanted) => {}
                () = self.retired.cancelled() => return,
            }
            self.done.send_replace(round);
        }
    }

    /// Takes the broker out of every NameServer's routes, for good.
    pub(crate) async fn unregister(&self) {
        self.retired.cancel();
        let identity = &self.identity;
        let header = UnregisterBroker {
            broker_name: identity.broker_name.clone(),
            broker_addr: identity.broker_addr.clone(),
            cluster_name: identity.cluster_name.clone(),
            broker_id: identity.broker_id,
        };
        let mut calls = JoinSet::new();
        for name_server in self.config.name_servers.clone() {
            let (client, header, timeout) = (self.client.clone(), header.clone(), ADMIN_WAIT_MAX);
            calls.spawn(async move {
                let called = client.call(&name_server, &header, Bytes::new(), timeout).await;
                if let Err(error) = called.and_then(|answer| answer.success()) {
                    tracing::warn!(name_server, %error, "unregister from NameServer");
                }
            });
        }
        calls.join_all().await;
    }

    async fn register(&self, topics: &Arc<TopicTable>, wanted: Wanted) {
        let changed: Vec<String> = wanted.topics.into_iter().filter(|topic| topics.get(topic).is_some()).collect();
        let mut calls = JoinSet::new();
        let (mut full, mut part) = (None, None);
        for name_server in self.config.name_servers.clone() {
            let is_full = wanted.full || !self.reached().contains(&name_server);
            if !is_full && changed.is_empty() {
                continue;
            }
            let told = if is_full {
                full.get_or_insert_with(|| self.announcement(topics.snapshot()))
            } else {
                part.get_or_insert_with(|| self.announcement(partly(topics, &changed)))
            };
            let (client, (header, encoded), timeout) = (self.client.clone(), told.clone(), self.config.timeout);
            calls.spawn(async move {
                let ordered = register_at(&client, &name_server, &header, encoded, timeout).await;
                (name_server, ordered)
            });
        }
        let mut first_ordered = None;
        for (name_server, ordered) in calls.join_all().await {
            match ordered {
                Some(ordered) => {
                    self.reached().insert(name_server);
                    first_ordered.get_or_insert(ordered);
                }
                None => drop(self.reached().remove(&name_server)),
            }
        }
        if let Some(ordered) = first_ordered {
            take_over_order(topics, ordered, if full.is_some() { None } else { Some(changed) }).await;
        }
    }

    /// What NameServers are told, ready to be sent.
    fn announcement(&self, topics: TopicConfigSerializeWrapper) -> (RegisterBroker, Bytes) {
        let topics = masked(topics, self.permission.load(Ordering::Acquire));
        let body = RegisterBrokerBody { filter_server_list: Vec::new(), topic_config_serialize_wrapper: topics };
        let encoded = body.encode(self.config.compressed);
        (self.header(&encoded), encoded.into())
    }

    fn reached(&self) -> MutexGuard<'_, HashSet<String>> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn header(&self, encoded: &[u8]) -> RegisterBroker {
        let identity = &self.identity;
        RegisterBroker {
            broker_name: identity.broker_name.clone(),
            broker_addr: identity.broker_addr.clone(),
            cluster_name: identity.cluster_name.clone(),
            ha_server_addr: identity.ha_addr.clone(),
            broker_id: identity.broker_id,
            compressed: self.config.compressed,
            body_crc32: body_crc(encoded).cast_signed(),
        }
    }
}

/// Registers at one NameServer; which topics it says are ordered, None if it could not be told.
async fn register_at(
    client: &Client,
    name_server: &str,
    header: &RegisterBroker,
    encoded: Bytes,
    timeout: Duration,
) -> Option<KvTable> {
    let called = client.call(name_server, header, encoded, timeout).await;
    match called.and_then(|answer| answer.success()) {
        Ok(answer) if answer.body.is_empty() => Some(KvTable::default()),
        Ok(answer) => match body::decode(&answer.body) {
            Ok(ordered) => Some(ordered),
            Err(error) => {
                tracing::warn!(name_server, %error, "read the ordered topics of NameServer");
                None
            }
        },
        Err(error) => {
            log_failure(name_server, &error);
            None
        }
    }
}

fn log_failure(name_server: &str, error: &CallError) {
    tracing::warn!(name_server, %error, "register at NameServer");
}

/// The topics of these names that are there, with a data version that belongs to no whole table.
fn partly(topics: &TopicTable, names: &[String]) -> TopicConfigSerializeWrapper {
    let DataVersion { counter, timestamp } = topics.version();
    let named = names.iter().filter_map(|name| topics.get(name));
    TopicConfigSerializeWrapper {
        data_version: DataVersion { counter: -1 - counter, timestamp },
        topic_config_table: named.map(|topic| (topic.topic_name.clone(), TopicConfig::clone(&topic))).collect(),
    }
}

/// `only`: the topics that were registered, if not all.
async fn take_over_order(topics: &Arc<TopicTable>, ordered: KvTable, only: Option<Vec<String>>) {
    let topics = topics.clone();
    let taken = super::refusal::blocking(move || topics.take_over_order(&ordered, only.as_deref())).await;
    if let Err(refusal) = taken {
        tracing::warn!(reason = refusal.remark, "store which topics are ordered");
    }
}

/// A broker that may not be read or written says so of every topic. Java: BrokerController.registerBrokerAll
fn masked(mut topics: TopicConfigSerializeWrapper, permission: i32) -> TopicConfigSerializeWrapper {
    const ALL: i32 = perm::READ | perm::WRITE;
    if permission & ALL != ALL {
        topics.topic_config_table.values_mut().for_each(|topic| topic.perm = permission);
    }
    topics
}

#[cfg(test)]
mod tests;
