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
//! | A12 | acknowledged messages are found by key, by unique key and by id |

use super::message::{MessageId, QUEUES, TOPICS};
use super::producer::{Attempt, Fate, History};
use super::tailer::Seen;
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
}

/// Where a message was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Place {
    topic: usize,
    queue: i32,
    offset: i64,
    physical_offset: i64,
}

impl Checker<'_> {
    /// Of this history, and what the live reader saw.
    pub fn new<'a>(history: &'a History, seen: &'a Seen) -> Checker<'a> {
        Checker { history, seen }
    }

    /// Panics at the first assertion that does not hold.
    pub fn check(&self, cluster: &Cluster) {
        let mut reader = Reader::open(&cluster.broker.address());
        if cluster.target == Target::Java {
            self.await_dispatch(&mut reader);
        }
        let found = self.read_everything(&mut reader);
        self.check_live_reader(&found);
        self.check_acknowledged(&found);
        self.check_order();
        // Skylark is better on purpose: Java's key index does not survive a kill.
        if cluster.target == Target::Skylark {
            self.check_queries(&mut reader);
        }
        println!("{} found", found.len());
    }

    /// Java acknowledges first and shows later; Skylark must show at once.
    fn await_dispatch(&self, reader: &mut Reader) {
        for attempt in self.history.attempts.iter().rev().take(1000) {
            if let Fate::Acknowledged { offset, .. } = attempt.fate {
                wait_for("the queue shows it", || {
                    (reader.max_offset(TOPICS[attempt.topic], attempt.queue) > offset).then_some(())
                });
            }
        }
    }

    fn read_everything(&self, reader: &mut Reader) -> HashMap<MessageId, Place> {
        let sent: HashMap<_, _> = self.history.attempts.iter().map(|attempt| (attempt.id, attempt)).collect();
        let mut found = HashMap::new();
        for (topic, name) in TOPICS.iter().enumerate() {
            for queue in 0..QUEUES {
                let (min, max) = (reader.min_offset(name, queue), reader.max_offset(name, queue));
                let records = reader.drain(name, queue, min);
                assert_eq!((min, records.len() as i64), (0, max), "A5: {name} {queue} is dense");
                for (offset, record) in (0..).zip(&records) {
                    assert_eq!(record.queue_offset, offset, "A5: {name} {queue} is dense");
                    let place = Place { topic, queue, offset, physical_offset: record.physical_offset };
                    let id = check_content(record, place, &sent);
                    if let Some(id) = id {
                        let before = found.insert(id, place);
                        assert_eq!(before, None, "A6: {id:?} is at {place:?} too");
                    }
                }
            }
        }
        found
    }

    fn check_live_reader(&self, found: &HashMap<MessageId, Place>) {
        for ((topic, queue, offset), (key, physical_offset)) in self.seen {
            let Some(id) = MessageId::of_key(key) else { continue };
            let place = Place { topic: *topic, queue: *queue, offset: *offset, physical_offset: *physical_offset };
            assert_eq!(found.get(&id), Some(&place), "A2: {key} was seen at {place:?}");
        }
    }

    fn check_acknowledged(&self, found: &HashMap<MessageId, Place>) {
        for attempt in &self.history.attempts {
            match attempt.fate {
                Fate::Acknowledged { offset, physical_offset } => {
                    let place = Place { topic: attempt.topic, queue: attempt.queue, offset, physical_offset };
                    assert_eq!(found.get(&attempt.id), Some(&place), "A1, A3: {attempt:?}");
                }
                Fate::Refused => assert_eq!(found.get(&attempt.id), None, "A7: {attempt:?}"),
                Fate::Unknown => {}
            }
        }
    }

    fn check_order(&self) {
        // Highest offset of any earlier burst, and the burst and highest offset now under way.
        let mut last: HashMap<(u64, usize, i32), (i64, u64, i64)> = HashMap::new();
        for attempt in &self.history.attempts {
            let Fate::Acknowledged { offset, .. } = attempt.fate else { continue };
            let key = (attempt.id.producer(), attempt.topic, attempt.queue);
            let (earlier, burst, highest) = last.entry(key).or_insert((-1, attempt.burst, -1));
            if *burst != attempt.burst {
                (*earlier, *burst) = (*highest, attempt.burst);
            }
            assert!(offset > *earlier, "A4: {attempt:?} after offset {earlier}");
            *highest = offset.max(*highest);
        }
    }

    fn check_queries(&self, reader: &mut Reader) {
        let acknowledged: Vec<&Attempt> =
            self.history.attempts.iter().filter(|attempt| matches!(attempt.fate, Fate::Acknowledged { .. })).collect();
        for attempt in fastrand::choose_multiple(acknowledged, QUERIED) {
            let Fate::Acknowledged { physical_offset, .. } = attempt.fate else { continue };
            let topic = TOPICS[attempt.topic];
            for (key, unique) in [(attempt.id.key(), false), (attempt.id.unique_key(), true)] {
                let found: Vec<_> =
                    reader.query(topic, &key, unique).iter().map(|record| record.physical_offset).collect();
                assert_eq!(found, [physical_offset], "A12: {attempt:?} by {key}");
            }
            let viewed = reader.view(physical_offset).expect("A12: a message is viewed by its id");
            assert_eq!(viewed.property("KEYS"), Some(attempt.id.key().as_str()), "A12: {attempt:?}");
        }
    }
}

/// The record is one that was sent to this place, whole. `None` for a message of the stock producer, checked elsewhere.
fn check_content(record: &Record, place: Place, sent: &HashMap<MessageId, &Attempt>) -> Option<MessageId> {
    assert!(record.is_body_whole(), "A7: CRC at {place:?}");
    let id = MessageId::of_key(record.property("KEYS").unwrap_or_default())?;
    let attempt = sent.get(&id).unwrap_or_else(|| panic!("A7: {id:?} at {place:?} was never sent"));
    assert_eq!((attempt.topic, attempt.queue), (place.topic, place.queue), "A7: {attempt:?} at {place:?}");
    assert_eq!(record.queue_id, place.queue, "A7: {attempt:?} at {place:?}");
    assert!(record.body == id.body(), "A7: body of {attempt:?} at {place:?}");
    Some(id)
}
