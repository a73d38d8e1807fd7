//! What does not follow from the log survives a restart too: topics, groups, offsets; and starting, stopping, refusing to start.

use compat_tests::client::{Reader, code, create_topic, send_v2};
use compat_tests::cluster::{Cluster, Target, skylark_program};
use compat_tests::frame::{Request, request};
use compat_tests::script::{Script, answers};
use compat_tests::server::{Server, free_port};
use compat_tests::wait_for;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use tempfile::TempDir;

fn commit(offset: i64) -> Request {
    let fields = request(code::UPDATE_CONSUMER_OFFSET).field("consumerGroup", "G").field("topic", "Kept");
    fields.field("queueId", 2).field("commitOffset", offset)
}

fn committed() -> Request {
    request(code::QUERY_CONSUMER_OFFSET).field("consumerGroup", "G").field("topic", "Kept").field("queueId", 2)
}

#[test]
fn topics_and_offsets_survive_an_orderly_stop() {
    let mut cluster = Cluster::start();
    let mut broker = cluster.broker_script();
    broker.send(create_topic("Kept", 3, 6)).expect(answers(0));
    for _ in 0..5 {
        broker.send(send_v2("Kept").field("e", 2)).expect(answers(0));
    }
    broker.send(commit(4)).expect(answers(0));
    drop(broker);
    let status = cluster.broker.stop();
    // The JVM ends with the number of the signal.
    assert!(status.success() || cluster.target == Target::Java, "{status}");
    cluster.broker.restart();

    let mut broker = cluster.broker_script();
    broker.send(committed()).expect(answers(0).field("offset", 4));
    broker.send(send_v2("Kept").field("e", 2)).expect(answers(0).field("queueOffset", 5));
    broker.send(send_v2("Kept").field("e", 3)).expect(answers(1).remark_has("request queueId[3] is illegal"));
}

#[test]
fn topics_survive_a_kill() {
    let mut cluster = Cluster::start();
    let mut broker = cluster.broker_script();
    broker.send(create_topic("Made", 3, 6)).expect(answers(0));
    broker.send(send_v2("ByFirstSend")).expect(answers(0));
    drop(broker);
    cluster.broker.kill();
    cluster.broker.restart();
    let mut broker = cluster.broker_script();
    broker.send(send_v2("Made").field("e", 2).field("c", "NoTemplate")).expect(answers(0).field("queueOffset", 0));
    broker.send(send_v2("ByFirstSend").field("c", "NoTemplate")).expect(answers(0).field("queueOffset", 1));
}

#[test]
fn committed_offsets_are_brought_into_their_queue() {
    let mut cluster = Cluster::start();
    if cluster.target == Target::Java {
        return; // Skylark is better on purpose: Java keeps an offset beyond the end.
    }
    let mut broker = cluster.broker_script();
    broker.send(create_topic("Kept", 3, 6)).expect(answers(0));
    broker.send(send_v2("Kept").field("e", 2)).expect(answers(0));
    broker.ask(commit(1_000));
    drop(broker);
    cluster.broker.stop();
    cluster.broker.restart();
    let offset = cluster.broker_script().ask(committed());
    assert!(offset.code != 0 || offset.number("offset") <= 1, "{offset:?}");
}

/// One process with a NameServer and a broker, as without arguments, but on free ports.
fn start_both(folder: &TempDir, program: &std::path::Path, more: &[&str]) -> (Server, String, String) {
    let (namesrv, broker) = (free_port(&[0]), free_port(&[-2, 0, 1]));
    let mut command = Command::new(program);
    command.current_dir(folder.path()).arg(format!("--namesrv.listenPort={namesrv}"));
    command.args([format!("--listenPort={broker}"), format!("--haListenPort={}", broker + 1)]);
    command.arg("--brokerIP1=127.0.0.1").args(more);
    let server = Server::start("skylark", &mut command, &folder.path().join("log"));
    (server, format!("127.0.0.1:{namesrv}"), format!("127.0.0.1:{broker}"))
}

#[test]
fn one_process_is_namesrv_and_broker() {
    let folder = TempDir::new().expect("create a temp folder");
    let (mut server, namesrv, broker) = start_both(&folder, &skylark_program(), &["--noSuchKey=1"]);
    server.wait_ready(|| Script::try_open(&broker).is_ok()).expect("it starts");
    Script::open(&broker).send(send_v2("Both")).expect(answers(0));
    wait_for("the NameServer knows the topic", || {
        let route = Script::open(&namesrv).ask(request(code::ROUTE).field("topic", "Both"));
        (route.code == 0).then_some(())
    });
    assert!(folder.path().join("store/commitlog").is_dir(), "it stores under ./store");
    assert!(server.stop().success());
    let log = server.log();
    assert!(log.contains("noSuchKey"), "an unknown key is named:\n{log}");
}

#[test]
fn it_answers_to_the_names_of_java() {
    let folder = TempDir::new().expect("create a temp folder");
    let port = free_port(&[0]);
    let program = folder.path().join("mqnamesrv");
    symlink(skylark_program(), &program).expect("make a link");
    let mut command = Command::new(&program);
    command.current_dir(folder.path()).env("ROCKETMQ_LISTENPORT", port.to_string());
    let mut server = Server::start("mqnamesrv", &mut command, &folder.path().join("log"));
    let address = format!("127.0.0.1:{port}");
    server.wait_ready(|| Script::try_open(&address).is_ok()).expect("it starts");
    Script::open(&address).expect_usable();
    assert!(server.stop().success());
}

#[test]
fn a_malformed_value_stops_the_start() {
    let folder = TempDir::new().expect("create a temp folder");
    let file = folder.path().join("broker.conf");
    fs::write(&file, "brokerName=x\n# a comment\nlistenPort=many\n").expect("write a file");
    let output = Command::new(skylark_program()).args(["broker", "-c"]).arg(&file).output().expect("run skylark");
    let text = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success());
    assert!(text.contains("broker.conf:3") && text.contains("listenPort"), "file, line and key are named:\n{text}");
}

#[test]
fn a_second_broker_does_not_open_a_store_in_use() {
    let folder = TempDir::new().expect("create a temp folder");
    let (mut first, _, broker) = start_both(&folder, &skylark_program(), &[]);
    first.wait_ready(|| Script::try_open(&broker).is_ok()).expect("it starts");
    let (mut second, _, _) = start_both(&folder, &skylark_program(), &[]);
    let status = wait_for("the second ends", || second.exited());
    assert!(!status.success());
    Reader::open(&broker).max_offset("TBW102", 0);
}
