//! Load from several connections, kill -9, and the checker of what was acknowledged.
//!
//! [`run`] keeps [`producer`]s sending and a [`tailer`] reading while it kills the broker again and again; at the end the
//! [`checker`] compares every queue with the [`history`] of what was sent and answered. A mixed load has
//! [`delays`], [`transactions`] and consumer [`groups`] besides. `COMPAT_KILLS` and `COMPAT_ACKS` make a run longer.

pub mod message;
pub mod history;
pub mod producer;
pub mod delays;
pub mod transactions;
pub mod ledger;
pub mod groups;
pub mod given_back;
pub mod tailer;
pub mod checker;
pub mod violations;
pub mod plan;
pub mod load;
mod java_defects;

use crate::client::{Reader, create_topic};
use crate::cluster::{Cluster, Target};
use crate::script::answers;
use crate::wait::wait_for_progressing;
use checker::Checker;
use groups::Group;
use history::{Cancel, History, Kind};
use ledger::SharedLedger;
pub use load::{End, Load};
use message::{QUEUES, TOPICS};
pub use plan::{Mix, Plan};
use producer::{Producer, Sort};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tailer::Tailer;
use transactions::TransactionProducer;
use violations::Violations;

const PRODUCERS: u64 = 4;
const TRANSACTION_PRODUCERS: u64 = 2;
/// Of the numbers of producers; the plain ones begin at 0.
const DELAYED: u64 = 100;
const TRANSACTIONS: u64 = 200;
/// A companion has up to this many messages acknowledged between two kills.
const COMPANIONS_SHARE: u64 = 60;

/// A finished run: the broker is up, nobody sends.
pub struct Outcome {
    /// Still running.
    pub cluster: Cluster,
    /// What was sent and answered.
    pub history: History,
    /// What the live reader saw.
    pub seen: tailer::Seen,
    load: Arc<Load>,
    mixed: Option<Mixed>,
}

/// What a mixed load has besides.
struct Mixed {
    ledger: SharedLedger,
    groups: Vec<Group>,
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

/// The threads of a run.
struct Threads {
    producers: Vec<JoinHandle<History>>,
    settling: Vec<JoinHandle<History>>,
    groups: Vec<JoinHandle<Group>>,
    reader: JoinHandle<tailer::Seen>,
    ledger: SharedLedger,
}

impl Threads {
    fn start(plan: &Plan, load: &Arc<Load>) -> Threads {
        let is_full = plan.mix == Mix::Full;
        let plain = if is_full { Sort::Plain } else { Sort::Flood };
        let mut sorts: Vec<_> = (0..PRODUCERS).map(|number| (number, plain)).collect();
        if is_full {
            sorts.push((DELAYED, Sort::Delayed));
        }
        let ledger = SharedLedger::default();
        let transactions = if is_full { TRANSACTIONS..TRANSACTIONS + TRANSACTION_PRODUCERS } else { 0..0 };
        let groups = if is_full { vec![("crash_eager", false), ("crash_picky", true)] } else { Vec::new() };
        let start = |(number, sort)| {
            let producer = Producer::new(number, sort, fastrand::u64(..), load.clone());
            thread::spawn(move || producer.run())
        };
        let start_transactions = |number| {
            let producer = TransactionProducer::new(number, fastrand::u64(..), load.clone(), ledger.clone());
            thread::spawn(move || producer.run())
        };
        let start_group = |(name, gives_back)| {
            let (group, load) = (Group::new(name, gives_back, fastrand::u64(..)), load.clone());
            thread::spawn(move || group.run(&load))
        };
        let tailer = Tailer::new(load.clone());
        Threads {
            producers: sorts.into_iter().map(start).collect(),
            settling: transactions.map(start_transactions).collect(),
            groups: groups.into_iter().map(start_group).collect(),
            reader: thread::spawn(move || tailer.run()),
            ledger,
        }
    }

    /// One of those who send or consume has given up, which none does while the load is on.
    fn failed(&self) -> bool {
        let mut senders = self.producers.iter().chain(&self.settling);
        senders.any(JoinHandle::is_finished)
            || self.groups.iter().any(JoinHandle::is_finished)
            || self.reader.is_finished()
    }

    /// Ends the load: first those who send, then those who answer for what was sent.
    fn end(self, cluster: Cluster, load: Arc<Load>, mix: Mix) -> Outcome {
        load.end();
        let mut histories: Vec<_> = self.producers.into_iter().map(join).collect();
        let groups: Vec<_> = self.groups.into_iter().map(join).collect();
        let seen = join(self.reader);
        if mix == Mix::Full {
            histories.push(transactions::settle(&load, &self.ledger));
        }
        load.settle();
        histories.extend(self.settling.into_iter().map(join));
        let history = histories.into_iter().fold(History::default(), History::merge);
        let mixed = (mix == Mix::Full).then_some(Mixed { ledger: self.ledger, groups });
        Outcome { cluster, history, seen, load, mixed }
    }
}

fn join<T>(thread: JoinHandle<T>) -> T {
    thread.join().expect("who sends or reads ends well")
}

/// Runs the load and the kills of `plan`. `beside` is called once the cluster is up, and its result kept to the end.
pub fn run<T: Companion>(plan: &Plan, beside: impl FnOnce(&Cluster) -> T) -> (Outcome, T) {
    run_against(Target::asked(), plan, beside)
}

/// The same against this target.
pub fn run_against<T: Companion>(target: Target, plan: &Plan, beside: impl FnOnce(&Cluster) -> T) -> (Outcome, T) {
    let seed = plan::seed();
    fastrand::seed(seed);
    println!("{plan:?} COMPAT_SEED={seed}");
    let mut cluster = Cluster::with(target, &plan.settings());
    create_topics(&cluster);
    let load = Arc::new(Load::new(cluster.broker.address(), target));
    let companion = beside(&cluster);
    let threads = Threads::start(plan, &load);
    kill_again_and_again(plan, &mut cluster, &load, &companion, &threads);
    let outcome = threads.end(cluster, load, plan.mix);
    outcome.tell();
    (outcome, companion)
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
    threads: &Threads,
) {
    let mean = plan.acks / plan.kills;
    for kill in 0..plan.kills {
        let due = mean * kill + fastrand::u64(mean / 2..=mean);
        let companions_due = companion.progress().saturating_add(fastrand::u64(1..COMPANIONS_SHARE));
        let progress = || load.acked().wrapping_add(companion.progress());
        wait_for_progressing("acknowledgements before the next kill", progress, || {
            let ended = cluster.broker.server().exited();
            assert!(ended.is_none(), "the broker ended by itself: {}", cluster.broker.log());
            assert!(!threads.failed(), "one of the load has failed, see above");
            (load.acked() >= due && companion.progress() >= companions_due).then_some(())
        });
        thread::sleep(plan.rest_of_life());
        load.note_end(true, || cluster.broker.kill());
        if kill % 5 == 4 {
            kill_while_starting(cluster, load);
        }
        cluster.broker.restart();
    }
    let progress = || load.acked();
    wait_for_progressing("the acknowledgements asked for", progress, || (progress() >= plan.acks).then_some(()));
}

/// Recovery itself is interrupted, at any moment from the first instruction to the first answer.
fn kill_while_starting(cluster: &mut Cluster, load: &Load) {
    for _ in 0..3 {
        cluster.broker.launch();
        thread::sleep(Duration::from_millis(fastrand::u64(..200)));
        load.note_end(true, || cluster.broker.kill());
    }
}

/// Checks a finished run; again after an orderly restart; and again without what Skylark derives from its log. Panics if
/// something does not hold, or if Java's known defects are not found where they are.
pub fn check(mut outcome: Outcome) -> Outcome {
    if outcome.cluster.target == Target::Java {
        java_defects::expect(&outcome.find_violations(), outcome.mix());
        return outcome;
    }
    outcome.find_violations().expect_none();
    outcome.load.note_end(false, || {
        outcome.cluster.broker.stop();
    });
    outcome.cluster.broker.restart();
    outcome.find_violations().expect_none();
    outcome.load.note_end(true, || outcome.cluster.broker.kill());
    let index = outcome.cluster.broker.store().join("index");
    std::fs::remove_dir_all(index).expect("remove the index");
    outcome.cluster.broker.restart();
    outcome.find_violations().expect_none();
    outcome
}

impl Outcome {
    /// Waits until everything that is to come has come, and gives what does not hold.
    pub fn find_violations(&mut self) -> Violations {
        let mut violations = Violations::default();
        let target = self.cluster.target;
        if let Some(mixed) = &mut self.mixed {
            let more = transactions::settle(&self.load, &mixed.ledger);
            self.history = std::mem::take(&mut self.history).merge(more);
            violations.merge(ledger::lock(&mixed.ledger).violations());
            delays::await_delivery(target, &mut Reader::open(&self.cluster.broker.address()));
            for group in &mut mixed.groups {
                group.catch_up(&self.load);
                group.check(&mut violations);
            }
        }
        violations.merge(Checker::new(&self.history, &self.seen).check(&self.cluster));
        violations
    }

    fn mix(&self) -> Mix {
        if self.mixed.is_some() { Mix::Full } else { Mix::Plain }
    }

    /// Prints what was done.
    fn tell(&self) {
        let History { attempts, answers, cancels } = &self.history;
        println!("{} sent, requests answered, by code: {answers:?}", attempts.len());
        let count =
            |name: &str, of: &dyn Fn(Kind) -> bool| println!("{} acknowledged: {name}", self.history.acknowledged(of));
        count("seen at once", &|kind| kind == Kind::Plain);
        if let Some(mixed) = &self.mixed {
            count("delayed", &|kind| matches!(kind, Kind::Delayed { .. }));
            count("half messages", &|kind| kind == Kind::Half);
            let cancelled = cancels.values().filter(|cancel| **cancel == Cancel::Done).count();
            println!("{cancelled} of {} delayed messages cancelled", cancels.len());
            println!("{}", ledger::lock(&mixed.ledger));
            mixed.groups.iter().for_each(|group| println!("{group}"));
        }
    }
}
