//! The records of a transaction, and when a producer is asked.

use std::collections::HashSet;

use super::*;

const BORN: i64 = 1_000_000;

fn message(properties: &str) -> NewMessage {
    NewMessage {
        topic: "T".to_owned(),
        queue_id: 3,
        flag: 7,
        sys_flag: sys_flag::TRANSACTION_PREPARED | sys_flag::COMPRESSED,
        born_timestamp: BORN,
        born_host: "127.0.0.1:1234".parse().expect("an address"),
        reconsume_times: 0,
        prepared_transaction_offset: 0,
        body: Bytes::from_static(b"body"),
        properties: properties.to_owned(),
        wait: true,
    }
}

fn stored(message: &NewMessage, physical_offset: i64) -> Bytes {
    let mut bytes = Vec::new();
    let fields = RecordFields {
        queue_id: message.queue_id,
        flag: message.flag,
        queue_offset: 5,
        physical_offset,
        sys_flag: message.sys_flag,
        born_timestamp: message.born_timestamp,
        born_host: message.born_host,
        store_timestamp: BORN,
        store_host: "127.0.0.1:10911".parse().expect("an address"),
        reconsume_times: message.reconsume_times,
        prepared_transaction_offset: message.prepared_transaction_offset,
        body_crc: skylark_protocol::message::record::body_crc(&message.body),
        body: &message.body,
        topic: &message.topic,
        properties: &message.properties,
    };
    fields.encode(&mut bytes);
    bytes.into()
}

#[test]
fn a_half_message_becomes_what_was_sent() {
    let half = half(message("TRAN_MSG\u{1}true\u{2}PGROUP\u{1}P\u{2}REAL_TOPIC\u{1}forged"));
    assert_eq!((half.topic.as_str(), half.queue_id, half.sys_flag), (HALF_TOPIC, 0, sys_flag::COMPRESSED));
    let bytes = stored(&half, 77);
    let record = RecordView::parse(&bytes).expect("a record");
    let committed = committed(&record, &bytes).expect("it says where it goes");
    assert_eq!((committed.topic.as_str(), committed.queue_id), ("T", 3));
    assert_eq!(committed.sys_flag, sys_flag::TRANSACTION_COMMIT | sys_flag::COMPRESSED);
    assert_eq!((committed.prepared_transaction_offset, &committed.body[..]), (77, &b"body"[..]));
    let kept = "TRAN_MSG\u{1}true\u{2}PGROUP\u{1}P\u{2}REAL_TOPIC\u{1}T\u{2}REAL_QID\u{1}3";
    assert_eq!(committed.properties, kept);
    let shown = shown_to_producer(&record, 2).expect("it says where it goes");
    let shown = RecordView::parse(&shown).expect("a record");
    assert_eq!((shown.topic(), shown.queue_id(), shown.physical_offset(), shown.queue_offset()), ("T", 3, 77, 5));
    assert_eq!(shown.properties(), format!("{kept}\u{2}TRANSACTION_CHECK_TIMES\u{1}2"));
    let decided = decided(&record, half.born_host, BORN);
    assert_eq!((decided.prepared_transaction_offset, &decided.body[..]), (77, &b"5"[..]));
    assert_eq!(decided.properties, "TAGS\u{1}d");
}

#[track_caller]
fn check(properties: &str, age_ms: i64, asked: u32, expected: Verdict) {
    let rules = CheckRules { timeout_ms: 6_000, checks_max: 15, age_ms_max: 1_000_000 };
    let bytes = stored(&message(properties), 0);
    let record = RecordView::parse(&bytes).expect("a record");
    assert_eq!(rules.judge(&record, asked, BORN + age_ms), expected, "{properties} {age_ms} {asked}");
}

#[test]
fn producers_are_asked_by_javas_rules() {
    check("", 5_999, 0, Verdict::Wait);
    check("", 6_000, 0, Verdict::Ask);
    check("", -1, 0, Verdict::Ask);
    check("", 6_000, 14, Verdict::Ask);
    check("", 6_000, 15, Verdict::GiveUp);
    check("", 1_000_001, 0, Verdict::GiveUp);
    check("CHECK_IMMUNITY_TIME_IN_SECONDS\u{1}30", 29_999, 0, Verdict::Wait);
    check("CHECK_IMMUNITY_TIME_IN_SECONDS\u{1}30", 30_000, 0, Verdict::Ask);
    check("CHECK_IMMUNITY_TIME_IN_SECONDS\u{1}x", 5_999, 0, Verdict::Wait);
    check("CHECK_IMMUNITY_TIME_IN_SECONDS\u{1}1", 1_000, 0, Verdict::Ask);
}

#[test]
fn counts_last_as_long_as_their_messages_are_undecided() {
    let checks = Checks::default();
    let bytes = stored(&message("TRANSACTION_CHECK_TIMES\u{1}3"), 9);
    let record = RecordView::parse(&bytes).expect("a record");
    assert_eq!(checks.asked(&record), 3);
    checks.note(9, 4);
    assert_eq!(checks.asked(&record), 4);
    checks.keep_only(&HashSet::from([8]));
    assert_eq!(checks.asked(&record), 3);
}
