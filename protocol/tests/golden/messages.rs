//! The record, the batch and the offset message id.

use pretty_assertions::assert_eq;
use skylark_protocol::error::DecodeError;
use skylark_protocol::message::batch::{BatchEntry, entries};
use skylark_protocol::message::message_id::OffsetMessageId;
use skylark_protocol::message::record::{RecordFields, RecordView, body_crc, records};
use skylark_protocol::message::sys_flag::{BORN_HOST_V6, COMPRESSED, STORE_HOST_V6};
use skylark_protocol::message::{properties, tags_code};

use crate::hex;

const RECORD: &str = "
    00000064daa320a758932aac0000000100000000000000000000000500000000000003e80000000000000174876e8000
    7f000001000004d200000174876e80017f00000100002a9f0000000000000000000000000000000268690154
    00064b455953016b";

fn record() -> RecordFields<'static> {
    RecordFields {
        queue_id: 1,
        flag: 0,
        queue_offset: 5,
        physical_offset: 1000,
        sys_flag: 0,
        born_timestamp: 1_600_000_000_000,
        born_host: "127.0.0.1:1234".parse().unwrap(),
        store_timestamp: 1_600_000_000_001,
        store_host: "127.0.0.1:10911".parse().unwrap(),
        reconsume_times: 0,
        prepared_transaction_offset: 0,
        body_crc: body_crc(b"hi"),
        body: b"hi",
        topic: "T",
        properties: "KEYS\u{1}k",
    }
}

fn encode(fields: &RecordFields<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    fields.encode(&mut out);
    assert_eq!(out.len(), fields.encoded_len());
    out
}

#[test]
fn the_record_of_java() {
    let bytes = hex(RECORD);
    assert_eq!(bytes.len(), 100);
    let view = RecordView::parse(&bytes).unwrap();
    assert_eq!(view.fields(), &record());
    assert_eq!((view.total_size(), view.body_crc(), view.check_body_crc()), (100, 1_486_039_724, true));
    assert_eq!((view.topic(), view.body(), properties::get(view.properties(), "KEYS")), ("T", &b"hi"[..], Some("k")));
    assert_eq!(encode(&record()), bytes);
    let id = OffsetMessageId { host: view.store_host(), physical_offset: view.physical_offset() };
    assert_eq!(id.encode(), "7F00000100002A9F00000000000003E8");
}

#[test]
fn hosts_of_both_families() {
    for (born, store) in [("127.0.0.1:1", "[::1]:2"), ("[2001:db8::1]:1", "127.0.0.1:2"), ("[::1]:65535", "[::2]:0")] {
        // The bits follow the hosts, whatever the request said.
        let stale = COMPRESSED | BORN_HOST_V6 | STORE_HOST_V6;
        let fields = RecordFields {
            born_host: born.parse().unwrap(),
            store_host: store.parse().unwrap(),
            sys_flag: stale,
            ..record()
        };
        let bytes = encode(&fields);
        let view = RecordView::parse(&bytes).unwrap();
        assert_eq!((view.born_host(), view.store_host()), (fields.born_host, fields.store_host));
        let v6 = |host: std::net::SocketAddr, bit| if host.is_ipv6() { bit } else { 0 };
        let bits = COMPRESSED | v6(fields.born_host, BORN_HOST_V6) | v6(fields.store_host, STORE_HOST_V6);
        assert_eq!(view.sys_flag(), bits);
    }
}

#[test]
fn lengths_that_do_not_add_up() {
    let bytes = hex(RECORD);
    for length in 0..bytes.len() {
        assert!(RecordView::parse(&bytes[..length]).is_err());
    }
    assert!(RecordView::parse(&[&bytes[..], &[0]].concat()).is_err());
    // Each length field one off, then negative: total, body, topic, properties.
    for (at, width) in [(0, 4), (84, 4), (90, 1), (92, 2)] {
        for change in [1, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at + width - 1] = bytes[at + width - 1].wrapping_add(change);
            assert!(RecordView::parse(&bytes).is_err(), "length at {at}");
        }
        let mut bytes = bytes.clone();
        bytes[at] = 0x80;
        assert!(RecordView::parse(&bytes).is_err(), "length at {at}");
    }
}

#[test]
fn values_no_record_has() {
    let bytes = hex(RECORD);
    for (at, value, part) in [(4, 0xcb, "magic"), (52, 1, "born host"), (68, 1, "store host"), (91, 0xff, "topic")] {
        let mut bytes = bytes.clone();
        bytes[at] = value;
        match RecordView::parse(&bytes) {
            Err(DecodeError::Invalid { part: found, .. }) => assert_eq!(found, part),
            other => panic!("{part}: {other:?}"),
        }
    }
}

#[test]
fn records_back_to_back() {
    let bytes = hex(RECORD);
    let found: Result<Vec<_>, _> =
        records(&bytes.repeat(3)).map(|record| record.map(|record| record.queue_id())).collect();
    assert_eq!(found, Ok(vec![1, 1, 1]));
    let mut cut = records(&bytes[..99]);
    assert!(cut.next().unwrap().is_err());
    assert!(cut.next().is_none());
}

#[test]
fn body_checksums() {
    assert_eq!(body_crc(b""), 0);
    assert_eq!(body_crc(b"hi"), 1_486_039_724);
    // CRC-32 of "123456789" is CBF43926; the top bit goes.
    assert_eq!(body_crc(b"123456789"), 0x4bf4_3926);
}

#[test]
fn the_batch_of_java() {
    let bytes = hex("0000002b 00000000 00000000 00000000 00000002 6869 0013
        57414954 01 74727565 02 54414753 01 54616741");
    let found: Vec<_> = entries(&bytes).collect::<Result<_, _>>().unwrap();
    let entry = BatchEntry { flag: 0, body: b"hi", properties: "WAIT\u{1}true\u{2}TAGS\u{1}TagA" };
    assert_eq!(found, [entry]);
    assert_eq!(tags_code(properties::get(entry.properties, "TAGS").unwrap()), 2_598_919);
    let mut out = Vec::new();
    entry.encode(&mut out);
    assert_eq!(out, bytes);
}

#[test]
fn batches_cut_short_or_lying() {
    let entry = BatchEntry { flag: 7, body: b"hi", properties: "" };
    let mut bytes = Vec::new();
    entry.encode(&mut bytes);
    entry.encode(&mut bytes);
    assert_eq!(entries(&bytes).count(), 2);
    for length in 1..bytes.len() {
        let whole = length % entry.encoded_len() == 0;
        assert_eq!(entries(&bytes[..length]).all(|entry| entry.is_ok()), whole);
    }
    for inner in [i32::MAX, -1] {
        bytes[16..20].copy_from_slice(&inner.to_be_bytes());
        let mut found = entries(&bytes);
        assert!(found.next().unwrap().is_err());
        assert!(found.next().is_none());
    }
    assert_eq!(entries(&[]).count(), 0);
}
