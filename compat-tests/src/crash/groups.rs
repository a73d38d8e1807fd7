//! Consumer groups in cluster mode: they pull, commit where they go on, give some messages back, and check on each new
//! connection that the broker remembers what it should (A10, A11).

use super::given_back::{self, GivenBack};
use super::message::{MessageId, QUEUES, TOPICS, now_ms};
use super::violations::Violations;
use super::{End, Load};
use crate::client::{about_queue, code, heartbeat, pull};
use crate::frame::{Answer, Request, request};
use crate::record::Record;
use crate::script::Script;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a group committed so long before a kill is remembered after it. The broker saves offsets five times as often.
pub const REMEMBERED_AFTER: Duration = Duration::from_secs(5);
/// `flushConsumerOffsetInterval`, in ms.
pub const SAVE_INTERVAL_MS: &str = "1000";
/// Messages given back, in percent.
const GIVEN_BACK: u8 = 5;
const SUCCESS: i32 = 0;
const QUERY_NOT_FOUND: i32 = 22;
const WITHOUT_MESSAGES: [i32; 2] = [19, 20];

/// A message as a group got it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Got {
    /// Which; None: not one of the load's.
    pub id: Option<MessageId>,
    /// How often it was given back.
    pub times: i32,
    /// Where in the log.
    pub physical_offset: i64,
    /// When it was stored, in ms since 1970.
    pub stored_ms: i64,
}

/// How far a group is in a queue.
#[derive(Default, Debug)]
struct Progress {
    /// What it got, from offset 0 on.
    got: Vec<Got>,
    /// Where it goes on.
    next: i64,
    /// What the broker knew when it started last: no kill can take that away.
    durable: i64,
    /// What it committed since then, and when that was answered.
    commits: Vec<(Instant, i64)>,
    /// The highest offset it ever sent in a commit.
    sent: i64,
}

/// One group with one member.
pub struct Group {
    name: &'static str,
    gives_back: bool,
    random: fastrand::Rng,
    /// By topic and queue.
    queues: BTreeMap<(String, i32), Progress>,
    given_back: Vec<GivenBack>,
    connected: Option<Instant>,
    redelivered: u64,
    regress_max: i64,
    violations: Violations,
}

impl Group {
    /// A group that has got nothing yet.
    pub fn new(name: &'static str, gives_back: bool, seed: u64) -> Group {
        let mut queues = BTreeMap::new();
        for topic in TOPICS {
            queues.extend((0..QUEUES).map(|queue| ((topic.to_owned(), queue), Progress::default())));
        }
        queues.insert((retry_topic(name), 0), Progress::default());
        Group {
            name,
            gives_back,
            random: fastrand::Rng::with_seed(seed),
            queues,
            given_back: Vec::new(),
            connected: None,
            redelivered: 0,
            regress_max: 0,
            violations: Violations::default(),
        }
    }

    /// Consumes until the load is over.
    pub fn run(mut self, load: &Arc<Load>) -> Group {
        while !load.is_over() {
            match self.connect(load) {
                Ok(mut member) => while !load.is_over() && self.consume(&mut member, self.gives_back).is_ok() {},
                Err(_) => load.pause(),
            }
        }
        self
    }

    /// Consumes all there is, as the only member of a broker that nobody kills.
    pub fn catch_up(&mut self, load: &Load) {
        let mut member = self.connect(load).expect("the broker is up");
        while self.consume(&mut member, false).expect("the broker is up") > 0 {}
        for ((topic, queue), progress) in &self.queues {
            let max = ask(&mut member, about_queue(code::GET_MAX_OFFSET, topic, *queue)).expect("the broker is up");
            let (got, max) = (progress.got.len() as i64, max.number("offset"));
            self.violations
                .unless(got == max, "A11 not consumed", || format!("{} {topic} {queue}: {got} of {max}", self.name));
        }
        let keys: Vec<_> = self.queues.keys().cloned().collect();
        for key in keys {
            self.commit(&mut member, &key).expect("the broker is up");
        }
    }

    fn connect(&mut self, load: &Load) -> io::Result<Script> {
        let connected = Instant::now();
        let mut member = Script::try_open(&load.broker)?;
        expect(&ask(&mut member, self.heartbeat())?, SUCCESS);
        let ended = self.connected.and_then(|before| load.first_end_after(before));
        let keys: Vec<_> = self.queues.keys().cloned().collect();
        let mut found = Vec::new();
        for (topic, queue) in &keys {
            let question = about_queue(code::QUERY_CONSUMER_OFFSET, topic, *queue).field("consumerGroup", self.name);
            let answer = ask(&mut member, question)?;
            assert!([SUCCESS, QUERY_NOT_FOUND].contains(&answer.code), "query offset: {answer:?}");
            let offset = if answer.code == SUCCESS { answer.number("offset") } else { 0 };
            let max = ask(&mut member, about_queue(code::GET_MAX_OFFSET, topic, *queue))?.number("offset");
            found.push((offset, max));
        }
        // Only now: a member that lost its connection in between has checked nothing.
        for (key, (offset, max)) in keys.into_iter().zip(found) {
            self.check_remembered(&key, offset, max, ended);
        }
        self.connected = Some(connected);
        Ok(member)
    }

    /// A10: what the broker remembers of one queue, and how it ended since the last look, if it did.
    fn check_remembered(&mut self, key: &(String, i32), offset: i64, max: i64, ended: Option<End>) {
        let name = self.name;
        let progress = self.queues.get_mut(key).expect("a queue of the group");
        let is_old = |at: Instant| ended.is_none_or(|end| !end.is_kill || at + REMEMBERED_AFTER <= end.began);
        let old = progress.commits.iter().rev().find(|(at, _)| is_old(*at)).map(|(_, offset)| *offset);
        let least = old.unwrap_or(0).max(progress.durable);
        let got = progress.got.len() as i64;
        let told =
            || format!("{name} {key:?}: {offset}, at least {least}, sent {}, got {got}, max {max}", progress.sent);
        self.violations.unless(offset >= least, "A10 offset forgotten", told);
        self.violations.unless(offset <= progress.sent, "A10 offset never committed", told);
        self.violations.unless(offset <= max, "A10 offset past max", told);
        self.regress_max = self.regress_max.max(progress.next - offset);
        if ended.is_some() {
            progress.durable = offset;
            progress.commits.clear();
        }
        progress.next = offset.min(got);
    }

    /// One look into each queue; how many messages there were.
    fn consume(&mut self, member: &mut Script, gives_back: bool) -> io::Result<usize> {
        let keys: Vec<_> = self.queues.keys().cloned().collect();
        let mut count = 0;
        for key in keys {
            let next = self.queues[&key].next;
            let request = pull(&key.0, key.1, next).field("consumerGroup", self.name).field("sysFlag", 0);
            let answer = ask(member, request)?;
            if answer.code != SUCCESS {
                let is_usual = WITHOUT_MESSAGES.contains(&answer.code);
                self.violations.unless(is_usual, "A11 pull refused", || format!("{key:?} at {next}: {answer:?}"));
                continue;
            }
            let records = Record::all_in(&answer.body);
            count += records.len();
            for record in &records {
                self.take(&key, record);
                if gives_back && self.random.u8(..100) < GIVEN_BACK {
                    self.give_back(member, record)?;
                }
            }
            if self.random.bool() {
                self.commit(member, &key)?;
            }
        }
        Ok(count)
    }

    fn take(&mut self, key: &(String, i32), record: &Record) {
        let progress = self.queues.get_mut(key).expect("a queue of the group");
        let got = Got {
            id: record.property("KEYS").and_then(MessageId::of_key),
            times: record.reconsume_times,
            physical_offset: record.physical_offset,
            stored_ms: record.store_timestamp,
        };
        let told = || format!("{key:?} at {}: {record:?}", progress.next);
        self.violations.unless(record.queue_offset == progress.next, "A11 stepped over", told);
        match progress.got.get(progress.next as usize) {
            Some(before) => {
                self.redelivered += 1;
                self.violations.unless(*before == got, "A2 another message", || format!("{before:?} became {got:?}"));
            }
            None => progress.got.push(got),
        }
        progress.next += 1;
    }

    fn commit(&mut self, member: &mut Script, key: &(String, i32)) -> io::Result<()> {
        let progress = self.queues.get_mut(key).expect("a queue of the group");
        progress.sent = progress.sent.max(progress.next);
        let (topic, queue) = key;
        let request = about_queue(code::UPDATE_CONSUMER_OFFSET, topic, *queue);
        let request = request.field("consumerGroup", self.name).field("commitOffset", progress.next);
        expect(&ask(member, request)?, SUCCESS);
        progress.commits.push((Instant::now(), progress.next));
        Ok(())
    }

    fn give_back(&mut self, member: &mut Script, record: &Record) -> io::Result<()> {
        let Some(id) = record.property("KEYS").and_then(MessageId::of_key) else { return Ok(()) };
        let times = record.reconsume_times + 1;
        // Level 0 lets the broker choose.
        let level = if id.choice("level", 2) == 0 { 0 } else { 1 };
        let request = request(code::SEND_BACK)
            .field("offset", record.physical_offset)
            .field("group", self.name)
            .field("delayLevel", level)
            .field("originMsgId", id.unique_key())
            .field("originTopic", &record.topic)
            .field("unitMode", "false")
            .field("maxReconsumeTimes", 16);
        let level = if level == 0 { 3 + record.reconsume_times as usize } else { level };
        self.given_back.push(GivenBack { id, times, level, at_ms: now_ms(), is_answered: false });
        let answer = ask(member, request)?;
        self.violations.unless(answer.code == SUCCESS, "A11 giving back refused", || format!("{record:?}: {answer:?}"));
        self.given_back.last_mut().expect("was just pushed").is_answered = answer.code == SUCCESS;
        Ok(())
    }

    fn heartbeat(&self) -> Request {
        let topics = TOPICS.iter().map(|topic| topic.to_string()).chain([retry_topic(self.name)]).collect();
        heartbeat(&format!("{}-member", self.name), &[(self.name.to_owned(), topics)], &[])
    }

    /// All that does not hold of this group, once it caught up.
    pub fn check(&self, violations: &mut Violations) {
        violations.merge(self.violations.clone());
        given_back::check(&self.given_back, &self.queues[&(retry_topic(self.name), 0)].got, violations);
    }
}

impl std::fmt::Display for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let got: usize = self.queues.values().map(|progress| progress.got.len()).sum();
        let retried = self.queues[&(retry_topic(self.name), 0)].got.len();
        let Group { name, redelivered, regress_max, .. } = self;
        let given_back = self.given_back.len();
        write!(
            f,
            "{name} got {got}, {redelivered} of them again (at most {regress_max} of a queue at once), \
             gave back {given_back}, got {retried} to retry"
        )
    }
}

fn retry_topic(group: &str) -> String {
    format!("%RETRY%{group}")
}

fn ask(member: &mut Script, request: Request) -> io::Result<Answer> {
    const OPAQUE: i32 = 7;
    member.try_send(&request.opaque(OPAQUE).bytes())?;
    loop {
        let answer = member.try_read()?;
        // Notices that the group changed come in between.
        if answer.flag & 1 == 1 {
            return Ok(answer);
        }
    }
}

fn expect(answer: &Answer, code: i32) {
    assert_eq!(answer.code, code, "{answer:?}");
}
