//! Whole frames.

use bytes::{Bytes, BytesMut};
use pretty_assertions::assert_eq;
use skylark_protocol::command::{Command, HeaderCodec};
use skylark_protocol::fields::{Fields, HeaderFields};
use skylark_protocol::frame::take_frame;
use skylark_protocol::language::Language;
use skylark_protocol::message::properties;
use skylark_protocol::request::{GetMaxOffset, Request, SendMessageFields, SendMessageReply, SendMessageV2};
use skylark_protocol::response_code;

use crate::hex;

const SEND: &str = r#"{"code":310,"extFields":{"a":"PG","b":"T","c":"TBW102","d":"4","e":"1","f":"0","g":"1600000000000","h":"0","i":"KEYS\u0001k\u0002UNIQ_KEY\u0001AB","j":"0","k":"false","m":"false"},"flag":0,"language":"JAVA","opaque":7,"serializeTypeCurrentRPC":"JSON","version":407}"#;

const SEND_BINARY: &str = "
    000000a6 010000a0 0136 00 0197 00000007 00000000 00000000 0000008b
    0001 61 00000002 5047  0001 62 00000001 54  0001 63 00000006 544257313032  0001 64 00000001 34
    0001 65 00000001 31  0001 66 00000001 30  0001 67 0000000d 31363030303030303030303030
    0001 68 00000001 30  0001 69 00000012 4b455953016b02554e49515f4b4559014142  0001 6a 00000001 30
    0001 6b 00000005 66616c7365  0001 6d 00000005 66616c7365  6869";

fn json_frame(header: &str, body: &[u8]) -> Vec<u8> {
    let header_length = u32::try_from(header.len()).unwrap();
    let length = 4 + header_length + u32::try_from(body.len()).unwrap();
    [&length.to_be_bytes(), &header_length.to_be_bytes(), header.as_bytes(), body].concat()
}

fn decode(frame: &[u8]) -> Command {
    let mut buffer = BytesMut::from(frame);
    let command = Command::decode(take_frame(&mut buffer).unwrap().unwrap()).unwrap();
    assert!(buffer.is_empty());
    command
}

#[track_caller]
fn check_encode(command: &Command, frame: &[u8]) {
    let mut out = BytesMut::new();
    command.encode(&mut out);
    assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(frame));
    assert_eq!(out, frame);
}

#[track_caller]
fn check_send(frame: &[u8], codec: HeaderCodec) {
    let command = decode(frame);
    assert_eq!((command.code, command.opaque, command.flag, command.version), (SendMessageV2::CODE, 7, 0, 407));
    assert_eq!((command.language, command.codec, command.remark.as_deref()), (Language::Java, codec, None));
    assert_eq!(&command.body[..], b"hi");
    let sent = SendMessageV2::decode(&command.fields).unwrap();
    let mut fields = Fields::default();
    sent.encode(&mut fields);
    assert_eq!(fields, command.fields);
    let sent = SendMessageFields::from(sent);
    assert_eq!((sent.producer_group.as_str(), sent.topic.as_str(), sent.default_topic.as_str()), ("PG", "T", "TBW102"));
    assert_eq!((sent.default_topic_queue_nums, sent.queue_id, sent.sys_flag, sent.flag), (4, 1, 0, 0));
    assert_eq!((sent.born_timestamp, sent.reconsume_times), (1_600_000_000_000, 0));
    assert_eq!((sent.unit_mode, sent.batch, sent.max_reconsume_times, sent.broker_name), (false, false, None, None));
    assert_eq!(properties::get(&sent.properties, properties::names::UNIQ_KEY), Some("AB"));
    check_encode(&command, frame);
}

#[test]
fn send_in_json() {
    let frame = json_frame(SEND, b"hi");
    assert_eq!(frame[..8], hex("0000010f 00000109"));
    check_send(&frame, HeaderCodec::Json);
}

#[test]
fn send_in_binary() {
    check_send(&hex(SEND_BINARY), HeaderCodec::Binary);
}

#[test]
fn answer_to_a_send() {
    let header = r#"{"code":0,"extFields":{"queueId":"1","msgId":"0A","queueOffset":"5"},"flag":1,"language":"JAVA","opaque":7,"serializeTypeCurrentRPC":"JSON","version":407}"#;
    let mut answer = Command::response_to(&decode(&json_frame(SEND, b"hi")), response_code::SUCCESS, None);
    answer.version = 407;
    let reply = SendMessageReply { queue_id: 1, transaction_id: None, msg_id: "0A".into(), queue_offset: 5 };
    reply.encode(&mut answer.fields);
    check_encode(&answer, &json_frame(header, b""));
    assert_eq!(decode(&json_frame(header, b"")), answer);
    assert_eq!(SendMessageReply::decode(&answer.fields), Ok(reply));
    assert!(answer.is_response() && !answer.is_oneway());
}

#[test]
fn answer_in_the_codec_of_its_request() {
    let answer = Command::response_to(&decode(&hex(SEND_BINARY)), response_code::NO_PERMISSION, Some("no".into()));
    check_encode(&answer, &hex("0000001b 01000017 0010 00 0199 00000007 00000001 00000002 6e6f 00000000"));
}

#[test]
fn answer_to_an_unknown_code() {
    let header = r#"{"code":3,"flag":1,"language":"JAVA","opaque":1,"remark":" request type 9 not supported","serializeTypeCurrentRPC":"JSON","version":407}"#;
    let answer = decode(&json_frame(header, b""));
    assert_eq!(answer.remark.as_deref(), Some(" request type 9 not supported"));
    assert!(!answer.fields.is_present());
    check_encode(&answer, &json_frame(header, b""));
}

#[test]
fn request_of_ours() {
    let header = r#"{"code":30,"extFields":{"queueId":"3","topic":"T"},"flag":0,"language":"JAVA","opaque":0,"serializeTypeCurrentRPC":"JSON","version":409}"#;
    let mut fields = Fields::default();
    GetMaxOffset { queue_id: 3, broker_name: None, topic: "T".into() }.encode(&mut fields);
    check_encode(&Command::request(GetMaxOffset::CODE, fields), &json_frame(header, b""));
}

#[test]
fn closes_where_java_closes() {
    let nested = json_frame(&"[".repeat(100_000), b"");
    let bad: [&[u8]; 9] = [
        &[0, 0, 0, 0],
        &[0, 0, 0, 9, b'{', b'}'],
        &[5, 0, 0, 2, b'{', b'}'],
        &[0, 0, 0, 2, b'[', b']'],
        &[0, 0, 0, 2, b'{'],
        &[0, 0, 0, 3, b'a', b'b', b'c'],
        &[1, 0, 0, 3, 0, 1, 2],
        &[0, 0, 0],
        &nested[4..],
    ];
    for frame in bad {
        assert!(Command::decode(Bytes::copy_from_slice(frame)).is_err(), "{frame:?}");
    }
}
