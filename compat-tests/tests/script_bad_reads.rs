//! Pulls, heartbeats, offsets and queries that no stock client makes, row by row of the table measured against Java 4.9.7.

use compat_tests::client::{Reader, about_queue, code, create_topic, pull, query, send_v2};
use compat_tests::cluster::{Cluster, Target};
use compat_tests::frame::{Request, request};
use compat_tests::script::{Expected, Script, answers};
use compat_tests::wait_for;

const FAQ: &str = "See http://rocketmq.apache.org/docs/faq/ for further details.";

/// The request gets this answer, and the connection serves on.
fn check(broker: &mut Script, what: &str, request: Request, expected: Expected) {
    println!("{what}");
    broker.send(request).expect(expected);
    broker.expect_usable();
}

/// A cluster whose topic R has five messages in queue 0.
fn filled() -> (Cluster, Script) {
    let cluster = Cluster::start();
    let mut broker = cluster.broker_script();
    for _ in 0..5 {
        broker.send(send_v2("R")).expect(answers(0));
    }
    let mut reader = Reader::open(&cluster.broker.address());
    wait_for("five messages are visible", || (reader.max_offset("R", 0) == 5).then_some(()));
    (cluster, broker)
}

#[test]
fn pulls_outside_the_queue() {
    let (_cluster, mut broker) = filled();
    let moved = |status: &str, next: i64| {
        answers(21).remark(status).field("nextBeginOffset", next).field("minOffset", 0).field("maxOffset", 5)
    };
    check(&mut broker, "offset -5", pull("R", 0, -5), moved("OFFSET_TOO_SMALL", 0));
    check(&mut broker, "offset 10^15", pull("R", 0, 1_000_000_000_000_000), moved("OFFSET_OVERFLOW_BADLY", 5));
    check(
        &mut broker,
        "at the end",
        pull("R", 0, 5),
        answers(19).remark("OFFSET_OVERFLOW_ONE").field("nextBeginOffset", 5),
    );
    check(
        &mut broker,
        "an empty queue",
        pull("R", 1, 0),
        answers(19).remark("NO_MESSAGE_IN_QUEUE").field("nextBeginOffset", 0),
    );
    check(
        &mut broker,
        "an empty queue, further on",
        pull("R", 1, 3),
        answers(21).remark("NO_MESSAGE_IN_QUEUE").field("nextBeginOffset", 0),
    );
    let unmatched = pull("R", 0, 0).field("subscription", "NoSuchTag");
    check(
        &mut broker,
        "no message matches",
        unmatched,
        answers(20).remark("NO_MATCHED_MESSAGE").field("nextBeginOffset", 5),
    );
}

#[test]
fn pulls_of_what_does_not_exist() {
    let (cluster, mut broker) = filled();
    check(
        &mut broker,
        "unknown topic",
        pull("NoSuchTopic", 0, 0),
        answers(17).remark_has("topic[NoSuchTopic] not exist"),
    );
    let illegal =
        answers(1).remark_has("queueId[99] is illegal, topic:[R] topicConfig.readQueueNums:[4] consumer:[/127.0.0.1:");
    check(&mut broker, "queue 99", pull("R", 99, 0), illegal);
    let offline = pull("R", 0, 0).field("sysFlag", 0).field("consumerGroup", "NeverSeen");
    check(
        &mut broker,
        "no subscription, group offline",
        offline,
        answers(24).remark(&format!("the consumer's group info not exist\n{FAQ}")),
    );
    let unreadable = match cluster.target {
        // Every message, as if the expression were not there.
        Target::Java => answers(0).remark("FOUND"),
        Target::Skylark => answers(23).remark_has("parse the consumer's subscription failed"),
    };
    for (expression, answer) in [("a > 1", answers(20).remark("NO_MATCHED_MESSAGE")), ("(((", unreadable)] {
        let sql = pull("R", 0, 0).field("subscription", expression).field("expressionType", "SQL92");
        check(&mut broker, "SQL92", sql, answer);
    }
}

#[test]
fn numbers_of_messages_in_a_pull() {
    let (cluster, mut broker) = filled();
    if cluster.target == Target::Java {
        check(&mut broker, "-1 messages", pull("R", 0, 0).field("maxMsgNums", -1), answers(1));
        return; // 2^31-1 makes the Java broker run out of memory
    }
    // Skylark is stricter on purpose: the number is brought into its limits.
    let answer = broker.ask(pull("R", 0, 0).field("maxMsgNums", -1));
    assert!([0, 1].contains(&answer.code), "{answer:?}");
    check(
        &mut broker,
        "2^31-1 messages",
        pull("R", 0, 0).field("maxMsgNums", i32::MAX),
        answers(0).field("nextBeginOffset", 5),
    );
}

#[test]
fn heartbeats_without_sense() {
    let (_cluster, mut broker) = filled();
    check(&mut broker, "no body", request(code::HEART_BEAT), answers(1));
    check(&mut broker, "garbage", request(code::HEART_BEAT).body("what?"), answers(1));
    check(&mut broker, "nothing in it", request(code::HEART_BEAT).body("{}"), answers(0));
}

#[test]
fn queries_and_views() {
    let (_cluster, mut broker) = filled();
    check(&mut broker, "-1 messages", query("R", "k", false).field("maxNum", -1), answers(1));
    check(&mut broker, "no such key", query("R", "no such key", false), answers(22));
    check(&mut broker, "inside a record", request(code::VIEW_MESSAGE).field("offset", 4), answers(1));
    let beyond = answers(1).remark("can not find message by the offset, 99999999");
    check(&mut broker, "beyond the log", request(code::VIEW_MESSAGE).field("offset", 99_999_999), beyond);
    check(&mut broker, "before it", request(code::VIEW_MESSAGE).field("offset", -1), answers(1));
}

#[test]
fn bounds_of_what_does_not_exist() {
    let (_cluster, mut broker) = filled();
    for (question, offset) in [(code::GET_MAX_OFFSET, 0), (code::GET_MIN_OFFSET, -1)] {
        let answer = broker.ask(about_queue(question, "NoSuchTopic", 0));
        assert_eq!(answer.code, 0, "{answer:?}");
        assert!([0, offset].contains(&answer.number("offset")), "{answer:?}");
    }
    check(
        &mut broker,
        "search a future time",
        about_queue(code::SEARCH_OFFSET, "R", 0).field("timestamp", i64::MAX),
        answers(0).field("offset", 4),
    );
    check(
        &mut broker,
        "search a past time",
        about_queue(code::SEARCH_OFFSET, "R", 0).field("timestamp", 0),
        answers(0).field("offset", 0),
    );
    let unknown = request(code::QUERY_CONSUMER_OFFSET)
        .field("consumerGroup", "NeverSeen")
        .field("topic", "R")
        .field("queueId", 0);
    check(&mut broker, "offset of a group never seen, young topic", unknown, answers(0).field("offset", 0));
}

#[test]
fn offsets_that_cannot_be() {
    let (cluster, mut broker) = filled();
    let commit = |topic: &str, group: &str, queue: i32, offset: i64| {
        request(code::UPDATE_CONSUMER_OFFSET)
            .field("consumerGroup", group)
            .field("topic", topic)
            .field("queueId", queue)
            .field("commitOffset", offset)
    };
    check(&mut broker, "a sound one", commit("R", "G", 0, 3), answers(0));
    for (what, bad) in
        [("topic", commit("../e", "G", 0, 1)), ("group", commit("R", "G@x", 0, 1)), ("queue", commit("R", "G", -7, 1))]
    {
        let answer = broker.ask(bad);
        // Skylark is stricter on purpose: Java keeps any of these for ever.
        assert_eq!(answer.code == 0, cluster.target == Target::Java, "commit with a bad {what}: {answer:?}");
    }
    let answer = broker.ask(commit("R", "H", 0, -9));
    assert_eq!(answer.code == 0, cluster.target == Target::Java, "commit with a bad offset: {answer:?}");
    let question =
        request(code::QUERY_CONSUMER_OFFSET).field("consumerGroup", "G").field("topic", "R").field("queueId", 0);
    check(&mut broker, "the sound one is kept", question, answers(0).field("offset", 3));
}

#[test]
fn topics_created_with_odd_numbers() {
    let (cluster, mut broker) = filled();
    check(&mut broker, "sound", create_topic("Sound", 3, 6), answers(0));
    let negative = broker.ask(create_topic("Negative", -1, 6));
    // Skylark is stricter on purpose: such a topic could never be used.
    assert_eq!(negative.code == 0, cluster.target == Target::Java, "{negative:?}");
    let odd = broker.ask(create_topic("OddPerm", 1, 77));
    assert!(odd.code == 0 || cluster.target == Target::Skylark, "{odd:?}");
    check(&mut broker, "illegal name", create_topic("../x", 1, 6), answers(1));
    check(&mut broker, "one of the server's own", create_topic("SELF_TEST_TOPIC", 1, 6), answers(1));
}

#[test]
fn transactions_and_returns_of_messages_that_do_not_exist() {
    let (_cluster, mut broker) = filled();
    let end = request(code::END_TRANSACTION)
        .field("producerGroup", "G")
        .field("tranStateTableOffset", 0)
        .field("commitLogOffset", 999_999_999)
        .field("commitOrRollback", 8)
        .field("msgId", "x");
    let back =
        request(code::SEND_BACK).field("offset", 999_999_999).field("group", "compat_consumer").field("delayLevel", 0);
    check(&mut broker, "end", end, answers(1).remark("Find prepared transaction message failed"));
    let answer = broker.ask(back);
    assert!(answer.code == 1 || answer.code == 26, "{answer:?}");
}
