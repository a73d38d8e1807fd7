//! Headers of every request code and its answers, in both directions.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use pretty_assertions::assert_eq;
use serde::Deserialize;
use skylark_protocol::command::Command;
use skylark_protocol::fields::Fields;
use skylark_protocol::request;

use crate::sample;

/// One line of a file of headers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    request_code: Option<i32>,
    name: String,
    kind: String,
    header: String,
}

/// Fields senders add outside the header class: account, 5.x request type, region and trace of an answer.
const OUTSIDE: [&str; 5] = ["Signature", "AccessKey", "ReqT", "MSG_REGION", "TRACE_ON"];

fn lines(file: &str) -> Vec<Line> {
    let text = String::from_utf8(sample(file)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn decode(header: &str) -> Command {
    let length = u32::try_from(header.len()).unwrap();
    let frame = [&length.to_be_bytes(), header.as_bytes()].concat();
    Command::decode(Bytes::from(frame)).unwrap_or_else(|error| panic!("{header}: {error}"))
}

fn map(fields: &Fields) -> BTreeMap<&str, &str> {
    fields.iter().filter(|(name, _)| !OUTSIDE.contains(name)).collect()
}

/// What was understood of the fields is all there was; Java's absent booleans are written as false.
#[track_caller]
fn check_understood(line: &Line, sent: &Fields, understood: &Fields) {
    assert_eq!(map(understood), map(sent), "{} {}", line.name, line.kind);
    assert_eq!(understood.is_present(), sent.is_present(), "{} {}", line.name, line.kind);
}

fn check(line: &Line) {
    let command = decode(&line.header);
    let mut out = BytesMut::new();
    command.encode(&mut out);
    let again = std::str::from_utf8(&out[8..]).unwrap();
    // Lines of the probe, not of Java, have blanks.
    if line.header.starts_with("{\"code\":") && !line.header.contains("\": ") {
        assert_eq!(again, line.header);
    }
    assert_eq!(decode(again), command);
    assert_eq!(command.is_response(), line.kind == "response");
    let code = line.request_code.unwrap_or(command.code);
    if command.is_response() {
        check_answer(line, code, &command);
    } else {
        check_request(line, code, &command);
    }
}

fn check_request(line: &Line, code: i32, command: &Command) {
    match request::understood(code, &command.fields) {
        // Removed in 4.9.8, as it told secrets.
        None => assert_eq!(code, 54),
        // The probe sent a send that names nothing but its topic, to see how it is refused: what is absent is filled in.
        Some(Ok(_)) if code == 10 && command.fields.len() == 1 => {}
        Some(Ok(fields)) => check_understood(line, &command.fields, &fields),
        Some(Err(error)) => panic!("{code} is not understood: {error}"),
    }
}

fn check_answer(line: &Line, code: i32, command: &Command) {
    // A refusal may lack the fields of an answer.
    if command.code != 0 && command.fields.is_empty() {
        return;
    }
    match request::understood_reply(code, &command.fields) {
        None => assert_eq!(code, 54),
        Some(fields) => check_understood(line, &command.fields, &fields.unwrap()),
    }
}

#[test]
fn every_header_of_stock_programs() {
    let lines = lines("headers.jsonl");
    assert_eq!(lines.len(), 189);
    lines.iter().for_each(check);
}

#[test]
fn every_header_of_a_broker_to_its_clients() {
    let lines = lines("headers-callbacks.jsonl");
    assert_eq!(lines.len(), 7);
    lines.iter().filter(|line| line.name != "HEART_BEAT").for_each(check);
}

#[test]
fn every_served_code_is_known_once() {
    let mut codes = request::CODES.to_vec();
    codes.sort_unstable();
    let expected = [
        10, 11, 12, 14, 15, 17, 21, 25, 26, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 45, 46, 50,
        51, 52, 53, 100, 101, 102, 103, 104, 105, 106, 200, 201, 202, 203, 204, 205, 206, 207, 208, 215, 216, 219, 220,
        221, 222, 223, 224, 300, 303, 304, 305, 306, 307, 308, 309, 310, 311, 312, 313, 314, 315, 316, 317, 318, 319,
        320, 321, 322, 323, 324, 325, 326, 327, 328, 329, 351, 361,
    ];
    assert_eq!(codes, expected);
    assert!(codes.iter().all(|code| request::name(*code).is_some()));
}
