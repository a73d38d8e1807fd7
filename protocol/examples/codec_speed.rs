//! Measures the codec: a send read and its answer written. Run: `cargo run -p skylark-protocol --example codec_speed`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use skylark_protocol::command::Command;
use skylark_protocol::fields::HeaderFields;
use skylark_protocol::request::{SendMessageFields, SendMessageReply, SendMessageV2};
use skylark_protocol::response_code;

const SEND: &str = r#"{"code":310,"extFields":{"a":"PG_of_the_benchmark","b":"TopicOfTheBenchmark","c":"TBW102","d":"4","e":"1","f":"0","g":"1600000000000","h":"0","i":"UNIQ_KEY\u00017F0000010000000000000000000000000000\u0002WAIT\u0001true\u0002TAGS\u0001TagA","j":"0","k":"false","m":"false","n":"broker-a"},"flag":0,"language":"JAVA","opaque":7,"serializeTypeCurrentRPC":"JSON","version":407}"#;

/// Nanoseconds of one step, the best of many rounds: other work of the machine only ever adds.
fn best_ns(mut step: impl FnMut()) -> u128 {
    const STEPS: u32 = 1000;
    let mut best = Duration::MAX;
    for _ in 0..200 {
        let start = Instant::now();
        (0..STEPS).for_each(|_| step());
        best = best.min(start.elapsed());
    }
    best.as_nanos() / u128::from(STEPS)
}

fn main() {
    let mut frame = BytesMut::new();
    frame.put_u32(SEND.len() as u32);
    frame.put_slice(SEND.as_bytes());
    frame.put_slice(&[b'x'; 128]);
    let frame: Bytes = frame.freeze();
    let mut out = BytesMut::with_capacity(1 << 20);
    let decode = best_ns(|| {
        black_box(Command::decode(frame.clone()).expect("a whole frame"));
    });
    let command = Command::decode(frame.clone()).expect("a whole frame");
    let typed = best_ns(|| {
        black_box(SendMessageFields::from(SendMessageV2::decode(&command.fields).expect("a send")));
    });
    let encode = best_ns(|| {
        let mut answer = Command::response_to(&command, response_code::SUCCESS, None);
        let msg_id = "7F00000100002A9F00000000000003E8".to_owned();
        SendMessageReply { queue_id: 1, transaction_id: None, msg_id, queue_offset: 5 }.encode(&mut answer.fields);
        answer.fields.push("MSG_REGION", "DefaultRegion");
        answer.fields.push("TRACE_ON", "true");
        out.clear();
        answer.encode(&mut out);
        black_box(&out);
    });
    println!("decode {decode} ns, typed {typed} ns, encode {encode} ns");
}
