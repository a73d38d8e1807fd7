//! Tests of the table.

use super::*;

const EVERYTHING: fn(&str, i32) -> (i64, i64) = |_, _| (0, i64::MAX);

fn open(folder: &std::path::Path, bounds: impl Fn(&str, i32) -> (i64, i64)) -> ConsumerOffsets {
    ConsumerOffsets::load(Meta::open(folder).expect("meta opens"), bounds).expect("offsets load").0
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temp folder")
}

#[test]
fn what_was_flushed_is_there_after_a_restart() {
    let folder = folder();
    let offsets = open(folder.path(), EVERYTHING);
    offsets.commit("G", "T", 0, 5).expect("a good commit");
    offsets.commit("G", "T", 1, 6).expect("a good commit");
    assert_eq!(offsets.flush(true).expect("no disk error"), 1);
    offsets.commit("G", "T", 0, 5).expect("a good commit");
    assert_eq!(offsets.flush(true).expect("no disk error"), 0, "nothing new was said");
    offsets.commit("G", "T", 0, 9).expect("a good commit");
    drop(offsets);
    let offsets = open(folder.path(), EVERYTHING);
    assert_eq!(offsets.of_topic("G", "T"), QueueOffsets::from([(0, 5), (1, 6)]));
}

#[test]
fn offsets_are_brought_into_their_queue_at_the_start() {
    let folder = folder();
    let offsets = open(folder.path(), EVERYTHING);
    for (queue_id, offset) in [(0, 1), (1, 50), (2, 500)] {
        offsets.commit("G", "T", queue_id, offset).expect("a good commit");
    }
    offsets.flush(true).expect("no disk error");
    drop(offsets);
    let meta = Meta::open(folder.path()).expect("meta opens");
    let (offsets, moved) = ConsumerOffsets::load(meta, |_, _| (10, 100)).expect("offsets load");
    assert_eq!(moved, 2);
    assert_eq!(offsets.of_topic("G", "T"), QueueOffsets::from([(0, 10), (1, 50), (2, 100)]));
    assert_eq!(offsets.flush(true).expect("no disk error"), 1, "the moved ones are written");
}

#[test]
fn commits_that_cannot_be_meant_are_refused() {
    let folder = folder();
    let offsets = open(folder.path(), EVERYTHING);
    assert_eq!(offsets.commit("G", "../e", 0, 1), Err(BadCommit::Name));
    assert_eq!(offsets.commit("G@x", "T", 0, 1), Err(BadCommit::Name));
    assert_eq!(offsets.commit("G", "T", -7, 1), Err(BadCommit::QueueId(-7)));
    assert_eq!(offsets.commit("G", "T", 0, -9), Err(BadCommit::Offset(-9)));
    assert!(offsets.snapshot().is_empty());
}

#[test]
fn groups_and_topics_find_each_other() {
    let folder = folder();
    let offsets = open(folder.path(), EVERYTHING);
    offsets.commit("G", "T", 0, 5).expect("a good commit");
    offsets.commit("H", "T", 0, 6).expect("a good commit");
    offsets.commit("G", "U", 0, 7).expect("a good commit");
    assert_eq!(offsets.topics_of("G"), ["T", "U"]);
    assert_eq!(offsets.groups_of("T"), BTreeSet::from(["G".to_owned(), "H".to_owned()]));
    offsets.copy("G", "H", "U");
    assert_eq!(offsets.get("H", "U", 0), Some(7));
    offsets.flush(true).expect("no disk error");
    offsets.remove_group("G").expect("no disk error");
    assert_eq!(offsets.get("G", "T", 0), None);
    assert_eq!(offsets.groups_of("T"), BTreeSet::from(["H".to_owned()]));
    offsets.remove_topic("T").expect("no disk error");
    assert_eq!((offsets.groups_of("T"), offsets.topics_of("H")), (BTreeSet::new(), vec!["U".to_owned()]));
    drop(offsets);
    let offsets = open(folder.path(), EVERYTHING);
    assert_eq!((offsets.topics_of("G"), offsets.topics_of("H")), (vec![], vec!["U".to_owned()]));
}

/// Random lives of the table against two maps: what is known, and what a crash leaves of it.
#[test]
fn a_table_is_what_a_model_of_maps_is() {
    const GROUPS: [&str; 3] = ["G", "H", "I"];
    const TOPICS: [&str; 2] = ["T", "U"];
    for seed in 0..20 {
        let mut chance = fastrand::Rng::with_seed(seed);
        let folder = folder();
        let mut offsets = open(folder.path(), EVERYTHING);
        let mut known = BTreeMap::<String, QueueOffsets>::new();
        let mut lasting = known.clone();
        for step in 0..100 {
            let (group, other) = (GROUPS[chance.usize(..3)], GROUPS[chance.usize(..3)]);
            let topic = TOPICS[chance.usize(..2)];
            match chance.u8(..12) {
                0..6 => {
                    let (queue_id, offset) = (chance.i32(0..4), chance.i64(0..1000));
                    offsets.commit(group, topic, queue_id, offset).expect("a good commit");
                    known.entry(format!("{topic}@{group}")).or_default().insert(queue_id, offset);
                }
                6 => {
                    offsets.copy(group, other, topic);
                    let copied = known.get(&format!("{topic}@{group}")).cloned();
                    if let Some(copied) = copied {
                        known.entry(format!("{topic}@{other}")).or_default().extend(copied);
                    }
                }
                7 => {
                    offsets.remove_group(group).expect("no disk error");
                    [&mut known, &mut lasting]
                        .into_iter()
                        .for_each(|map| map.retain(|row, _| !row.ends_with(&format!("@{group}"))));
                }
                8 => {
                    offsets.remove_topic(topic).expect("no disk error");
                    [&mut known, &mut lasting]
                        .into_iter()
                        .for_each(|map| map.retain(|row, _| !row.starts_with(&format!("{topic}@"))));
                }
                9 => {
                    offsets.flush(true).expect("no disk error");
                    lasting = known.clone();
                }
                _ => {
                    // A crash, after which the queues begin and end somewhere else.
                    drop(offsets);
                    let (min, max) = (chance.i64(0..300), chance.i64(700..1000));
                    offsets = open(folder.path(), |_, _| (min, max));
                    known = lasting.clone();
                    known.values_mut().flat_map(BTreeMap::values_mut).for_each(|at| *at = (*at).clamp(min, max));
                }
            }
            assert_eq!(offsets.snapshot(), known, "seed {seed}, step {step}");
        }
    }
}
