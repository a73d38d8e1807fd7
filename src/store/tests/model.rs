//! Random lives of a store, compared with plain maps.

use std::collections::{BTreeMap, BTreeSet};

use skylark_protocol::message::sys_flag;

use super::waiting::{ANY, EVER};
use super::*;

const STEPS: usize = 100;
/// Where delivered and committed messages go.
const DELIVERED: &str = "delivered";
const COMMITTED: &str = "committed";

/// Where each message of a queue lies, and its body.
type Messages = Vec<(i64, Vec<u8>)>;

/// What the store must show.
#[derive(Default)]
struct Model {
    /// By topic and number.
    queues: BTreeMap<(String, i32), Messages>,
    /// Messages that wait, by what their bodies begin with, and when they are due.
    delayed: BTreeMap<String, i64>,
    /// Messages without an outcome.
    halves: BTreeSet<String>,
}

struct Life {
    seed: u64,
    chance: fastrand::Rng,
    bench: Bench,
    store: Arc<Store>,
    model: Model,
    named: u32,
}

impl Model {
    fn put(&mut self, topic: &str, queue_id: i32, put: &Put, body: Vec<u8>) {
        let queue = self.queues.entry((topic.to_owned(), queue_id)).or_default();
        assert_eq!(put.queue_offset, queue.len() as i64, "{topic} {queue_id}");
        queue.push((put.physical_offset, body));
    }
}

impl Life {
    fn new(seed: u64) -> Life {
        let mut chance = fastrand::Rng::with_seed(seed);
        let bench = Bench::new(if chance.bool() { FlushMode::Sync } else { FlushMode::Async });
        let (store, _) = bench.open();
        Life { seed, chance, bench, store, model: Model::default(), named: 0 }
    }

    fn live(mut self) {
        for _ in 0..STEPS {
            self = self.step();
            self.check_one_queue();
            self.check_waiting();
        }
        for ((topic, queue_id), messages) in &self.model.queues {
            let bounds = self.bounds(messages);
            let seen: Vec<_> = drain(&self.store, topic, *queue_id).into_iter().map(|seen| seen.body).collect();
            let expected: Vec<_> = messages[bounds.min as usize..].iter().map(|(_, body)| body.clone()).collect();
            assert_eq!(seen, expected, "seed {}, {topic} {queue_id}", self.seed);
        }
    }

    fn step(mut self) -> Life {
        match self.chance.u32(..32) {
            0 => seal(&self.store),
            1 => self.store.flush().unwrap(),
            2 => return self.reopen(|life| life.store.close().unwrap(), |_| {}),
            3 => return self.reopen(|_| {}, |_| {}),
            4 if self.bench.flush == FlushMode::Sync => {
                return self.reopen(|_| {}, |life| life.bench.disk.cut_power(&mut life.chance));
            }
            5 => return self.reopen(|_| {}, |life| life.bench.lose_index()),
            6 => self.delete_topic(),
            7..10 => {
                let most = self.chance.usize(1..4);
                self.bench.expire(&self.store, most);
            }
            10 => self.store.index.compact_runs(),
            11..14 => self.put_batch(),
            14..16 => self.delay(),
            16..18 => self.tick(),
            18..20 => self.put_half(),
            20..22 => self.end_transaction(),
            _ => self.put_one(),
        }
        self
    }

    /// Ends the store's life and begins the next, with something done before and in between.
    fn reopen(self, before: impl FnOnce(&mut Life), between: impl FnOnce(&mut Ended)) -> Life {
        let mut life = self;
        before(&mut life);
        let Life { seed, chance, bench, store, model, named } = life;
        crash(store);
        let mut ended = Ended { chance, bench };
        between(&mut ended);
        let Ended { chance, bench } = ended;
        let (store, _) = bench.open();
        Life { seed, chance, bench, store, model, named }
    }

    fn place(&mut self) -> (String, i32) {
        (["a", "b", "%RETRY%c"][self.chance.usize(..3)].to_owned(), self.chance.i32(..3))
    }

    fn body(&mut self, bytes_max: usize) -> Vec<u8> {
        vec![self.chance.u8(..); self.chance.usize(..bytes_max)]
    }

    /// A body that begins like no other.
    fn name(&mut self) -> Vec<u8> {
        self.named += 1;
        format!("{} {}", self.named, "x".repeat(self.chance.usize(..3000))).into_bytes()
    }

    fn put(&self, message: NewMessage) -> Put {
        self.bench.runtime.block_on(self.store.put(message)).unwrap()
    }

    fn put_one(&mut self) {
        let ((topic, queue_id), body) = (self.place(), self.body(9000));
        let put = self.put(message(&topic, queue_id, &body, ""));
        self.model.put(&topic, queue_id, &put, body);
    }

    fn put_batch(&mut self) {
        let (topic, queue_id) = self.place();
        let bodies: Vec<_> = (0..self.chance.usize(1..8)).map(|_| self.body(3000)).collect();
        let batch = bodies.iter().map(|body| message(&topic, queue_id, body, "")).collect();
        let puts = self.bench.runtime.block_on(self.store.put_batch(batch)).unwrap();
        puts.iter().zip(bodies).for_each(|(put, body)| self.model.put(&topic, queue_id, put, body));
    }

    fn delete_topic(&mut self) {
        let (topic, _) = self.place();
        self.bench.runtime.block_on(self.store.delete_topic(&topic)).unwrap();
        self.model.queues.retain(|(name, _), _| *name != topic);
    }

    fn delay(&mut self) {
        let (body, due) = (self.name(), self.chance.i64(1..100));
        self.put(message(TIMER_TOPIC, 0, &body, &format!("{DUE_PROPERTY}\u{1}{due}")));
        self.model.delayed.insert(name_of(&body), due);
    }

    /// Delivers what is due by now.
    fn tick(&mut self) {
        let now = self.chance.i64(0..100);
        for due in self.store.due(ANY, now, 999).unwrap() {
            let (_, body) = self.waiting_at(due.physical_offset);
            assert_eq!(self.model.delayed.remove(&name_of(&body)), Some(due.due), "seed {}", self.seed);
            let delivery = message(DELIVERED, 0, &body, &format!("{DUE_PROPERTY}\u{1}{}", due.due));
            let put = self.put(NewMessage { prepared_transaction_offset: due.physical_offset, ..delivery });
            self.model.put(DELIVERED, 0, &put, body);
        }
        assert!(self.model.delayed.values().all(|due| *due > now), "seed {}: nothing is late", self.seed);
    }

    fn put_half(&mut self) {
        let body = self.name();
        self.put(message(HALF_TOPIC, 0, &body, ""));
        self.model.halves.insert(name_of(&body));
    }

    /// Commits or rolls back one of the messages without an outcome.
    fn end_transaction(&mut self) {
        let undecided = self.store.undecided(0, 999).unwrap();
        let Some(half) = self.chance.choice(undecided) else { return };
        let (queue_offset, body) = self.waiting_at(half);
        assert!(self.model.halves.remove(&name_of(&body)), "seed {}: decided before", self.seed);
        if self.chance.bool() {
            let rollback = message(OP_TOPIC, 0, queue_offset.to_string().as_bytes(), "");
            self.put(NewMessage { prepared_transaction_offset: half, ..rollback });
            return;
        }
        let (commit, sys_flag) = (message(COMMITTED, 0, &body, ""), sys_flag::TRANSACTION_COMMIT);
        let put = self.put(NewMessage { prepared_transaction_offset: half, sys_flag, ..commit });
        self.model.put(COMMITTED, 0, &put, body);
    }

    /// The queue offset and the body of a message that waits.
    fn waiting_at(&self, physical_offset: i64) -> (i64, Vec<u8>) {
        let bytes = self.store.message_at(physical_offset).unwrap().expect("what waits is there");
        let record = RecordView::parse(&bytes).unwrap();
        (record.queue_offset(), record.body().to_vec())
    }

    fn bounds(&self, messages: &[(i64, Vec<u8>)]) -> QueueBounds {
        let log_start = self.store.log_bounds().0;
        let min = messages.partition_point(|(physical_offset, _)| *physical_offset < log_start) as i64;
        QueueBounds { min, max: messages.len() as i64 }
    }

    fn check_one_queue(&mut self) {
        let count = self.model.queues.len().max(1);
        let Some(((topic, queue_id), messages)) = self.model.queues.iter().nth(self.chance.usize(..count)) else {
            return;
        };
        let (seed, expected) = (self.seed, self.bounds(messages));
        assert_eq!(self.store.queue_bounds(topic, *queue_id).unwrap(), expected, "seed {seed}, {topic} {queue_id}");
        if expected.min == expected.max {
            return;
        }
        let from = self.chance.i64(expected.min..expected.max);
        let got = self.store.get(topic, *queue_id, from, &limits(), &mut |_| true).unwrap();
        let seen = records(&got.body);
        assert!(!seen.is_empty(), "seed {seed}");
        for (seen, (_, body)) in seen.iter().zip(&messages[from as usize..]) {
            assert_eq!(seen.body, *body, "seed {seed}, {topic} {queue_id} from {from}");
        }
    }

    fn check_waiting(&self) {
        let waiting = self.store.due(ANY, EVER, 999).unwrap();
        let name_at = |physical_offset| name_of(&self.waiting_at(physical_offset).1);
        let waiting: BTreeMap<_, _> = waiting.iter().map(|due| (name_at(due.physical_offset), due.due)).collect();
        assert_eq!(waiting, self.model.delayed, "seed {}", self.seed);
        let undecided = self.store.undecided(0, 999).unwrap();
        let undecided: BTreeSet<_> = undecided.iter().map(|half| name_at(*half)).collect();
        assert_eq!(undecided, self.model.halves, "seed {}", self.seed);
    }
}

/// What no other body that waits begins with.
fn name_of(body: &[u8]) -> String {
    String::from_utf8_lossy(body.split(|byte| *byte == b' ').next().unwrap()).into_owned()
}

/// What outlives a store.
struct Ended {
    chance: fastrand::Rng,
    bench: Bench,
}

#[test]
fn a_store_is_what_a_model_of_maps_is() {
    let first = std::env::var("SKYLARK_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = first.map_or(0..24, |seed: u64| seed..seed + 1);
    seeds.for_each(|seed| Life::new(seed).live());
}
