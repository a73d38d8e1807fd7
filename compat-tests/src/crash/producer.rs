//! One connection that sends in bursts, and notes what became of each message.

use super::Load;
use super::delays;
use super::history::{Attempt, Fate, History, Kind};
use super::message::{MessageId, QUEUES, TOPICS, batch, now_ms, single};
use crate::cluster::Target;
use crate::frame::{Answer, Request};
use crate::script::Script;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;

const BURST_MAX: usize = 8;
const BATCH_MAX: usize = 12;
const SUCCESS: i32 = 0;
/// No topic of the load has so many queues: the broker refuses the message.
const NO_SUCH_QUEUE: i32 = 9999;
const SYSTEM_ERROR: i32 = 1;
const REFUSED: [i32; 3] = [13, 16, 17];

/// What a producer sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sort {
    /// Single messages, batches, and now and then one that is refused; as many as possible.
    Flood,
    /// The same with pauses, so that others keep up.
    Plain,
    /// Delayed messages, as far as the target knows them; with pauses.
    Delayed(Target),
}

/// A connection under load.
pub struct Producer {
    number: u64,
    sort: Sort,
    sent: u64,
    burst: u64,
    random: fastrand::Rng,
    load: Arc<Load>,
    history: History,
}

/// One request of a burst: its messages lie at `attempts` in the history.
struct Sent {
    attempts: std::ops::Range<usize>,
}

impl Producer {
    /// The producer with this number.
    pub fn new(number: u64, sort: Sort, seed: u64, load: Arc<Load>) -> Producer {
        let random = fastrand::Rng::with_seed(seed);
        Producer { number, sort, sent: 0, burst: 0, random, load, history: History::default() }
    }

    /// Sends until the load is over; connects again whenever the broker comes back.
    pub fn run(mut self) -> History {
        while !self.load.is_over() {
            match Script::try_open(&self.load.broker) {
                Ok(mut broker) => while !self.load.is_over() && self.send_burst(&mut broker).is_ok() {},
                Err(_) => self.load.pause(),
            }
        }
        self.history
    }

    fn send_burst(&mut self, broker: &mut Script) -> io::Result<()> {
        self.burst += 1;
        let mut bytes = Vec::new();
        let mut waiting = HashMap::new();
        for opaque in 0..self.random.i32(1..=BURST_MAX as i32) {
            let (request, sent) = self.next_request();
            bytes.extend(request.opaque(opaque).bytes());
            waiting.insert(opaque, sent);
        }
        broker.try_send(&bytes)?;
        while !waiting.is_empty() {
            let answer = broker.try_read()?;
            let sent = waiting.remove(&answer.opaque).expect("an answer belongs to a request that waits");
            self.note(&sent, &answer);
        }
        if self.sort != Sort::Flood {
            self.load.pause();
        }
        Ok(())
    }

    fn next_request(&mut self) -> (Request, Sent) {
        let topic = self.random.usize(..TOPICS.len());
        let queue = self.random.i32(0..QUEUES);
        let first = self.history.attempts.len();
        let request = match self.sort {
            Sort::Delayed(target) => self.next_delayed(target, topic, queue),
            Sort::Flood | Sort::Plain => self.next_plain(topic, queue),
        };
        let request = if self.random.bool() { request.binary() } else { request };
        (request, Sent { attempts: first..self.history.attempts.len() })
    }

    fn next_plain(&mut self, topic: usize, queue: i32) -> Request {
        match self.random.u8(..100) {
            0..10 => {
                let count = self.random.usize(1..=BATCH_MAX);
                let ids: Vec<_> = (0..count).map(|_| self.attempt(topic, queue, Kind::Plain)).collect();
                batch(&ids, TOPICS[topic], queue)
            }
            10 => single(self.attempt(topic, NO_SUCH_QUEUE, Kind::Plain), TOPICS[topic], NO_SUCH_QUEUE),
            _ => single(self.attempt(topic, queue, Kind::Plain), TOPICS[topic], queue),
        }
    }

    fn next_delayed(&mut self, target: Target, topic: usize, queue: i32) -> Request {
        let delay = delays::choose(&mut self.random, target);
        let id = self.attempt(topic, queue, Kind::Delayed { by_ms: delay.ms() });
        delay.send(id, TOPICS[topic], queue)
    }

    fn attempt(&mut self, topic: usize, queue: i32, kind: Kind) -> MessageId {
        self.sent += 1;
        let id = MessageId::new(self.number, self.sent);
        let (burst, sent_ms) = (self.burst, now_ms());
        self.history.attempts.push(Attempt { id, kind, topic, queue, burst, sent_ms, fate: Fate::Unknown });
        id
    }

    fn note(&mut self, sent: &Sent, answer: &Answer) {
        *self.history.answers.entry(answer.code).or_default() += 1;
        let attempts = &mut self.history.attempts[sent.attempts.clone()];
        let fates = fates(answer, attempts.len());
        for (attempt, fate) in attempts.iter_mut().zip(fates) {
            attempt.fate = fate;
            if attempt.kind == Kind::Plain && attempt.is_acknowledged() {
                assert_eq!(answer.number("queueId"), i64::from(attempt.queue), "{answer:?}");
                self.load.note_acked();
            }
        }
    }
}

/// What an answer says of the `count` messages of its request.
pub fn fates(answer: &Answer, count: usize) -> Vec<Fate> {
    match answer.code {
        SUCCESS => {
            let ids: Vec<_> = answer.field("msgId").split(',').map(physical_offset_of).collect();
            assert_eq!(ids.len(), count, "one id for each message: {answer:?}");
            let first = answer.number("queueOffset");
            let places = ids.into_iter().zip(first..);
            places.map(|(physical_offset, offset)| Fate::Acknowledged { offset, physical_offset }).collect()
        }
        code if REFUSED.contains(&code) => vec![Fate::Refused; count],
        SYSTEM_ERROR if answer.remark.contains("is illegal") => vec![Fate::Refused; count],
        _ => vec![Fate::Unknown; count],
    }
}

/// The last 16 digits of an offset message id.
pub fn physical_offset_of(id: &str) -> i64 {
    i64::from_str_radix(&id[id.len() - 16..], 16).expect("a message id is hexadecimal")
}
