//! kill -9 while a stock Java producer sends beside the raw ones: what `SEND_OK` said is found.

use compat_tests::client::{Reader, create_topic};
use compat_tests::cluster::Cluster;
use compat_tests::crash::producer::physical_offset_of;
use compat_tests::crash::{Companion, Plan, check, run};
use compat_tests::java;
use compat_tests::record::Record;
use compat_tests::script::answers;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::process::{Child, Stdio};
use tempfile::TempDir;

const CLIENT: &str = "4.9.8";
const TOPIC: &str = "CrashJava";
const QUEUES: i32 = 4;

/// The Java process; it ends when its standard input closes.
struct JavaProducer {
    child: Child,
    folder: TempDir,
}

impl JavaProducer {
    fn start(cluster: &Cluster) -> JavaProducer {
        cluster.broker_script().send(create_topic(TOPIC, QUEUES, 6)).expect(answers(0));
        let folder = TempDir::new().expect("create a temp folder");
        let lines = File::create(folder.path().join("lines")).expect("create a file");
        let mut command = java::program(CLIENT, "skylark.harness.AckedProducer");
        command.args([&cluster.namesrv.address, TOPIC]).stdin(Stdio::piped()).stdout(lines).stderr(Stdio::null());
        JavaProducer { child: command.spawn().expect("start java"), folder }
    }

    /// Closes its input, waits for its end, returns its lines.
    fn finish(&mut self) -> String {
        drop(self.child.stdin.take());
        let status = self.child.wait().expect("wait for java");
        assert!(status.success(), "the Java producer ended with {status}");
        std::fs::read_to_string(self.folder.path().join("lines")).expect("read the producer's lines")
    }
}

impl Companion for JavaProducer {
    fn progress(&self) -> u64 {
        let lines = std::fs::read_to_string(self.folder.path().join("lines")).unwrap_or_default();
        lines.lines().filter(|line| line.starts_with("OK ")).count() as u64
    }
}

impl Drop for JavaProducer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_send_ok_said_is_found() {
    let (outcome, mut producer) = run(&Plan::asked("ASYNC_FLUSH"), JavaProducer::start);
    let lines = producer.finish();
    let outcome = check(outcome);
    let acknowledged = lines.lines().filter(|line| line.starts_with("OK ")).count();
    println!("{acknowledged} of {} acknowledged to the stock producer", lines.lines().count());
    assert!(acknowledged > 20, "the stock producer sent through the kills");
    check_lines(&lines, &read(&outcome.cluster));
}

/// By key; each key is there once, in a dense queue.
fn read(cluster: &Cluster) -> HashMap<String, Record> {
    let mut reader = Reader::open(&cluster.broker.address());
    let mut by_key = HashMap::new();
    for queue in 0..QUEUES {
        for (offset, record) in (0..).zip(reader.drain(TOPIC, queue, 0)) {
            assert_eq!(record.queue_offset, offset, "queue {queue} is dense");
            let key = record.property("KEYS").expect("the producer sets keys").to_owned();
            let twice = by_key.insert(key, record);
            assert_eq!(twice, None, "a message that was sent once");
        }
    }
    by_key
}

fn check_lines(lines: &str, stored: &HashMap<String, Record>) {
    let mut sent = HashSet::new();
    for line in lines.lines() {
        let words: Vec<_> = line.split(' ').collect();
        sent.insert(words[1]);
        let [_, key, queue, offset, id] = words[..] else { continue };
        let record = stored.get(key).unwrap_or_else(|| panic!("lost: {line}"));
        let place = (record.queue_id.to_string(), record.queue_offset.to_string(), record.physical_offset);
        assert_eq!(place, (queue.to_owned(), offset.to_owned(), physical_offset_of(id)), "{line}");
    }
    for (key, record) in stored {
        assert!(sent.contains(key.as_str()), "{key} was never sent");
        let repeated = key.len() * (record.body.len() / key.len()) == record.body.len();
        assert!(repeated && record.body.chunks(key.len()).all(|part| part == key.as_bytes()), "body of {key}");
    }
}
