//! One connection that sends in bursts, and the history of what became of each message.

use super::Load;
use super::message::{MessageId, QUEUES, TOPICS, batch, single};
use crate::frame::{Answer, Request};
use crate::script::Script;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const BURST_MAX: usize = 8;
const BATCH_MAX: usize = 12;
const SUCCESS: i32 = 0;
/// No topic of the load has so many queues: the broker refuses the message.
const NO_SUCH_QUEUE: i32 = 9999;
const SYSTEM_ERROR: i32 = 1;
const REFUSED: [i32; 3] = [13, 16, 17];

/// What the answer said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// Stored: must be found there.
    Acknowledged {
        /// Offset in the queue.
        offset: i64,
        /// Offset in the log, from the message id.
        physical_offset: i64,
    },
    /// Not stored: must not be found.
    Refused,
    /// No answer, or one that leaves it open: may be found.
    Unknown,
}

/// One message that was sent.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// Which.
    pub id: MessageId,
    /// Index into the topics.
    pub topic: usize,
    /// Queue.
    pub queue: i32,
    /// Attempts of a later burst of one producer began after those of an earlier one were answered.
    pub burst: u64,
    /// What became of it.
    pub fate: Fate,
}

/// Everything sent, in order per producer.
#[derive(Default)]
pub struct History {
    /// All attempts.
    pub attempts: Vec<Attempt>,
    /// How many requests were answered with which code.
    pub answers: BTreeMap<i32, u64>,
}

impl History {
    /// How many were acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.attempts.iter().filter(|attempt| matches!(attempt.fate, Fate::Acknowledged { .. })).count()
    }

    /// Both.
    pub fn merge(mut self, other: History) -> History {
        self.attempts.extend(other.attempts);
        for (code, count) in other.answers {
            *self.answers.entry(code).or_default() += count;
        }
        self
    }
}

/// A connection under load.
pub struct Producer {
    number: u64,
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
    pub fn new(number: u64, seed: u64, load: Arc<Load>) -> Producer {
        let random = fastrand::Rng::with_seed(seed);
        Producer { number, sent: 0, burst: 0, random, load, history: History::default() }
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
        Ok(())
    }

    fn next_request(&mut self) -> (Request, Sent) {
        let topic = self.random.usize(..TOPICS.len());
        let queue = self.random.i32(0..QUEUES);
        let first = self.history.attempts.len();
        let request = match self.random.u8(..100) {
            0..10 => {
                let count = self.random.usize(1..=BATCH_MAX);
                let ids: Vec<_> = (0..count).map(|_| self.attempt(topic, queue)).collect();
                batch(&ids, topic, queue)
            }
            10 => single(self.attempt(topic, NO_SUCH_QUEUE), topic, NO_SUCH_QUEUE),
            _ => single(self.attempt(topic, queue), topic, queue),
        };
        let request = if self.random.bool() { request.binary() } else { request };
        (request, Sent { attempts: first..self.history.attempts.len() })
    }

    fn attempt(&mut self, topic: usize, queue: i32) -> MessageId {
        self.sent += 1;
        let id = MessageId::new(self.number, self.sent);
        self.history.attempts.push(Attempt { id, topic, queue, burst: self.burst, fate: Fate::Unknown });
        id
    }

    fn note(&mut self, sent: &Sent, answer: &Answer) {
        *self.history.answers.entry(answer.code).or_default() += 1;
        let attempts = &mut self.history.attempts[sent.attempts.clone()];
        match answer.code {
            SUCCESS => {
                let ids: Vec<_> = answer.field("msgId").split(',').map(physical_offset_of).collect();
                assert_eq!(ids.len(), attempts.len(), "one id for each message: {answer:?}");
                for (n, attempt) in attempts.iter_mut().enumerate() {
                    assert_eq!(answer.number("queueId"), i64::from(attempt.queue), "{answer:?}");
                    let offset = answer.number("queueOffset") + n as i64;
                    attempt.fate = Fate::Acknowledged { offset, physical_offset: ids[n] };
                }
                self.load.acked.fetch_add(ids.len() as u64, Ordering::Relaxed);
            }
            code if REFUSED.contains(&code) => attempts.iter_mut().for_each(|attempt| attempt.fate = Fate::Refused),
            SYSTEM_ERROR if answer.remark.contains("is illegal") => {
                attempts.iter_mut().for_each(|attempt| attempt.fate = Fate::Refused);
            }
            _ => {}
        }
    }
}

/// The last 16 digits of an offset message id.
pub fn physical_offset_of(id: &str) -> i64 {
    i64::from_str_radix(&id[id.len() - 16..], 16).expect("a message id is hexadecimal")
}
