//! How late delayed messages are on an idle broker: figures for those who compare brokers. Nothing is asserted of time but
//! that none is early.
//!
//! ```sh
//! cargo test -p compat-tests --test delay_lateness -- --ignored --nocapture       # COMPAT_TARGET=java for the reference
//! ```

use compat_tests::client::{create_topic, properties, pull, send_v2};
use compat_tests::cluster::{Cluster, Target};
use compat_tests::crash::message::now_ms;
use compat_tests::record::Record;
use compat_tests::script::{Script, answers};
use std::thread;
use std::time::Duration;

const TOPIC: &str = "DelayLateness";
const MESSAGES: usize = 1500;
/// One after the other, so that the broker is idle when each is due.
const BETWEEN: Duration = Duration::from_millis(20);
const LEVELS_MS: [i64; 3] = [1000, 5000, 10_000];
const SUSPEND_AND_SUBSCRIBE: i32 = 2 | 4;

#[test]
#[ignore = "takes a minute and asserts nothing of the figures it prints"]
fn how_late_delayed_messages_are() {
    let target = Target::asked();
    let cluster = Cluster::with(target, &[("messageDelayLevel", "1s 5s 10s")]);
    cluster.broker_script().send(create_topic(TOPIC, 1, 6)).expect(answers(0));
    let reader = thread::spawn({
        let script = cluster.broker_script();
        move || read(script)
    });
    send(cluster.broker_script(), target);
    let mut by_way = reader.join().expect("the reader ends well");
    for (way, lateness) in by_way.iter_mut().enumerate() {
        lateness.sort_unstable();
        let Some(last) = lateness.len().checked_sub(1) else { continue };
        let name = LEVELS_MS.get(way).map_or("any delay".to_owned(), |ms| format!("level {} ({ms} ms)", way + 1));
        let at = |percent: usize| lateness[last * percent / 100];
        println!("{target:?}, {name}: {} messages, late by p50 {} p99 {} max {} ms", last + 1, at(50), at(99), at(100));
        assert!(lateness[0] >= 0, "{name}: early by {} ms", -lateness[0]);
    }
}

/// The body says when it was sent and for how long it waits; the tag, which way.
fn send(mut broker: Script, target: Target) {
    let ways = if target == Target::Skylark { LEVELS_MS.len() + 1 } else { LEVELS_MS.len() };
    for number in 0..MESSAGES {
        let way = number % ways;
        let (name, value, delay_ms) = match LEVELS_MS.get(way) {
            Some(ms) => ("DELAY", way as i64 + 1, *ms),
            None => {
                let ms = fastrand::i64(1..10_000);
                ("TIMER_DELAY_MS", ms, ms)
            }
        };
        let properties = properties(&[(name, &value.to_string())]);
        let body = format!("{way} {}", now_ms() + delay_ms);
        broker.send(send_v2(TOPIC).field("i", properties).body(body)).expect(answers(0));
        thread::sleep(BETWEEN);
    }
}

/// Held pulls until all have come: how late each was, in ms, by way.
fn read(mut broker: Script) -> Vec<Vec<i64>> {
    let mut by_way = vec![Vec::new(); LEVELS_MS.len() + 1];
    let mut next = 0;
    while next < MESSAGES as i64 {
        let request =
            pull(TOPIC, 0, next).field("sysFlag", SUSPEND_AND_SUBSCRIBE).field("suspendTimeoutMillis", 15_000);
        let answer = broker.ask(request);
        let now = now_ms();
        if answer.code != 0 {
            continue;
        }
        for record in Record::all_in(&answer.body) {
            let body = String::from_utf8(record.body).expect("text");
            let (way, due) = body.split_once(' ').expect("two words");
            let late = now - due.parse::<i64>().expect("a time");
            by_way[way.parse::<usize>().expect("a way")].push(late);
            next = record.queue_offset + 1;
        }
    }
    by_way
}
