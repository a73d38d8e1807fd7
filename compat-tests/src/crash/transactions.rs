//! Producers of transactions: they send half messages, end some, and answer the broker's checks of the others.
//!
//! What is to become of a message follows from its id, so any producer of the group can answer for any other.

use super::Load;
use super::history::{Attempt, Fate, History, Kind};
use super::message::{MessageId, QUEUES, TOPICS, now_ms, single_with};
use super::producer::fates;
use super::violations::Violations;
use crate::client::code;
use crate::frame::{Answer, Request, request};
use crate::script::Script;
use crate::wait::wait_for;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const GROUP: &str = "crash_transactions";
const CHECK_TRANSACTION_STATE: i32 = 39;
/// `f` of a send: the message is a half one.
const PREPARED: i32 = 4;
const COMMIT: i32 = 8;
const ROLLBACK: i32 = 12;
const UNDECIDED: i32 = 0;
const HALVES_MAX: usize = 4;
/// The number of the producer that sends the last ones.
const SETTLING: u64 = 0xFFFE;

/// When the producer says what becomes of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    /// At once.
    AtOnce,
    /// At once, in two requests.
    Twice,
    /// At once, and when that is answered, the contrary.
    ThenContrary,
    /// When the broker asks already.
    Late,
    /// When it is asked.
    Asked,
    /// When it is asked for the second time.
    AskedAgain,
}

/// Whether the message is to be committed.
pub fn commits(id: MessageId) -> bool {
    id.choice(2) == 0
}

fn way(id: MessageId) -> Way {
    match id.choice(24) / 2 {
        0..5 => Way::AtOnce,
        5 => Way::Twice,
        6 => Way::ThenContrary,
        7 => Way::Late,
        8..10 => Way::Asked,
        _ => Way::AskedAgain,
    }
}

/// Where a half message lies.
#[derive(Clone, Copy, Debug)]
struct Half {
    id: MessageId,
    queue_offset: i64,
    physical_offset: i64,
}

/// What the producers of the group know together.
#[derive(Default)]
pub struct Ledger {
    /// Acknowledged, and no answer said yet that they are decided.
    open: HashSet<MessageId>,
    /// When the answer came that said so.
    decided: HashMap<MessageId, Instant>,
    /// How often the broker asked.
    asked: HashMap<MessageId, u32>,
    violations: Violations,
    ends: u64,
}

impl Ledger {
    /// What the producers saw that should not be.
    pub fn violations(&self) -> Violations {
        self.violations.clone()
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = self.asked.values().max().copied().unwrap_or(0);
        let Ledger { decided, ends, asked, .. } = self;
        write!(f, "{} decided by {ends} answered requests, {} asked about, ", decided.len(), asked.len())?;
        write!(f, "at most {most} times")
    }
}

/// Shared by the producers of the group.
pub type SharedLedger = Arc<Mutex<Ledger>>;

/// A connection that sends transactions.
pub struct TransactionProducer {
    number: u64,
    sent: u64,
    random: fastrand::Rng,
    load: Arc<Load>,
    history: History,
    ledger: SharedLedger,
    /// What is to be said when.
    planned: Vec<(Instant, Half, i32)>,
}

enum Asked {
    Beat,
    Half(usize),
    End(Half, i32),
}

/// One connection, and what on it is not answered yet.
struct Line {
    script: Script,
    opened: Instant,
    opaque: i32,
    waiting: HashMap<i32, Asked>,
    bytes: Vec<u8>,
}

impl Line {
    fn open(broker: &str) -> io::Result<Line> {
        // Before the first byte: what the broker sends on it was sent later.
        let opened = Instant::now();
        let script = Script::try_open(broker)?;
        Ok(Line { script, opened, opaque: 0, waiting: HashMap::new(), bytes: Vec::new() })
    }

    fn add(&mut self, request: Request, asked: Asked) {
        self.opaque += 1;
        self.bytes.extend(request.opaque(self.opaque).bytes());
        self.waiting.insert(self.opaque, asked);
    }
}

impl TransactionProducer {
    /// The producer with this number.
    pub fn new(number: u64, seed: u64, load: Arc<Load>, ledger: SharedLedger) -> TransactionProducer {
        let random = fastrand::Rng::with_seed(seed);
        TransactionProducer { number, sent: 0, random, load, history: History::default(), ledger, planned: Vec::new() }
    }

    /// Sends until the load is over, then answers checks until it is settled.
    pub fn run(mut self) -> History {
        while !self.load.is_settled() {
            match Line::open(&self.load.broker) {
                Ok(mut line) => while !self.load.is_settled() && self.converse(&mut line).is_ok() {},
                Err(_) => self.load.pause(),
            }
        }
        self.history
    }

    /// Sends what is to be sent now, and reads until all of it is answered.
    fn converse(&mut self, line: &mut Line) -> io::Result<()> {
        line.add(heartbeat(self.number), Asked::Beat);
        if !self.load.is_over() {
            for _ in 0..self.random.usize(..=HALVES_MAX) {
                let (request, attempt) = self.next_half();
                line.add(request, Asked::Half(attempt));
            }
        }
        let now = Instant::now();
        for (_, half, outcome) in self.planned.extract_if(.., |(due, _, _)| *due <= now) {
            line.add(end(half, outcome, false), Asked::End(half, outcome));
        }
        self.exchange(line)?;
        self.load.pause();
        Ok(())
    }

    fn exchange(&mut self, line: &mut Line) -> io::Result<()> {
        while !line.waiting.is_empty() {
            line.script.try_send(&std::mem::take(&mut line.bytes))?;
            let answer = line.script.try_read()?;
            if answer.code == CHECK_TRANSACTION_STATE && answer.flag & 1 == 0 {
                self.answer_check(line, &answer);
                continue;
            }
            match line.waiting.remove(&answer.opaque).expect("an answer belongs to a request that waits") {
                Asked::Beat => assert_eq!(answer.code, 0, "heartbeat: {answer:?}"),
                Asked::Half(attempt) => self.note_half(attempt, &answer),
                Asked::End(half, outcome) => self.note_end(half, outcome, &answer),
            }
        }
        line.script.try_send(&std::mem::take(&mut line.bytes))
    }

    fn next_half(&mut self) -> (Request, usize) {
        self.sent += 1;
        let id = MessageId::new(self.number, self.sent);
        let topic = self.random.usize(..TOPICS.len());
        let queue = self.random.i32(0..QUEUES);
        let (kind, fate, sent_ms) = (Kind::Half, Fate::Unknown, now_ms());
        self.history.attempts.push(Attempt { id, kind, topic, queue, burst: 0, sent_ms, fate });
        let send = single_with(id, TOPICS[topic], queue, &[("TRAN_MSG", "true"), ("PGROUP", GROUP)]);
        // One that was born long ago is given up.
        let send = send.field("a", GROUP).field("f", PREPARED).field("g", sent_ms);
        (send, self.history.attempts.len() - 1)
    }

    fn note_half(&mut self, attempt: usize, answer: &Answer) {
        *self.history.answers.entry(answer.code).or_default() += 1;
        let attempt = &mut self.history.attempts[attempt];
        attempt.fate = fates(answer, 1)[0];
        let Fate::Acknowledged { offset, physical_offset } = attempt.fate else { return };
        let half = Half { id: attempt.id, queue_offset: offset, physical_offset };
        lock(&self.ledger).open.insert(half.id);
        let now = Instant::now();
        let outcome = outcome(half.id);
        match way(half.id) {
            Way::AtOnce | Way::ThenContrary => self.planned.push((now, half, outcome)),
            Way::Twice => self.planned.extend([(now, half, outcome); 2]),
            // About when the broker asks: `transactionTimeOut` and `transactionCheckInterval` are a second each.
            Way::Late => {
                let late = Duration::from_millis(self.random.u64(1000..2500));
                self.planned.push((now + late, half, outcome));
            }
            Way::Asked | Way::AskedAgain => {}
        }
    }

    fn note_end(&mut self, half: Half, said: i32, answer: &Answer) {
        let mut ledger = lock(&self.ledger);
        ledger.ends += 1;
        let is_open = ledger.open.contains(&half.id);
        if answer.code != 0 {
            ledger.violations.unless(!is_open, "A8 acknowledged half, not found", || format!("{half:?}: {answer:?}"));
            return;
        }
        if said != outcome(half.id) {
            return;
        }
        ledger.open.remove(&half.id);
        let first = ledger.decided.insert(half.id, Instant::now()).is_none();
        if first && way(half.id) == Way::ThenContrary {
            self.planned.push((Instant::now(), half, COMMIT + ROLLBACK - said));
        }
    }

    fn answer_check(&mut self, line: &mut Line, check: &Answer) {
        let Some(id) = MessageId::of_unique_key(check.field("transactionId")) else { return };
        let half = Half {
            id,
            queue_offset: check.number("tranStateTableOffset"),
            physical_offset: check.number("commitLogOffset"),
        };
        let mut ledger = lock(&self.ledger);
        let times = *ledger.asked.entry(id).and_modify(|times| *times += 1).or_insert(1);
        let decided = ledger.decided.get(&id).copied();
        // A question on a connection that was not there when the answer came was asked after it.
        let is_late = decided.is_some_and(|decided| decided < line.opened);
        ledger.violations.unless(!is_late, "A8 decided, asked again", || format!("{half:?}, time {times}"));
        if way(id) == Way::AskedAgain && times == 1 {
            line.bytes.extend(end(half, UNDECIDED, true).oneway().bytes());
        } else {
            line.add(end(half, outcome(id), true), Asked::End(half, outcome(id)));
        }
    }
}

fn outcome(id: MessageId) -> i32 {
    if commits(id) { COMMIT } else { ROLLBACK }
}

fn end(half: Half, outcome: i32, from_check: bool) -> Request {
    request(code::END_TRANSACTION)
        .field("producerGroup", GROUP)
        .field("tranStateTableOffset", half.queue_offset)
        .field("commitLogOffset", half.physical_offset)
        .field("commitOrRollback", outcome)
        .field("fromTransactionCheck", from_check)
        .field("msgId", half.id.unique_key())
        .field("transactionId", half.id.unique_key())
}

fn heartbeat(number: u64) -> Request {
    let body = format!(
        r#"{{"clientID":"crash-{number}","consumerDataSet":[],"producerDataSet":[{{"groupName":"{GROUP}"}}]}}"#
    );
    request(code::HEART_BEAT).body(body)
}

/// The ledger.
pub fn lock(ledger: &SharedLedger) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns when the broker has asked about all that it holds for undecided, and was answered: sends one more message that
/// is decided when it is asked about for the second time, each time after all older ones.
pub fn settle(load: &Load, ledger: &SharedLedger) -> History {
    let settling = Arc::new(Load::new(load.broker.clone()));
    settling.end();
    let mut producer = TransactionProducer::new(SETTLING, fastrand::u64(..), settling, ledger.clone());
    let is_last = |id: MessageId| way(id) == Way::AskedAgain && !commits(id);
    while !is_last(MessageId::new(SETTLING, producer.sent + 1)) {
        producer.sent = fastrand::u32(..).into();
    }
    let mut line = Line::open(&load.broker).expect("the broker is up");
    let (request, attempt) = producer.next_half();
    line.add(request, Asked::Half(attempt));
    producer.exchange(&mut line).expect("the broker is up");
    let last = producer.history.attempts[0];
    assert!(last.is_acknowledged(), "{last:?}");
    wait_for("the checks of the last half message", || {
        producer.converse(&mut line).expect("the broker is up");
        lock(ledger).decided.contains_key(&last.id).then_some(())
    });
    producer.history
}

/// A8 of one message that was found `times` times.
pub fn check(attempt: &Attempt, times: usize, violations: &mut Violations) {
    let told = || format!("{attempt:?} {:?}, found {times} times", way(attempt.id));
    let is_committed = commits(attempt.id);
    violations.unless(times < 2, "A8 committed, visible twice", told);
    violations.unless(is_committed || times == 0, "A8 rolled back, visible", told);
    let is_missing = is_committed && attempt.is_acknowledged() && times == 0;
    violations.unless(!is_missing, "A8 committed, not visible", told);
}
