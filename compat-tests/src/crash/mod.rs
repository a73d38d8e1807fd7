//! Load from several connections, kill -9, and the checker of what was acknowledged.
//!
//! [`run`] keeps [`producer`]s sending and a [`tailer`] reading while it kills the broker again and again; at the end the
//! [`checker`] compares every queue with the history of what was sent and answered. `COMPAT_KILLS` and `COMPAT_ACKS` make
//! a run longer.

pub mod message;
pub mod producer;
pub mod tailer;
pub mod checker;

use crate::client::create_topic;
use crate::cluster::{Cluster, Target};
use crate::script::answers;
use crate::wait::wait_for_progressing;
use checker::Checker;
use message::{QUEUES, TOPICS};
use producer::{History, Producer};
use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;
use tailer::Tailer;

const PRODUCERS: u64 = 4;
/// Small segments, so that kills also meet the moment in which a new one begins.
const SEGMENT_BYTES: &str = "4194304";
/// A companion has up to this many messages acknowledged between two kills.
const COMPANIONS_SHARE: u64 = 60;

/// How long and under which durability.
#[derive(Clone, Debug)]
pub struct Plan {
    /// `ASYNC_FLUSH` or `SYNC_FLUSH`.
    pub flush: &'static str,
    /// How often the broker is killed.
    pub kills: u64,
    /// At least this many messages are acknowledged.
    pub acks: u64,
}

impl Plan {
    /// The short run of CI, or what `COMPAT_KILLS` and `COMPAT_ACKS` ask for.
    pub fn asked(flush: &'static str) -> Plan {
        let number = |name: &str, usual| env::var(name).ok().map_or(usual, |text| text.parse().expect("a number"));
        Plan { flush, kills: number("COMPAT_KILLS", 20), acks: number("COMPAT_ACKS", 60_000) }
    }
}

/// What producers and tailer share with the one who kills.
pub struct Load {
    /// The broker's address.
    pub broker: String,
    /// Set when the load shall end.
    pub stop: AtomicBool,
    /// Messages acknowledged so far.
    pub acked: AtomicU64,
}

impl Load {
    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Before the next attempt to connect to a broker that is down.
    fn pause(&self) {
        thread::sleep(Duration::from_millis(5));
    }
}

/// A finished run: the broker is up, nobody sends.
pub struct Outcome {
    /// Still running.
    pub cluster: Cluster,
    /// What was sent and answered.
    pub history: History,
    /// What the live reader saw.
    pub seen: tailer::Seen,
}

/// Something else that sends while the broker is killed.
pub trait Companion {
    /// How many messages were acknowledged to it; kills wait for some between them.
    fn progress(&self) -> u64;
}

impl Companion for () {
    fn progress(&self) -> u64 {
        u64::MAX
    }
}

/// Runs the load and the kills of `plan`. `beside` is called once the cluster is up, and its result kept to the end.
pub fn run<T: Companion>(plan: &Plan, beside: impl FnOnce(&Cluster) -> T) -> (Outcome, T) {
    let seed = env::var("COMPAT_SEED").ok().map_or_else(|| fastrand::u64(..), |text| text.parse().expect("a number"));
    fastrand::seed(seed);
    println!("{plan:?} COMPAT_SEED={seed}");
    let settings = [("flushDiskType", plan.flush), ("mappedFileSizeCommitLog", SEGMENT_BYTES)];
    let mut cluster = Cluster::with(Target::asked(), &settings);
    create_topics(&cluster);
    let load =
        Arc::new(Load { broker: cluster.broker.address(), stop: AtomicBool::new(false), acked: AtomicU64::new(0) });
    let companion = beside(&cluster);
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|number| {
            let (load, seed) = (load.clone(), fastrand::u64(..));
            thread::spawn(move || Producer::new(number, seed, load).run())
        })
        .collect();
    let reader = thread::spawn({
        let load = load.clone();
        move || Tailer::new(load).run()
    });
    let failed = || producers.iter().any(|producer| producer.is_finished());
    kill_again_and_again(plan, &mut cluster, &load, &companion, &failed);
    load.stop.store(true, Ordering::Relaxed);
    let histories = producers.into_iter().map(|thread| thread.join().expect("a producer ends well"));
    let history = histories.fold(History::default(), History::merge);
    let seen = reader.join().expect("the live reader ends well");
    println!("{} sent, {} acknowledged", history.attempts.len(), history.acknowledged());
    println!("requests answered, by code: {:?}", history.answers);
    (Outcome { cluster, history, seen }, companion)
}

/// Checks a finished run; again after an orderly restart; and again without what Skylark derives from its log.
pub fn check(mut outcome: Outcome) -> Outcome {
    Checker::new(&outcome.history, &outcome.seen).check(&outcome.cluster);
    outcome.cluster.broker.stop();
    outcome.cluster.broker.restart();
    Checker::new(&outcome.history, &outcome.seen).check(&outcome.cluster);
    if outcome.cluster.target == Target::Skylark {
        outcome.cluster.broker.kill();
        let index = outcome.cluster.broker.store().join("index");
        std::fs::remove_dir_all(index).expect("remove the index");
        outcome.cluster.broker.restart();
        Checker::new(&outcome.history, &outcome.seen).check(&outcome.cluster);
    }
    outcome
}

fn create_topics(cluster: &Cluster) {
    let mut broker = cluster.broker_script();
    for topic in TOPICS {
        broker.send(create_topic(topic, QUEUES, 6)).expect(answers(0));
    }
}

fn kill_again_and_again(
    plan: &Plan,
    cluster: &mut Cluster,
    load: &Load,
    companion: &impl Companion,
    failed: &dyn Fn() -> bool,
) {
    let mean = plan.acks / plan.kills;
    for kill in 0..plan.kills {
        let due = mean * kill + fastrand::u64(mean / 2..=mean);
        let companions_due = companion.progress().saturating_add(fastrand::u64(1..COMPANIONS_SHARE));
        let progress = || load.acked.load(Ordering::Relaxed).wrapping_add(companion.progress());
        wait_for_progressing("acknowledgements before the next kill", progress, || {
            let ended = cluster.broker.server().exited();
            assert!(ended.is_none(), "the broker ended by itself: {}", cluster.broker.log());
            assert!(!failed(), "a producer has failed, see above");
            (load.acked.load(Ordering::Relaxed) >= due && companion.progress() >= companions_due).then_some(())
        });
        thread::sleep(Duration::from_micros(fastrand::u64(..10_000)));
        cluster.broker.kill();
        if kill % 5 == 4 {
            kill_while_starting(cluster);
        }
        cluster.broker.restart();
    }
    let progress = || load.acked.load(Ordering::Relaxed);
    wait_for_progressing("the acknowledgements asked for", progress, || (progress() >= plan.acks).then_some(()));
}

/// Recovery itself is interrupted, at any moment from the first instruction to the first answer.
fn kill_while_starting(cluster: &mut Cluster) {
    for _ in 0..3 {
        cluster.broker.launch();
        thread::sleep(Duration::from_millis(fastrand::u64(..200)));
        cluster.broker.kill();
    }
}
