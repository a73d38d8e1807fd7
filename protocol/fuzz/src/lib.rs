//! What must hold for any bytes. Each function takes bytes and panics if they break a promise: the fuzz targets feed
//! them what the fuzzer finds, the test `any_bytes` feeds them random and damaged bytes on every run.
//!
//! `cargo +nightly fuzz run record -- -max_total_time=20 -malloc_limit_mb=200`, in the folder above, runs one target.
//!
//! Decoding does not panic; what was decoded is encoded to bytes that decode to the same.

use std::fmt::Debug;

use bytes::{Bytes, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;
use skylark_protocol::body::{self, fastjson};
use skylark_protocol::command::{Command, HeaderCodec};
use skylark_protocol::fields::Fields;
use skylark_protocol::frame::take_frame;
use skylark_protocol::message::batch::{BatchEntry, entries};
use skylark_protocol::message::message_id::OffsetMessageId;
use skylark_protocol::message::properties::{self, Properties};
use skylark_protocol::message::record::{RecordView, records};
use skylark_protocol::request;

/// A target: its name and what it does with bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("frame_headers", frame_headers),
    ("typed_headers", typed_headers),
    ("record", record),
    ("batch", batch),
    ("properties", properties),
    ("heartbeat", heartbeat),
    ("register_body", register_body),
    ("fastjson", fastjson),
];

/// A stream of frames, and the bytes as one frame without its length word.
pub fn frame_headers(bytes: &[u8]) {
    let mut buffer = BytesMut::from(bytes);
    while let Ok(Some(frame)) = take_frame(&mut buffer) {
        command(frame);
    }
    command(Bytes::copy_from_slice(bytes));
}

fn command(frame: Bytes) {
    let Ok(command) = Command::decode(frame) else { return };
    let mut out = BytesMut::new();
    command.encode(&mut out);
    let again = take_frame(&mut out).expect("our frame has a length").expect("our frame is whole");
    let again = Command::decode(again).expect("our frame can be read");
    // The binary form cannot tell absent fields from none.
    if command.codec == HeaderCodec::Json {
        assert_eq!(again, command);
    } else {
        assert!(again.fields.iter().eq(command.fields.iter()));
        assert_eq!((again.code, again.opaque, again.remark), (command.code, command.opaque, command.remark));
    }
}

/// Two bytes pick a request; the rest is its fields, `name=value` lines.
pub fn typed_headers(bytes: &[u8]) {
    let Some((pick, rest)) = bytes.split_first_chunk::<2>() else { return };
    let code = request::CODES[usize::from(u16::from_be_bytes(*pick)) % request::CODES.len()];
    let text = String::from_utf8_lossy(rest);
    let fields: Fields = text.lines().filter_map(|line| line.split_once('=')).collect();
    for read in [request::understood, request::understood_reply] {
        if let Some(Ok(understood)) = read(code, &fields) {
            assert_eq!(read(code, &understood), Some(Ok(understood)));
        }
    }
}

/// A record, and records back to back.
pub fn record(bytes: &[u8]) {
    if let Ok(view) = RecordView::parse(bytes) {
        let mut out = Vec::new();
        view.fields().encode(&mut out);
        assert_eq!(out, bytes);
        view.check_body_crc();
        let id = OffsetMessageId { host: view.store_host(), physical_offset: view.physical_offset() };
        assert_eq!(OffsetMessageId::decode(&id.encode()), Ok(id));
    }
    assert!(records(bytes).count() <= bytes.len());
}

/// The body of a batch.
pub fn batch(bytes: &[u8]) {
    let Ok(found) = entries(bytes).collect::<Result<Vec<BatchEntry<'_>>, _>>() else { return };
    let mut out = Vec::new();
    found.iter().for_each(|entry| entry.encode(&mut out));
    assert_eq!(out.len(), bytes.len());
    assert!(entries(&out).eq(found.into_iter().map(Ok)));
}

/// A properties string, and a message id.
pub fn properties(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let parsed = Properties::parse(&text);
    for (name, value) in parsed.iter() {
        assert_eq!(properties::get(&text, name), Some(value));
    }
    assert_eq!(Properties::parse(&parsed.encode()), parsed);
    if let Some((name, _)) = parsed.iter().next() {
        let rest = properties::remove(&text, name);
        assert_eq!(properties::get(&rest, name), None);
        assert_eq!(Properties::parse(&rest).iter().count() + 1, parsed.iter().count());
    }
    if let Ok(id) = OffsetMessageId::decode(&text) {
        assert_eq!(id.encode(), text.to_uppercase());
    }
}

/// A heartbeat.
pub fn heartbeat(bytes: &[u8]) {
    round_trip::<body::HeartbeatData>(bytes);
}

/// A registration; the first byte's lowest bit tells whether it is compressed.
pub fn register_body(bytes: &[u8]) {
    let Some((pick, rest)) = bytes.split_first() else { return };
    let Ok(body) = body::RegisterBrokerBody::decode(rest, pick & 1 == 1) else { return };
    assert_eq!(body::RegisterBrokerBody::decode(&body.encode(false), false), Ok(body));
}

/// Every shape a body can have.
pub fn fastjson(bytes: &[u8]) {
    let _ = fastjson::parse(&String::from_utf8_lossy(bytes));
    round_trip::<body::TopicConfigSerializeWrapper>(bytes);
    round_trip::<body::SubscriptionGroupWrapper>(bytes);
    round_trip::<body::ConsumerOffsetSerializeWrapper>(bytes);
    round_trip::<body::TopicRouteData>(bytes);
    round_trip::<body::ClusterInfo>(bytes);
    round_trip::<body::KvTable>(bytes);
    round_trip::<body::TopicStatsTable>(bytes);
    round_trip::<body::ConsumeStatsList>(bytes);
    round_trip::<body::ConsumerConnection>(bytes);
    round_trip::<body::ConsumerRunningInfo>(bytes);
    round_trip::<body::GetConsumerStatusBody>(bytes);
    round_trip::<body::LockBatchRequestBody>(bytes);
}

fn round_trip<T: DeserializeOwned + Serialize + PartialEq + Debug>(bytes: &[u8]) {
    let Ok(body) = body::decode::<T>(bytes) else { return };
    assert_eq!(body::decode::<T>(&body::encode(&body)).as_ref(), Ok(&body));
    let standard = body::encode_standard(&body);
    assert!(serde_json::from_slice::<serde::de::IgnoredAny>(&standard).is_ok());
    assert_eq!(body::decode::<T>(&standard).as_ref(), Ok(&body));
}
