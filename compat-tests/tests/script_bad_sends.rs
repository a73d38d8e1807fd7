//! Sends that no stock client makes, row by row of the table measured against Java 4.9.7.

use compat_tests::client::{Reader, batch_entry, batch_of, code, properties, send_batch, send_v1, send_v2};
use compat_tests::cluster::{Cluster, Target};
use compat_tests::frame::Request;
use compat_tests::script::{Expected, Script, answers};
use compat_tests::wait_for;

const BODY_LIMIT: usize = 4 * 1024 * 1024;
const TOO_LONG: &str = "the message is illegal, maybe msg body or properties length not matched. msg body length limit 4194304B, msg properties length limit 32KB.";
const FAQ: &str = "See http://rocketmq.apache.org/docs/faq/ for further details.";

/// The request gets this answer, and the connection serves on.
fn check(broker: &mut Script, what: &str, request: Request, expected: Expected) {
    println!("{what}");
    broker.send(request).expect(expected);
    broker.expect_usable();
}

#[test]
fn fields_that_are_missing_or_no_numbers() {
    let cluster = Cluster::start();
    let mut broker = cluster.broker_script();
    let blank = || answers(1).remark("The specified topic is blank.");
    check(&mut broker, "no extFields", send_v2("T").without_fields(), blank());
    check(&mut broker, "no topic", send_v2("T").without("b"), blank());
    // Java's remark is the text of its exception; ours says the same in its own words.
    check(&mut broker, "V2 queue abc", send_v2("T").field("e", "abc"), answers(1));
    check(&mut broker, "V1 queue abc", send_v1("T").field("queueId", "abc"), answers(1));
}

#[test]
fn names_of_topics() {
    let cluster = Cluster::start();
    let mut broker = cluster.broker_script();
    let illegal = "The specified topic contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$";
    check(&mut broker, "a path", send_v2("../../x"), answers(1).remark(illegal));
    check(&mut broker, "a path, long names", send_v1("../../x"), answers(1).remark(illegal));
    let too_long = answers(1).remark("The specified topic is longer than topic max length.");
    check(&mut broker, "128 characters", send_v2(&"t".repeat(128)), too_long);
    check(&mut broker, "127 characters", send_v2(&"t".repeat(127)), answers(0));
    check(&mut broker, "blank", send_v2("  "), answers(1).remark("The specified topic is blank."));
    let forbidden = answers(16).remark("Sending message to topic[SCHEDULE_TOPIC_XXXX] is forbidden.");
    check(&mut broker, "the delay topic", send_v2("SCHEDULE_TOPIC_XXXX"), forbidden);
    check(&mut broker, "the half topic", send_v2("RMQ_SYS_TRANS_HALF_TOPIC"), answers(16));
    check(&mut broker, "the template topic", send_v2("TBW102"), answers(0));
}

#[test]
fn topics_made_by_a_first_send() {
    let cluster = Cluster::start();
    let mut broker = cluster.broker_script();
    let unknown = answers(17).remark(&format!("topic[NewT1] not exist, apply first please!\n{FAQ}"));
    check(&mut broker, "unknown template", send_v2("NewT1").field("c", "NoSuchTemplate"), unknown);
    let illegal = || answers(1).remark_has("request queueId[0] is illegal");
    check(&mut broker, "-5 queues", send_v2("NewT2").field("d", -5), illegal());
    check(&mut broker, "a million queues", send_v2("NewT3").field("d", 1_000_000), answers(0));
    check(&mut broker, "the last of eight", send_v2("NewT3").field("e", 7), answers(0));
    check(
        &mut broker,
        "one more",
        send_v2("NewT3").field("e", 8),
        answers(1).remark_has("request queueId[8] is illegal"),
    );
    check(&mut broker, "the retry topic of a new group", send_v2("%RETRY%NewGroup"), answers(0).field("queueId", 0));
}

#[test]
fn topics_are_not_made_where_that_is_switched_off() {
    let cluster = Cluster::with(Target::asked(), &[("autoCreateTopicEnable", "false")]);
    let mut broker = cluster.broker_script();
    let unknown = answers(17).remark(&format!("topic[NewT1] not exist, apply first please!\n{FAQ}"));
    check(&mut broker, "new topic", send_v2("NewT1"), unknown);
    cluster
        .namesrv_script()
        .send(compat_tests::frame::request(code::ROUTE).field("topic", "TBW102"))
        .expect(answers(17));
}

#[test]
fn numbers_of_queues() {
    let cluster = Cluster::start();
    let mut broker = cluster.broker_script();
    check(
        &mut broker,
        "queue 9999",
        send_v2("Q").field("e", 9999),
        answers(1).remark_has("request queueId[9999] is illegal"),
    );
    let answer = broker.send(send_v2("Q").field("e", -1)).expect(answers(0));
    assert!((0..4).contains(&answer.number("queueId")), "{answer:?}");
}

#[test]
fn lengths_of_bodies() {
    let cluster = Cluster::start();
    let mut broker = cluster.broker_script();
    check(&mut broker, "empty", send_v2("B").body(""), answers(0).field("queueOffset", 0));
    check(&mut broker, "4 MiB", send_v2("B").body(vec![7; BODY_LIMIT]), answers(0).field("queueOffset", 1));
    check(&mut broker, "4 MiB and one", send_v2("B").body(vec![7; BODY_LIMIT + 1]), answers(13).remark(TOO_LONG));
    check(&mut broker, "5 MiB", send_v2("B").body(vec![7; 5 << 20]), answers(13).remark(TOO_LONG));
    check(&mut broker, "then a small one", send_v2("B"), answers(0).field("queueOffset", 2));
}

#[test]
fn lengths_of_properties() {
    let cluster = Cluster::start();
    let mut broker = cluster.broker_script();
    let of_length = |length: usize| properties(&[("k", &"v".repeat(length - 2))]);
    check(&mut broker, "32702 bytes", send_v2("P").field("i", of_length(32_702)), answers(0));
    check(&mut broker, "32768 bytes", send_v2("P").field("i", of_length(32_768)), answers(13).remark(TOO_LONG));
    let wide = properties(&[("k", &"漢".repeat(20_000))]);
    check(&mut broker, "20,000 characters, 60,000 bytes", send_v2("P").field("i", wide), answers(13).remark(TOO_LONG));
}

#[test]
fn batches() {
    let cluster = Cluster::start();
    let mut broker = cluster.broker_script();
    let three = send_batch("Batch", &[(b"a", "TAGS\u{1}x"), (b"b", ""), (b"c", "")]);
    let answer = broker.send(three).expect(answers(0).field("queueOffset", 0));
    assert_eq!(answer.field("msgId").split(',').count(), 3);
    let sound = batch_entry(b"hello", "");
    check(&mut broker, "cut", batch_of("Batch", sound[..sound.len() - 3].to_vec()), answers(1));
    for length in [i32::MAX, -1] {
        let mut inner = sound.clone();
        inner[16..20].copy_from_slice(&length.to_be_bytes());
        check(&mut broker, &format!("inner length {length}"), batch_of("Batch", inner), answers(1));
    }
    check(&mut broker, "after them", send_v2("Batch"), answers(0).field("queueOffset", 3));
    let single = send_v2("Batch").code(code::SEND_BATCH);
    check(&mut broker, "320 that says it is no batch", single, answers(0).field("queueOffset", 4));
}

#[test]
fn one_way_sends_are_stored_and_never_answered() {
    let cluster = Cluster::start();
    let mut broker = cluster.broker_script();
    broker.send(send_v2("OneWay")).expect(answers(0).field("queueOffset", 0));
    broker.send(send_v2("OneWay").oneway()).expect_silence();
    broker.send(send_v2("../x").oneway()).expect_silence();
    let mut reader = Reader::open(&cluster.broker.address());
    wait_for("the one-way message is stored", || (reader.max_offset("OneWay", 0) == 2).then_some(()));
}

#[test]
fn the_vip_port_sends_but_does_not_pull() {
    let cluster = Cluster::start();
    let mut vip = Script::open(&cluster.broker.vip_address());
    vip.send(send_v2("Vip")).expect(answers(0));
    vip.send(compat_tests::client::pull("Vip", 0, 0)).expect(answers(3));
}
