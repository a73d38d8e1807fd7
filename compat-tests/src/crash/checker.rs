//! Compares all queues with the history.
//!
//! | | asserted |
//! | --- | --- |
//! | A1 | every acknowledged message is read |
//! | A2 | an offset of a queue never shows two contents, over all readers and restarts |
//! | A3 | offset and id of the answer are where the message is |
//! | A4 | of one producer's sends to one queue, a later one has the higher offset |
//! | A5 | queues are dense from min to max |
//! | A6 | a message that was sent once is there at most once |
//! | A7 | nothing is read that was never sent, bodies are whole, refused messages are absent |
//! | A8 | what was committed is visible once, what was rolled back never, what nobody decided is asked about until decided, and no longer ([`transactions`](super::transactions)) |
//! | A9 | what was delayed comes once, and not before its time ([`delays`](super::delays)) |
//! | A10 | a group goes on after a restart where it was at most 5 s before it, not past what it committed nor past max ([`groups`](super::groups)) |
//! | A11 | a group gets every message, and again only those after its remembered offset; what it gives back comes again, once ([`groups`](super::groups)) |
//! | A12 | acknowledged messages are found by key, by unique key and by id |

use super::history::{Attempt, Fate, History, Kind};
use super::message::{MessageId, QUEUES, TOPICS};
use super::tailer::Seen;
use super::violations::Violations;
use super::{delays, transactions};
use crate::client::Reader;
use crate::cluster::{Cluster, Target};
use crate::record::Record;
use crate::wait::wait_for;
use std::collections::HashMap;

/// Queries are slow beside pulls: this many messages are looked for one by one.
const QUERIED: usize = 2_000;

/// The checker of one run.
pub struct Checker<'a> {
    history: &'a History,
    seen: &'a Seen,
    violations: Violations,
    found: HashMap<MessageId, Vec<Found>>,
}

/// Where a message was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Found {
    place: Place,
    /// When the broker stored it, in ms since 1970.
    pub stored_ms: i64,
    /// When the live reader saw it, likewise.
    pub seen_ms: Option<i64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Place {
    topic: usize,
    queue: i32,
    offset: i64,
    physical_offset: i64,
}

impl Found {
    /// It was stored, or seen, before `moment`, in ms since 1970.
    pub fn is_before(&self, moment: i64) -> bool {
        self.stored_ms.min(self.seen_ms.unwrap_or(i64::MAX)) < moment
    }
}

impl Checker<'_> {
    /// Of this history, and what the live reader saw.
    pub fn new<'a>(history: &'a History, seen: &'a Seen) -> Checker<'a> {
        Checker { history, seen, violations: Violations::default(), found: HashMap::new() }
    }

    /// Reads everything; gives what does not hold.
    pub fn check(mut self, cluster: &Cluster) -> Violations {
        let mut reader = Reader::open(&cluster.broker.address());
        if cluster.target == Target::Java {
            self.await_dispatch(&mut reader);
        }
        self.read_everything(&mut reader);
        self.check_live_reader();
        self.check_attempts(cluster.target);
        self.check_order();
        self.check_queries(&mut reader);
        println!("{} found{}", self.found.len(), self.lateness());
        self.violations
    }

    /// Java acknowledges first and shows later; Skylark must show at once.
    fn await_dispatch(&self, reader: &mut Reader) {
        let plain = self.history.attempts.iter().rev().filter(|attempt| attempt.kind == Kind::Plain);
        for attempt in plain.take(1000) {
            if let Fate::Acknowledged { offset, .. } = attempt.fate {
                wait_for("the queue shows it", || {
                    (reader.max_offset(TOPICS[attempt.topic], attempt.queue) > offset).then_some(())
                });
            }
        }
    }

    fn read_everything(&mut self, reader: &mut Reader) {
        let sent: HashMap<_, _> = self.history.attempts.iter().map(|attempt| (attempt.id, attempt)).collect();
        for (topic, name) in TOPICS.iter().enumerate() {
            for queue in 0..QUEUES {
                let (min, max) = (reader.min_offset(name, queue), reader.max_offset(name, queue));
                let records = reader.drain(name, queue, min);
                let is_dense = min == 0
                    && records.len() as i64 == max
                    && (0..).zip(&records).all(|(offset, record)| record.queue_offset == offset);
                self.violations.unless(is_dense, "A5 queue not dense", || format!("{name} {queue}: {min} to {max}"));
                for (offset, record) in (0..).zip(&records) {
                    let place = Place { topic, queue, offset, physical_offset: record.physical_offset };
                    self.take(record, place, &sent);
                }
            }
        }
    }

    /// The record is one that was sent to this place, whole; or one of the stock producer, checked elsewhere.
    fn take(&mut self, record: &Record, place: Place, sent: &HashMap<MessageId, &Attempt>) {
        self.violations.unless(record.is_body_whole(), "A7 damaged body", || format!("{place:?}"));
        let Some(id) = MessageId::of_key(record.property("KEYS").unwrap_or_default()) else { return };
        let Some(attempt) = sent.get(&id) else {
            self.violations.add("A7 never sent", || format!("{id:?} at {place:?}"));
            return;
        };
        let is_at_home = (attempt.topic, attempt.queue) == (place.topic, place.queue);
        let is_whole = record.queue_id == place.queue && record.body == id.body();
        self.violations.unless(is_at_home && is_whole, "A7 not as sent", || format!("{attempt:?} at {place:?}"));
        let sight = self.seen.get(&(place.topic, place.queue, place.offset));
        let seen_ms = sight.map(|sight| sight.seen_ms);
        let found = Found { place, stored_ms: record.store_timestamp, seen_ms };
        self.found.entry(id).or_default().push(found);
    }

    fn check_live_reader(&mut self) {
        for ((topic, queue, offset), sight) in self.seen {
            let Some(id) = MessageId::of_key(&sight.key) else { continue };
            let physical_offset = sight.physical_offset;
            let place = Place { topic: *topic, queue: *queue, offset: *offset, physical_offset };
            let is_there = self.found.get(&id).is_some_and(|places| places.iter().any(|found| found.place == place));
            self.violations.unless(is_there, "A2 another message", || format!("{sight:?} was at {place:?}"));
        }
    }

    fn check_attempts(&mut self, target: Target) {
        let Checker { history, found, violations, .. } = self;
        for attempt in &history.attempts {
            let places = found.get(&attempt.id).map_or(&[][..], Vec::as_slice);
            let told = || format!("{attempt:?} at {places:?}");
            if attempt.fate == Fate::Refused {
                violations.unless(places.is_empty(), "A7 refused, visible", told);
            }
            match attempt.kind {
                Kind::Plain => check_plain(attempt, places, violations),
                Kind::Delayed { .. } => {
                    delays::check(attempt, history.cancels.get(&attempt.id).copied(), places, violations)
                }
                Kind::Half => transactions::check(attempt, target, places, violations),
            }
        }
    }

    fn check_order(&mut self) {
        // Highest offset of any earlier burst, and the burst and highest offset now under way.
        let mut last: HashMap<(u64, usize, i32), (i64, u64, i64)> = HashMap::new();
        for attempt in self.history.attempts.iter().filter(|attempt| attempt.kind == Kind::Plain) {
            let Fate::Acknowledged { offset, .. } = attempt.fate else { continue };
            let key = (attempt.id.producer(), attempt.topic, attempt.queue);
            let (earlier, burst, highest) = last.entry(key).or_insert((-1, attempt.burst, -1));
            if *burst != attempt.burst {
                (*earlier, *burst) = (*highest, attempt.burst);
            }
            self.violations.unless(offset > *earlier, "A4 order", || format!("{attempt:?} after offset {earlier}"));
            *highest = offset.max(*highest);
        }
    }

    fn check_queries(&mut self, reader: &mut Reader) {
        let acknowledged: Vec<&Attempt> =
            self.history.attempts.iter().filter(|attempt| attempt.is_acknowledged()).collect();
        for attempt in fastrand::choose_multiple(acknowledged, QUERIED) {
            let topic = TOPICS[attempt.topic];
            let places = self.found.get(&attempt.id).map_or(&[][..], Vec::as_slice);
            let mut wanted: Vec<_> = places.iter().map(|found| found.place.physical_offset).collect();
            wanted.sort_unstable();
            for (key, unique) in [(attempt.id.key(), false), (attempt.id.unique_key(), true)] {
                let mut found: Vec<_> =
                    reader.query(topic, &key, unique).iter().map(|record| record.physical_offset).collect();
                found.sort_unstable();
                let told = || format!("{attempt:?} by {key} at {found:?}, is at {wanted:?}");
                self.violations.unless(found == wanted, "A12 not found by key", told);
            }
            for physical_offset in wanted {
                let viewed = reader.view(physical_offset);
                let is_it = viewed.is_some_and(|record| record.property("KEYS") == Some(attempt.id.key().as_str()));
                self.violations.unless(is_it, "A12 not found by id", || format!("{attempt:?} at {physical_offset}"));
            }
        }
    }

    fn lateness(&self) -> String {
        let places = |id| self.found.get(&id).cloned().unwrap_or_default();
        let all = delays::lateness(&self.history.attempts, places);
        let Some(last) = all.len().checked_sub(1) else { return String::new() };
        let at = |percent: usize| all[last * percent / 100];
        format!(", the delayed ones late by p50 {} p99 {} max {} ms, kills included", at(50), at(99), at(100))
    }
}

/// A1, A3, A6 of one message that was found at `places`.
fn check_plain(attempt: &Attempt, places: &[Found], violations: &mut Violations) {
    let told = || format!("{attempt:?} at {places:?}");
    violations.unless(places.len() < 2, "A6 sent once, there twice", told);
    let Fate::Acknowledged { offset, physical_offset } = attempt.fate else { return };
    violations.unless(!places.is_empty(), "A1 acknowledged, lost", told);
    let said = Place { topic: attempt.topic, queue: attempt.queue, offset, physical_offset };
    let is_there = places.iter().all(|found| found.place == said);
    violations.unless(is_there, "A3 not where the answer said", told);
}
