//! fastjson's dialect, where it is not JSON.
//!
//! | | fastjson | JSON |
//! | --- | --- | --- |
//! | a map keyed by numbers | `{0:"a"}` | `{"0":"a"}` |
//! | a map keyed by objects | `{{"queueId":0}:1}` | `{"{\"queueId\":0}":1}` |
//!
//! Both are read. Reading also takes unquoted keys, single quotes, extra commas, comments, numbers in strings and
//! strings as numbers; null is as good as absent. Writing leaves nulls out.

mod read;
mod de;
mod ser;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::DecodeError;

pub use read::parse;

/// Reads a body.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let text = String::from_utf8_lossy(bytes);
    T::deserialize(de::Lenient(parse(&text)?)).map_err(|error| DecodeError::Body(error.to_string()))
}

/// Writes a body as Java's fastjson does: no spaces, nulls left out, map keys that are numbers or objects bare.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    ser::write(value, false)
}

/// Writes a body as JSON: all map keys in quotes, an object as its text.
pub fn encode_standard<T: Serialize>(value: &T) -> Vec<u8> {
    ser::write(value, true)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct Sample {
        flag: bool,
        list: Vec<i64>,
        map: BTreeMap<i32, String>,
        name: Option<String>,
        number: i32,
        tps: f64,
    }

    #[track_caller]
    fn check(text: &str, expected: Sample) {
        assert_eq!(decode::<Sample>(text.as_bytes()), Ok(expected), "{text}");
    }

    #[test]
    fn reads_what_fastjson_reads() {
        check("{}", Sample::default());
        check(r#"{"flag":null,"list":null,"name":null,"number":null,"tps":null,"x":{"y":[1]}}"#, Sample::default());
        let map = BTreeMap::from([(0, "a".to_owned()), (1, "b".to_owned())]);
        check(
            r#"{flag:"true", 'list':[1,"2",,null,3.0], "map":{0:"a","1":'b',}, name:7, "number":"-5", tps:1,}"#,
            Sample { flag: true, list: vec![1, 2, 3], map, name: Some("7".into()), number: -5, tps: 1.0 },
        );
        check(r#"{"number":"","tps":"0.5"}"#, Sample { tps: 0.5, ..Sample::default() });
    }

    #[test]
    fn refuses_other_shapes() {
        for text in ["", "[]", "1", "{", r#"{"number":[]}"#, r#"{"list":{}}"#, r#"{"number":3000000000}"#, "{}x"] {
            assert!(decode::<Sample>(text.as_bytes()).is_err(), "{text}");
        }
        for deep in ["[", "{\"a\":", "{{", "{["] {
            assert!(decode::<Sample>(deep.repeat(100_000).as_bytes()).is_err());
        }
    }

    #[test]
    fn writes_both_dialects() {
        let sample = Sample { map: BTreeMap::from([(0, "a".to_owned())]), ..Sample::default() };
        let text = r#"{"flag":false,"list":[],"map":{0:"a"},"number":0,"tps":0.0}"#;
        assert_eq!(String::from_utf8(encode(&sample)).unwrap(), text);
        let text = r#"{"flag":false,"list":[],"map":{"0":"a"},"number":0,"tps":0.0}"#;
        assert_eq!(String::from_utf8(encode_standard(&sample)).unwrap(), text);
    }
}
