//! Producers of transactions: they send half messages, end some, and answer the broker's checks of the others.
//!
//! What is to become of a message follows from its id, so any producer of the group can answer for any other.

use super::Load;
use super::checker::Found;
use super::delays::level_ms;
use super::history::{Attempt, Fate, History, Kind};
use super::ledger::{Half, SharedLedger, lock};
use super::message::{MessageId, QUEUES, TOPICS, now_ms, single_with};
use super::producer::fates;
use super::violations::Violations;
use crate::client::{code, heartbeat};
use crate::cluster::Target;
use crate::frame::{Answer, Request, request};
use crate::script::Script;
use crate::wait::wait_for;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
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
    id.choice("commits", 2) == 0
}

/// Committed, it is delayed; a stock client takes the level away, and Java mistakes such a half message.
fn delay_level(id: MessageId, target: Target) -> Option<usize> {
    (target == Target::Skylark && id.choice("delayed", 10) == 0).then_some(1)
}

fn way(id: MessageId) -> Way {
    match id.choice("way", 12) {
        0..5 => Way::AtOnce,
        5 => Way::Twice,
        6 => Way::ThenContrary,
        7 => Way::Late,
        8..10 => Way::Asked,
        _ => Way::AskedAgain,
    }
}

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
        line.add(heartbeat(&format!("crash-{}", self.number), &[], &[GROUP]), Asked::Beat);
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
        let mut more = vec![("TRAN_MSG", "true"), ("PGROUP", GROUP)];
        let level = delay_level(id, self.load.target).map(|level| level.to_string());
        more.extend(level.as_ref().map(|level| ("DELAY", level.as_str())));
        let send = single_with(id, TOPICS[topic], queue, &more);
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
        lock(&self.ledger).acknowledged(half);
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
        let decides = said == outcome(half.id);
        let is_first = lock(&self.ledger).ended(half, answer, decides);
        if is_first && way(half.id) == Way::ThenContrary {
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
        let times = lock(&self.ledger).asked(half, line.opened);
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

/// Returns when the broker has asked about all that it holds for undecided, and was answered: sends one more message that
/// is decided when it is asked about for the second time, each time after all older ones.
pub fn settle(load: &Load, ledger: &SharedLedger) -> History {
    let settling = Arc::new(Load::new(load.broker.clone(), load.target));
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
        lock(ledger).is_decided(last.id).then_some(())
    });
    producer.history
}

/// A8 of one message that was found at `places`.
pub fn check(attempt: &Attempt, target: Target, places: &[Found], violations: &mut Violations) {
    let told = || format!("{attempt:?} {:?}, at {places:?}", way(attempt.id));
    let is_committed = commits(attempt.id);
    violations.unless(places.len() < 2, "A8 committed, visible twice", told);
    violations.unless(is_committed || places.is_empty(), "A8 rolled back, visible", told);
    let is_missing = is_committed && attempt.is_acknowledged() && places.is_empty();
    violations.unless(!is_missing, "A8 committed, not visible", told);
    if let Some(level) = delay_level(attempt.id, target) {
        let early = places.iter().any(|found| found.is_before(attempt.sent_ms + level_ms(level)));
        violations.unless(!early, "A8 committed and delayed, came early", told);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_ends_in_a_commit_and_in_a_rollback() {
        use Way::{Asked, AskedAgain, AtOnce, Late, ThenContrary, Twice};
        let ids = || (0..500).map(|number| MessageId::new(200, number));
        for wanted in [AtOnce, Twice, ThenContrary, Late, Asked, AskedAgain] {
            for outcome in [true, false] {
                let count = ids().filter(|id| way(*id) == wanted && commits(*id) == outcome).count();
                assert!(count > 10, "{count} of 500 {wanted:?}, committed: {outcome}");
            }
        }
    }
}
