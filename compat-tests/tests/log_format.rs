//! The log is Java's: each server opens the other's `commitlog/` and serves the same queues, offsets and bodies.

use compat_tests::client::{Reader, create_topic, properties, send_batch, send_v2};
use compat_tests::cluster::{Broker, Namesrv, Target};
use compat_tests::record::{Record, records_of_log};
use compat_tests::script::{Script, answers};
use compat_tests::wait_for;
use std::fs;
use std::path::Path;

const TOPICS: [(&str, i32); 3] = [("Plain", 4), ("Batches", 2), ("Odd-%|_Name", 1)];
/// Small, so that the log has several segments.
const SETTINGS: [(&str, &str); 1] = [("mappedFileSizeCommitLog", "4194304")];
const MESSAGES: i64 = 3_000;

#[test]
fn java_serves_the_log_that_skylark_wrote() {
    exchange(Target::asked(), Target::Java);
}

#[test]
fn skylark_serves_the_log_that_java_wrote() {
    exchange(Target::Java, Target::asked());
}

fn exchange(writer: Target, reader: Target) {
    let namesrv = Namesrv::start(Target::asked());
    let mut first = Broker::new(writer, &namesrv.address, &SETTINGS);
    first.start();
    write(&first);
    let written = read(&first);
    first.kill();
    check_against_files(&written, &first.store().join("commitlog"));

    let mut second = Broker::new(reader, &namesrv.address, &SETTINGS);
    take_over(&first.store(), &second.store());
    second.start();
    create_topics(&second);
    assert!(read(&second) == written, "{reader:?} serves other messages than {writer:?} wrote");
    let next = Script::open(&second.address()).send(send_v2("Batches")).expect(answers(0)).number("queueOffset");
    let before = written.iter().filter(|record| record.topic == "Batches" && record.queue_id == 0).count();
    assert_eq!(next, before as i64, "the queue goes on where it ended");
}

fn write(broker: &Broker) {
    create_topics(broker);
    let mut script = Script::open(&broker.address());
    for n in 0..MESSAGES {
        let (topic, queues) = TOPICS[n as usize % TOPICS.len()];
        let (key, queue) = (format!("key{n}"), n as i32 % queues);
        let body = vec![n as u8; (n * 37 % 9000) as usize];
        let text =
            properties(&[("KEYS", &key), ("TAGS", "标签 ü"), ("UNIQ_KEY", &format!("{n:032X}")), ("a b", "\u{3}c=d")]);
        let request = match topic {
            "Batches" => send_batch(topic, &[(&body, &text), (b"second", ""), (b"", "x\u{1}y")]),
            _ => send_v2(topic).body(body).field("i", text).field("h", -n).field("f", n % 2 * 0x301).field("j", n % 3),
        };
        script.send(request.field("e", queue)).expect(answers(0));
    }
}

fn create_topics(broker: &Broker) {
    let mut script = Script::open(&broker.address());
    for (topic, queues) in TOPICS {
        script.send(create_topic(topic, queues, 6)).expect(answers(0));
    }
}

/// Every message, in the order of the log. The last one written shows when Java, which shows late, is done.
fn read(broker: &Broker) -> Vec<Record> {
    let mut reader = Reader::open(&broker.address());
    let mut all = wait_for("all messages are shown", || {
        let all: Vec<_> = TOPICS.iter().flat_map(|(topic, queues)| read_topic(&mut reader, topic, *queues)).collect();
        (all.len() as i64 == MESSAGES / 3 * 5).then_some(all)
    });
    all.sort_by_key(|record| record.physical_offset);
    all
}

fn read_topic(reader: &mut Reader, topic: &str, queues: i32) -> Vec<Record> {
    let mut all = Vec::new();
    for queue in 0..queues {
        let records = reader.drain(topic, queue, 0);
        for (offset, record) in (0..).zip(&records) {
            assert_eq!((record.topic.as_str(), record.queue_id, record.queue_offset), (topic, queue, offset));
        }
        all.extend(records);
    }
    all
}

/// What the broker gives is what lies in its files.
fn check_against_files(served: &[Record], log: &Path) {
    assert!(fs::read_dir(log).expect("list the log").count() > 2, "the log has several segments");
    let mut stored = records_of_log(log);
    stored.retain(|record| TOPICS.iter().any(|(topic, _)| record.topic == *topic));
    assert!(stored == served, "the files hold other messages than were served");
}

/// The log alone; and the mark of an unclean stop, so that Java reads it from the beginning.
fn take_over(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("commitlog")).expect("create a store");
    for entry in fs::read_dir(from.join("commitlog")).expect("list the log") {
        let path = entry.expect("an entry of the log's folder").path();
        let name = path.file_name().expect("a file has a name");
        if name.len() == 20 {
            fs::copy(&path, to.join("commitlog").join(name)).expect("copy a segment");
        }
    }
    fs::write(to.join("abort"), "").expect("mark the stop as unclean");
}
