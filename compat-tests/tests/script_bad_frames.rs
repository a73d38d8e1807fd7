//! Frames and headers that no stock client sends, and what becomes of the connection. Measured against Java 4.9.7.

use compat_tests::client::{code, send_v2};
use compat_tests::cluster::Cluster;
use compat_tests::frame::{frame, request};
use compat_tests::script::{Script, answers};

const HEADER: &[u8] =
    br#"{"code":30,"extFields":{"queueId":"0","topic":"TBW102"},"flag":0,"language":"JAVA","opaque":7,"version":407}"#;

/// Any of these bytes makes the server close the connection without an answer, and hurts nobody else.
fn check_closed(address: &str, what: &str, bytes: &[u8]) {
    println!("closed by: {what}");
    let mut bystander = Script::open(address);
    Script::open(address).send_bytes(bytes).expect_closed();
    bystander.expect_usable();
}

#[test]
fn frames_that_close_the_connection() {
    let cluster = Cluster::start();
    for address in [cluster.broker.address(), cluster.namesrv.address.clone()] {
        for length in [16_777_217, 16_777_216, 0, 3, -1] {
            let mut bytes = i32::to_be_bytes(length).to_vec();
            bytes.extend(&frame(0, HEADER, b"")[4..]);
            check_closed(&address, &format!("length {length}"), &bytes);
        }
        check_closed(&address, "header longer than the frame", &header_length(HEADER.len() as u32 + 1));
        check_closed(&address, "header of no length", &header_length(0));
        check_closed(&address, "serialize type 5", &frame(5, HEADER, b""));
    }
}

#[test]
fn json_headers_that_close_the_connection() {
    let cluster = Cluster::start();
    let address = cluster.broker.address();
    check_closed(&address, "no JSON", &frame(0, b"hello, is this a broker?", b""));
    check_closed(&address, "a JSON array", &frame(0, b"[1,2,3]", b""));
    let deep = format!(r#"{{"code":30,"extFields":{}1{}}}"#, r#"{"a":"#.repeat(100_000), "}".repeat(100_000));
    check_closed(&address, "100,000 levels", &frame(0, deep.as_bytes(), b""));
}

#[test]
fn binary_headers_that_close_the_connection() {
    let cluster = Cluster::start();
    let address = cluster.broker.address();
    let sound = &request(code::GET_MAX_OFFSET).field("topic", "TBW102").field("queueId", 0).binary().bytes()[8..];
    check_closed(&address, "cut short", &frame(1, &sound[..12], b""));
    let with = |at: usize, value: u32| {
        let mut header = sound.to_vec();
        header[at..at + 4].copy_from_slice(&value.to_be_bytes());
        header
    };
    check_closed(&address, "remark length -1", &frame(1, &with(13, u32::MAX), b""));
    check_closed(&address, "ext length over the header's", &frame(1, &with(17, sound.len() as u32 + 1), b""));
    check_closed(&address, "value longer than the ext fields", &frame(1, &with(21 + 2 + 5, 1000), b""));
}

#[test]
fn unknown_codes() {
    let cluster = Cluster::start();
    let mut broker = cluster.broker_script();
    broker.send(request(9999)).expect(answers(3).remark(" request type 9999 not supported"));
    broker.send(request(9999).binary()).expect(answers(3).remark(" request type 9999 not supported"));
    broker.send(request(9999).oneway()).expect_silence();
    broker.send(request(0).without_code()).expect(answers(3).remark(" request type 0 not supported"));
    cluster.namesrv_script().send(request(9999)).expect_silence();
}

#[test]
fn what_is_read_leniently() {
    let cluster = Cluster::start();
    let mut broker = cluster.broker_script();
    let question = || request(code::GET_MAX_OFFSET).field("topic", "TBW102").field("queueId", 0);
    broker.send(question().language("XYZ")).expect(answers(0).field("offset", 0));
    broker.send(question().field("unknown", "x")).expect(answers(0).field("offset", 0));
    broker.send(question().version(-1)).expect(answers(0).field("offset", 0));
    broker.send(request(0).flag(1).opaque(123)).expect_silence();
    broker.send_bytes(&frame(0, br#"{ "version":407, "unknown":{"a":[1]}, "code":30, "opaque":9, "extFields":{"topic":"TBW102","queueId":"0"} }"#, b""));
    assert_eq!(broker.expect(answers(0)).opaque, 9);
    broker.expect_usable();
}

#[test]
fn the_answer_has_the_codec_of_the_request() {
    let cluster = Cluster::start();
    let mut broker = cluster.broker_script();
    let json = broker.send(send_v2("Codec")).expect(answers(0));
    let binary = broker.send(send_v2("Codec").binary()).expect(answers(0));
    assert!(!json.binary && binary.binary);
    assert_eq!(binary.number("queueOffset"), json.number("queueOffset") + 1);
    assert_eq!(binary.field("MSG_REGION"), "DefaultRegion");
    assert_eq!(binary.field("TRACE_ON"), "true");
}

#[test]
fn frames_cut_into_single_bytes_and_many_in_one_write() {
    let cluster = Cluster::start();
    let mut broker = cluster.broker_script();
    for byte in send_v2("Pieces").bytes() {
        broker.send_bytes(&[byte]);
    }
    broker.expect(answers(0).field("queueOffset", 0));
    let many: Vec<u8> = (0..100).flat_map(|n| send_v2("Pieces").opaque(n).bytes()).collect();
    broker.send_bytes(&many);
    let mut offsets: Vec<_> = (0..100).map(|_| broker.expect(answers(0)).number("queueOffset")).collect();
    offsets.sort_unstable();
    assert_eq!(offsets, (1..=100).collect::<Vec<_>>());
}

fn header_length(length: u32) -> Vec<u8> {
    let mut bytes = frame(0, HEADER, b"");
    bytes[4..8].copy_from_slice(&length.to_be_bytes());
    bytes
}
