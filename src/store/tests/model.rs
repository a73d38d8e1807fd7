//! Random lives of a store, compared with plain maps.

use std::collections::BTreeMap;

use super::*;

/// What the store must show: bodies by topic and queue.
type Model = BTreeMap<(String, i32), Vec<Vec<u8>>>;

fn live(seed: u64) {
    let mut chance = fastrand::Rng::with_seed(seed);
    let bench = Bench::new(if chance.bool() { FlushMode::Sync } else { FlushMode::Async });
    let mut model = Model::new();
    let (mut store, _) = bench.open();
    for _ in 0..60 {
        let topic = ["a", "b", "%RETRY%c"][chance.usize(..3)].to_owned();
        let queue_id = chance.i32(..3);
        match chance.u32(..20) {
            0 => seal(&store),
            1 => store.flush().unwrap(),
            2 => {
                store.close().unwrap();
                crash(store);
                store = bench.open().0;
            }
            3 => {
                crash(store);
                store = bench.open().0;
            }
            4 if bench.flush == FlushMode::Sync => {
                crash(store);
                bench.disk.cut_power(&mut chance);
                store = bench.open().0;
            }
            5 => {
                crash(store);
                std::fs::remove_dir_all(bench.folder.path().join("index")).unwrap();
                store = bench.open().0;
            }
            6 => {
                bench.runtime.block_on(store.delete_topic(&topic)).unwrap();
                model.retain(|(name, _), _| *name != topic);
            }
            7..10 => {
                let bodies: Vec<Vec<u8>> =
                    (0..chance.usize(1..8)).map(|_| vec![chance.u8(..); chance.usize(..3000)]).collect();
                let batch = bodies.iter().map(|body| message(&topic, queue_id, body, "")).collect();
                bench.runtime.block_on(store.put_batch(batch)).unwrap();
                model.entry((topic, queue_id)).or_default().extend(bodies);
            }
            _ => {
                let body = vec![chance.u8(..); chance.usize(..9000)];
                bench.put(&store, &topic, queue_id, &body).unwrap();
                model.entry((topic, queue_id)).or_default().push(body);
            }
        }
        check_one_queue(&store, &model, &mut chance, seed);
    }
    for ((topic, queue_id), bodies) in &model {
        let seen: Vec<_> = drain(&store, topic, *queue_id).into_iter().map(|seen| seen.body).collect();
        assert_eq!(seen, *bodies, "seed {seed}, {topic} {queue_id}");
    }
}

fn check_one_queue(store: &Store, model: &Model, chance: &mut fastrand::Rng, seed: u64) {
    let Some(((topic, queue_id), bodies)) = model.iter().nth(chance.usize(..model.len().max(1))) else { return };
    let bounds = store.queue_bounds(topic, *queue_id).unwrap();
    assert_eq!(bounds, QueueBounds { min: 0, max: bodies.len() as i64 }, "seed {seed}, {topic} {queue_id}");
    let from = chance.usize(..bodies.len());
    let got = store.get(topic, *queue_id, from as i64, &limits(), &mut |_| true).unwrap();
    let seen = records(&got.body);
    assert!(!seen.is_empty(), "seed {seed}");
    for (seen, body) in seen.iter().zip(&bodies[from..]) {
        assert_eq!(seen.body, *body, "seed {seed}, {topic} {queue_id} from {from}");
    }
}

#[test]
fn a_store_is_what_a_model_of_maps_is() {
    let first = std::env::var("SKYLARK_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = first.map_or(0..12, |seed: u64| seed..seed + 1);
    seeds.for_each(live);
}
