//! Every request code there could be: who serves it, who refuses it, who is silent.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use compat_tests::cluster::{Cluster, Target};
use compat_tests::frame::request;
use compat_tests::script::Script;

/// Above the highest code that any 4.x server knows.
const CODE_MAX: i32 = 400;
const NOT_SUPPORTED: i32 = 3;
/// All that a NameServer answers, but for brokers that come (103) and go (104).
const NAMESRV: [i32; 18] = [100, 101, 102, 105, 106, 205, 206, 216, 219, 224, 304, 311, 312, 313, 318, 319, 322, 327];

/// What Skylark does otherwise than Java 4.9.7: code, Java's way, ours.
const OTHERWISE: [(i32, &str, &str); 3] = [
    // 4.9.8 removed it: it told secrets.
    (54, "silent", "refused"),
    // Consoles of 5.x show no topic without it.
    (351, "refused", "served"),
    // Lite pull consumers of 5.x ask it first.
    (361, "refused", "served"),
];

#[test]
fn codes_are_served_as_by_java() {
    let java = thread::spawn(|| ways_of(Target::Java, &[52, 54]));
    let ours = ways_of(Target::Skylark, &[52]);
    let java = java.join().expect("the reference answered");
    let differing = java.iter().filter(|(code, way)| ours[code] != **way);
    let differing: Vec<_> = differing.map(|(code, way)| (*code, *way, ours[code])).collect();
    assert_eq!(differing, OTHERWISE);
}

/// How the broker treats each code; that the NameServer answers what it should, and nothing else, is looked at on the way.
fn ways_of(target: Target, silent: &[i32]) -> BTreeMap<i32, &'static str> {
    let cluster = Cluster::with(target, &[]);
    let of_broker = answers(&cluster.broker.address(), &|code| !silent.contains(&code));
    let of_namesrv = answers(&cluster.namesrv.address, &|code| NAMESRV.contains(&code));
    assert_eq!(of_namesrv.into_keys().collect::<Vec<_>>(), NAMESRV, "{target:?}");
    let way = |code| match of_broker.get(&code) {
        Some(&NOT_SUPPORTED) => "refused",
        Some(_) => "served",
        None => "silent",
    };
    (0..=CODE_MAX).map(|code| (code, way(code))).collect()
}

/// Asks with every code, without fields, so that nothing is changed by it; returns when all answers are there that should
/// be, and with those that came besides.
fn answers(address: &str, should_be: &dyn Fn(i32) -> bool) -> BTreeMap<i32, i32> {
    let mut script = Script::open(address);
    let codes = (0..=CODE_MAX).filter(|code| ![103, 104].contains(code));
    let mut missing: BTreeSet<i32> = codes.clone().filter(|code| should_be(*code)).collect();
    for code in codes {
        script.send(request(code).opaque(code));
    }
    let mut answers = BTreeMap::new();
    while !missing.is_empty() {
        let answer = script.answer();
        missing.remove(&answer.opaque);
        answers.insert(answer.opaque, answer.code);
    }
    // What nobody waits for would have come by the time that this is answered, and this again.
    for marker in [CODE_MAX + 1, CODE_MAX + 2] {
        script.send(request(105).opaque(marker));
        loop {
            let answer = script.answer();
            if answer.opaque == marker {
                break;
            }
            answers.insert(answer.opaque, answer.code);
        }
    }
    answers
}
