//! A reader that follows all queues while the broker dies and comes back, and remembers what it saw where.

use super::Load;
use super::message::{QUEUES, TOPICS, now_ms};
use crate::client::{Reader, pull};
use crate::record::Record;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::sync::Arc;

const SUCCESS: i32 = 0;

/// What was seen at an offset.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sight {
    /// The message's KEYS.
    pub key: String,
    /// Where in the log.
    pub physical_offset: i64,
    /// When it was seen first, in ms since 1970.
    pub seen_ms: i64,
}

/// By topic, queue and offset.
pub type Seen = HashMap<(usize, i32, i64), Sight>;

/// The reader.
pub struct Tailer {
    load: Arc<Load>,
    next: HashMap<(usize, i32), i64>,
    seen: Seen,
}

impl Tailer {
    /// Begins at the first message of every queue.
    pub fn new(load: Arc<Load>) -> Tailer {
        Tailer { load, next: HashMap::new(), seen: Seen::new() }
    }

    /// Reads until the load is over.
    pub fn run(mut self) -> Seen {
        while !self.load.is_over() {
            self.load.pause();
            if let Ok(script) = crate::script::Script::try_open(&self.load.broker) {
                let mut reader = Reader::over(script);
                while !self.load.is_over() && self.read_all_queues(&mut reader).is_ok() {}
            }
        }
        self.seen
    }

    fn read_all_queues(&mut self, reader: &mut Reader) -> io::Result<()> {
        for topic in 0..TOPICS.len() {
            for queue in 0..QUEUES {
                self.read_queue(reader, topic, queue)?;
            }
        }
        Ok(())
    }

    fn read_queue(&mut self, reader: &mut Reader, topic: usize, queue: i32) -> io::Result<()> {
        let next = self.next.entry((topic, queue)).or_default();
        let answer = reader.try_ask(pull(TOPICS[topic], queue, *next))?;
        if answer.code != SUCCESS {
            return Ok(());
        }
        let seen_ms = now_ms();
        for record in Record::all_in(&answer.body) {
            let key = record.property("KEYS").unwrap_or_default().to_owned();
            let sight = Sight { key, physical_offset: record.physical_offset, seen_ms };
            match self.seen.entry((topic, queue, record.queue_offset)) {
                Entry::Vacant(vacant) => drop(vacant.insert(sight)),
                Entry::Occupied(before) => assert_eq!(
                    (&before.get().key, before.get().physical_offset),
                    (&sight.key, sight.physical_offset),
                    "A2: another message at {before:?}"
                ),
            }
            *next = record.queue_offset + 1;
        }
        Ok(())
    }
}
