//! Telling every NameServer that this broker is there and which topics it has.
//!
//! Owns the rounds of registration: one every period, one at once when asked, never two at a time; who asks during a
//! round gets the next. Must not know why a registration is asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use skylark_protocol::body::{self, KvTable, RegisterBrokerBody, TopicConfigSerializeWrapper};
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
    wanted: AtomicU64,
    wake: Notify,
    done: watch::Sender<u64>,
    /// Set before the broker leaves: no round may follow that and bring it back.
    retired: CancellationToken,
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
        let (wanted, wake, done) = (AtomicU64::new(0), Notify::new(), watch::Sender::new(0));
        let permission = AtomicI32::new(identity.permission);
        Registration { identity, permission, config, client, wanted, wake, done, retired: CancellationToken::new() }
    }

    /// What the broker allows from now on; true if that is something else. It is told with the next registration.
    pub(crate) fn change_permission(&self, permission: i32) -> bool {
        self.permission.swap(permission, Ordering::AcqRel) != permission
    }

    /// Asks for a registration at once.
    pub(crate) fn request(&self) -> Requested {
        let round = self.wanted.fetch_add(1, Ordering::AcqRel) + 1;
        self.wake.notify_one();
        Requested { round, done: self.done.subscribe() }
    }

    /// Registers until the broker leaves.
    pub(crate) async fn run(&self, topics: Arc<TopicTable>) {
        let mut tick = tokio::time::interval(self.config.period);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = self.wake.notified() => {}
                () = self.retired.cancelled() => return,
            }
            let round = self.wanted.load(Ordering::Acquire);
            tokio::select! {
                () = self.register(&topics) => {}
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

    async fn register(&self, topics: &Arc<TopicTable>) {
        let snapshot = masked(topics.snapshot(), self.permission.load(Ordering::Acquire));
        let table = RegisterBrokerBody { filter_server_list: Vec::new(), topic_config_serialize_wrapper: snapshot };
        let encoded = table.encode(self.config.compressed);
        let header = self.header(&encoded);
        let encoded = Bytes::from(encoded);
        let mut calls = JoinSet::new();
        for name_server in self.config.name_servers.clone() {
            let (client, header, encoded) = (self.client.clone(), header.clone(), encoded.clone());
            let timeout = self.config.timeout;
            calls.spawn(async move { register_at(&client, &name_server, &header, encoded, timeout).await });
        }
        let ordered = calls.join_all().await.into_iter().flatten().next();
        if let Some(ordered) = ordered {
            take_over_order(topics, ordered).await;
        }
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

async fn take_over_order(topics: &Arc<TopicTable>, ordered: KvTable) {
    let topics = topics.clone();
    let taken = super::refusal::blocking(move || topics.take_over_order(&ordered)).await;
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
