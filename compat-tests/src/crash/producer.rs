//! One connection that sends in bursts, and notes what became of each message.

use super::Load;
use super::delays;
use super::history::{Attempt, Cancel, Fate, History, Kind};
use super::message::{MessageId, QUEUES, TOPICS, batch, now_ms, single};
use crate::cluster::Target;
use crate::frame::{Answer, Request};
use crate::script::Script;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;

const BURST_MAX: usize = 8;
const BATCH_MAX: usize = 12;
/// One of so many delayed messages is cancelled.
const CANCELLED_OF: u64 = 8;
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
    /// Delayed messages, as far as the target knows them, and cancellations of some; with pauses.
    Delayed,
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
    /// Delayed messages to be cancelled, and their topics.
    to_cancel: Vec<(MessageId, usize)>,
}

/// One request of a burst.
enum Sent {
    /// Its messages lie there in the history.
    Messages(std::ops::Range<usize>),
    /// It cancels this message.
    Cancel(MessageId),
}

impl Producer {
    /// The producer with this number.
    pub fn new(number: u64, sort: Sort, seed: u64, load: Arc<Load>) -> Producer {
        let random = fastrand::Rng::with_seed(seed);
        Producer { number, sort, sent: 0, burst: 0, random, load, history: History::default(), to_cancel: Vec::new() }
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
        if let Some((id, topic)) = self.to_cancel.pop() {
            self.history.cancels.insert(id, Cancel::Unknown);
            return (delays::cancel(id, TOPICS[topic]), Sent::Cancel(id));
        }
        let topic = self.random.usize(..TOPICS.len());
        let queue = self.random.i32(0..QUEUES);
        let first = self.history.attempts.len();
        let request = match self.sort {
            Sort::Delayed => self.next_delayed(topic, queue),
            Sort::Flood | Sort::Plain => self.next_plain(topic, queue),
        };
        let request = if self.random.bool() { request.binary() } else { request };
        (request, Sent::Messages(first..self.history.attempts.len()))
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

    fn next_delayed(&mut self, topic: usize, queue: i32) -> Request {
        let delay = delays::choose(&mut self.random, self.load.target);
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
        let attempts = match sent {
            Sent::Messages(attempts) => attempts.clone(),
            Sent::Cancel(id) => {
                let cancel = match answer.code {
                    SUCCESS => Cancel::Done,
                    SYSTEM_ERROR => Cancel::TooLate,
                    _ => Cancel::Unknown,
                };
                self.history.cancels.insert(*id, cancel);
                return;
            }
        };
        let attempts = &mut self.history.attempts[attempts];
        let fates = fates(answer, attempts.len());
        for (attempt, fate) in attempts.iter_mut().zip(fates) {
            attempt.fate = fate;
            if !attempt.is_acknowledged() {
                continue;
            }
            if attempt.kind == Kind::Plain {
                assert_eq!(answer.number("queueId"), i64::from(attempt.queue), "{answer:?}");
                self.load.note_acked();
            } else if self.load.target == Target::Skylark && attempt.id.choice("cancelled", CANCELLED_OF) == 0 {
                self.to_cancel.push((attempt.id, attempt.topic));
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
