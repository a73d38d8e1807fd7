//! Every question of operators and their tools, asked of the Java reference and of Skylark in the same state: the answers
//! are compared in code, remark, header fields and body, leaf by leaf. Differences are listed with a reason, and a listed
//! one that is not there any more fails, too.

mod body;
mod cases;
mod state;
mod differences;
mod codes;

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use body::{Json, Mask, parse, shape};
use cases::{Case, To};
use compat_tests::cluster::Target;
use compat_tests::frame::Answer;
use compat_tests::script::Script;
use differences::{DIFFERENCES, ONLY_OURS};
use state::Prepared;

#[test]
fn answers_are_javas() {
    let java = thread::spawn(|| answers_of(Target::Java));
    let ours = answers_of(Target::Skylark);
    let java = java.join().expect("the reference answered");
    let mut unexpected = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, javas) in &java {
        for difference in differences_of(javas, &ours[name]) {
            match listed(name, &difference) {
                Some(index) => drop(seen.insert(index)),
                None => unexpected.push(format!("{name} {difference}")),
            }
        }
    }
    let gone = (0..DIFFERENCES.len()).filter(|index| !seen.contains(index)).map(|index| DIFFERENCES[index]);
    let gone: Vec<_> = gone.map(|(case, place, reason)| format!("{case} {place}: {reason}")).collect();
    println!("{} answers compared", java.len());
    assert!(unexpected.is_empty(), "answers differ:\n{}", unexpected.join("\n"));
    assert!(gone.is_empty(), "listed differences that are not there:\n{}", gone.join("\n"));
}

fn answers_of(target: Target) -> BTreeMap<&'static str, BTreeMap<String, String>> {
    let prepared = Prepared::start(target);
    let mut broker = prepared.cluster.broker_script();
    let mut namesrv = prepared.cluster.namesrv_script();
    let mut answers = BTreeMap::new();
    for Case { name, to, request } in cases::all() {
        let server: &mut Script = if to == To::Broker { &mut broker } else { &mut namesrv };
        let answer = server.ask(request);
        assert!(answers.insert(name, leaves(&answer, &prepared.mask)).is_none(), "{name} is asked twice");
    }
    answers
}

/// An answer as one line a leaf.
fn leaves(answer: &Answer, mask: &Mask) -> BTreeMap<String, String> {
    let mut lines = BTreeMap::new();
    lines.insert("code".to_owned(), answer.code.to_string());
    Json::Text(answer.remark.clone()).masked(mask).lines("remark", &mut lines);
    for (name, value) in &answer.fields {
        let value = parse(&format!("{{\"{name}\":{}}}", serde_json::to_string(value).expect("a text")));
        value.masked(mask).lines("field", &mut lines);
    }
    let body = String::from_utf8_lossy(&answer.body);
    if body.lines().next().is_some_and(|line| !line.starts_with('{') && line.contains('=')) {
        for (key, value) in body.lines().filter_map(|line| line.split_once('=')) {
            Json::Text(value.to_owned()).masked(mask).lines(&format!("body/{key}"), &mut lines);
        }
    } else if body.starts_with("{\"table\":{") && body.contains("bootTimestamp") {
        // Figures of this very run: their form is compared.
        parse(&body).masked(mask).lines("body", &mut lines);
        lines.values_mut().for_each(|value| *value = shape(value).replace("# KiB", "# B"));
    } else if !body.is_empty() {
        parse(&body).masked(mask).lines("body", &mut lines);
    }
    lines
}

/// What of two answers is not the same: `place: java -> ours`.
fn differences_of(java: &BTreeMap<String, String>, ours: &BTreeMap<String, String>) -> Vec<String> {
    let places: BTreeSet<_> = java.keys().chain(ours.keys()).collect();
    let differing = places.into_iter().filter(|place| java.get(*place) != ours.get(*place));
    let shown = |value: Option<&String>| value.map_or("-", String::as_str).to_owned();
    differing.map(|place| format!("{place}: {} -> {}", shown(java.get(place)), shown(ours.get(place)))).collect()
}

fn listed(case: &str, difference: &str) -> Option<usize> {
    DIFFERENCES.iter().position(|(cases, place, _)| {
        let covers =
            *cases == "*" || case == *cases || cases.strip_suffix('*').is_some_and(|start| case.starts_with(start));
        let at_place = if *place == ONLY_OURS { difference.contains(place) } else { difference.starts_with(place) };
        covers && at_place
    })
}
