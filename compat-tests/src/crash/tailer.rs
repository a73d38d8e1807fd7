//! A reader that follows all queues while the broker dies and comes back, and remembers what it saw where.

use super::Load;
use super::message::{QUEUES, TOPICS};
use crate::client::{Reader, pull};
use crate::record::Record;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;

const SUCCESS: i32 = 0;

/// What was seen at an offset: the key, and where in the log.
pub type Sight = (String, i64);
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
        for record in Record::all_in(&answer.body) {
            let sight = (record.property("KEYS").unwrap_or_default().to_owned(), record.physical_offset);
            let before = self.seen.insert((topic, queue, record.queue_offset), sight.clone());
            assert!(before.as_ref().is_none_or(|before| *before == sight), "{before:?} became {sight:?}");
            *next = record.queue_offset + 1;
        }
        Ok(())
    }
}
