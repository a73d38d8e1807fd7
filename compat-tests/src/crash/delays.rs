//! Delayed messages: what is sent, and that each comes once, not before its time (A9).

use super::checker::Found;
use super::history::{Attempt, Cancel, Kind};
use super::message::{MessageId, single_with};
use super::violations::Violations;
use crate::client::{Reader, create_topic, properties, send_v2};
use crate::cluster::Target;
use crate::frame::Request;
use crate::script::answers;
use crate::wait::wait_for;
use std::collections::HashSet;

/// What the levels mean in these tests, `messageDelayLevel`.
pub const LEVELS: &str = "1s 2s 3s 1s 2s";
/// The same in ms, level 1 first.
const LEVELS_MS: [i64; 5] = [1000, 2000, 3000, 1000, 2000];
/// Levels that producers ask for; the others come of messages that are sent back.
const LEVELS_SENT: usize = 3;
/// A delay that is no level is shorter.
const MILLIS_MAX: i64 = 3000;
const MARKERS: &str = "CrashMarkers";
/// No producer has this number.
const MARKER_PRODUCER: u64 = 0xFFFF;

/// How a message asks to wait.
#[derive(Clone, Copy, Debug)]
pub enum Delay {
    /// DELAY, from 1 on.
    Level(usize),
    /// `TIMER_DELAY_MS`; Java 4.9 knows no such thing.
    Millis(i64),
}

/// Any delay that `target` knows.
pub fn choose(random: &mut fastrand::Rng, target: Target) -> Delay {
    if target == Target::Skylark && random.u8(..3) == 0 {
        Delay::Millis(random.i64(1..MILLIS_MAX))
    } else {
        Delay::Level(random.usize(1..=LEVELS_SENT))
    }
}

/// What a level means, in ms; a level that is too high is the highest.
pub fn level_ms(level: usize) -> i64 {
    LEVELS_MS[level.min(LEVELS_MS.len()) - 1]
}

impl Delay {
    /// In ms.
    pub fn ms(self) -> i64 {
        match self {
            Delay::Level(level) => level_ms(level),
            Delay::Millis(ms) => ms,
        }
    }

    /// A send of a message that waits so long.
    pub fn send(self, id: MessageId, topic: &str, queue: i32) -> Request {
        match self {
            Delay::Level(level) => single_with(id, topic, queue, &[("DELAY", &level.to_string())]),
            Delay::Millis(ms) => single_with(id, topic, queue, &[("TIMER_DELAY_MS", &ms.to_string())]),
        }
    }
}

/// Returns when all messages that were sent before are delivered, as far as they ever will be: sends one more on each of
/// the ways, which come after them, and waits for these.
pub fn await_delivery(target: Target, reader: &mut Reader) {
    assert_eq!(answers(0).difference(&reader.ask(create_topic(MARKERS, 1, 6))), None);
    let mut ways: Vec<_> = (1..=LEVELS_MS.len()).map(Delay::Level).collect();
    if target == Target::Skylark {
        ways.push(Delay::Millis(MILLIS_MAX));
    }
    let from = reader.max_offset(MARKERS, 0);
    let mut missing = HashSet::new();
    for delay in ways {
        let id = MessageId::new(MARKER_PRODUCER, fastrand::u32(..).into());
        assert_eq!(answers(0).difference(&reader.ask(delay.send(id, MARKERS, 0))), None);
        missing.insert(id.key());
    }
    wait_for("the last delayed messages", || {
        for record in reader.drain(MARKERS, 0, from) {
            missing.remove(record.property("KEYS").unwrap_or_default());
        }
        missing.is_empty().then_some(())
    });
}

/// A request that takes a message away before it is delivered.
pub fn cancel(id: MessageId, topic: &str) -> Request {
    send_v2(topic).field("i", properties(&[("TIMER_DEL_UNIQKEY", &id.unique_key())]))
}

/// A9 of one message that was found at `places`.
pub fn check(attempt: &Attempt, cancel: Option<Cancel>, places: &[Found], violations: &mut Violations) {
    let Kind::Delayed { by_ms } = attempt.kind else { return };
    let told = || format!("{attempt:?} {cancel:?} at {places:?}");
    violations.unless(places.len() < 2, "A9 delayed, came twice", told);
    if cancel == Some(Cancel::Done) {
        violations.unless(places.is_empty(), "A9 cancelled, came", told);
    } else if attempt.is_acknowledged() && cancel != Some(Cancel::Unknown) {
        violations.unless(!places.is_empty(), "A9 delayed, never came", told);
    }
    let early = places.iter().any(|found| found.is_before(attempt.sent_ms + by_ms));
    violations.unless(!early, "A9 delayed, came early", told);
}

/// How late they came, in ms: the time of storing after the time that they were due, in order.
pub fn lateness(attempts: &[Attempt], places: impl Fn(MessageId) -> Vec<Found>) -> Vec<i64> {
    let late = |attempt: &Attempt| match attempt.kind {
        Kind::Delayed { by_ms } => places(attempt.id).first().map(|found| found.stored_ms - attempt.sent_ms - by_ms),
        _ => None,
    };
    let mut all: Vec<_> = attempts.iter().filter_map(late).collect();
    all.sort_unstable();
    all
}
