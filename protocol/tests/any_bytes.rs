//! Random and damaged bytes for everything that decodes. The seed is printed; `SEED=n` runs one again.

#![allow(clippy::unwrap_used, reason = "a test may stop where it fails")]

#[path = "../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "it is a library for the fuzzer")]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};

use fastrand::Rng;
use targets::TARGETS;

/// Runs of each target over each source.
const RUNS: usize = 4000;

/// Bytes worth damaging: well-formed input of each target.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/samples");
    let sample = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let header =
        br#"{"code":310,"extFields":{"a":"PG","b":"T","g":"1600000000000","i":"K\u0001k"},"flag":0,"opaque":7}"#;
    let record = "00000064daa320a758932aac0000000100000000000000000000000500000000000003e80000000000000174876e8000\
        7f000001000004d200000174876e80017f00000100002a9f000000000000000000000000000000026869015400064b455953016b";
    match target {
        "frame_headers" => vec![
            [&[0, 0, 0, header.len() as u8], &header[..]].concat(),
            b"\x01\x00\x00\x28\x01\x36\x00\x01\x97\0\0\0\x07\0\0\0\0\0\0\0\x02no\0\0\0\x0f\0\x01a\0\0\0\x01b\0\x01c\0\0\0\0".to_vec(),
        ],
        "typed_headers" => vec![b"\0\x02a=PG\nb=T\nc=TBW102\nd=4\ne=1\nf=0\ng=1\nh=0\ni=x\nj=0\nk=true\nm=false".to_vec()],
        "record" => vec![unhex(record)],
        "batch" => vec![unhex("0000002b0000000000000000000000000000000268690013574149540174727565025441475301 54616741")],
        "properties" => vec![b"KEYS\x01k\x02TAGS\x01a\x02KEYS\x01j\x02".to_vec(), b"7F00000100002A9F00000000000003E8".to_vec()],
        "heartbeat" => vec![sample("HEART_BEAT.request.json")],
        "register_body" => {
            let body = skylark_protocol::body::RegisterBrokerBody::decode(&sample("REGISTER_BROKER.request.json"), false);
            let compressed = body.unwrap().encode(true);
            vec![[b"\x01", &compressed[..]].concat(), [b"\0", &sample("REGISTER_BROKER.request.json")[..]].concat()]
        }
        _ => ["GET_CONSUME_STATS.json", "GET_ROUTEINFO_BY_TOPIC.old-client.json", "GET_ALL_CONSUMER_OFFSET.json"]
            .map(sample)
            .to_vec(),
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks_exact(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

/// Changes, cuts, repeats or swaps a few bytes.
fn damage(bytes: &mut Vec<u8>, rng: &mut Rng) {
    for _ in 0..rng.usize(1..4) {
        if bytes.is_empty() {
            return;
        }
        let at = rng.usize(..bytes.len());
        match rng.u8(..6) {
            0 => bytes[at] = rng.u8(..),
            1 => bytes[at] ^= 1 << rng.u8(..8),
            2 => bytes.truncate(at),
            3 => bytes.insert(at, *rng.choice(b"{}[]\":,\\'\0\xff\x01\x02-0 ").unwrap_or(&0)),
            4 => {
                let piece = bytes[at..(at + rng.usize(1..20)).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                let other = rng.usize(..bytes.len());
                bytes.swap(at, other);
            }
        }
    }
}

fn random(rng: &mut Rng) -> Vec<u8> {
    let length = rng.usize(..200);
    let marks = b"{}[]\":,\\'tfn0123456789-. ";
    let text = rng.bool();
    (0..length).map(|_| if text { *rng.choice(marks).unwrap_or(&0) } else { rng.u8(..) }).collect()
}

#[test]
fn any_bytes() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    println!("SEED={seed}");
    let mut rng = Rng::with_seed(seed);
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        seeds.iter().for_each(|bytes| target(bytes));
        for run in 0..RUNS {
            let mut bytes = if run % 4 == 0 { random(&mut rng) } else { seeds[run % seeds.len()].clone() };
            if run % 4 != 0 {
                damage(&mut bytes, &mut rng);
            }
            let outcome = catch_unwind(AssertUnwindSafe(|| target(&bytes)));
            assert!(outcome.is_ok(), "{name} failed with SEED={seed} on {}", bytes.escape_ascii());
        }
    }
}
