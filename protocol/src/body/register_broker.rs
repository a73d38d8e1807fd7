//! What a broker tells the NameServer of itself, plain or compressed.
//!
//! ```text
//! zlib of: length 4 + DataVersion | topic count 4 | (length 4 + topic)* | length 4 + [filter servers]
//! topic = "name readQueues writeQueues perm FILTERTYPE"
//! ```
//! DataVersion and filter servers are JSON. The order flag and the unit bits of topics do not travel compressed.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::{Named, TopicConfig, TopicConfigSerializeWrapper, TopicFilterType, bodies, fastjson};
use crate::error::DecodeError;

/// The most bytes a compressed body may inflate to.
pub const INFLATED_LENGTH_MAX: usize = 64 << 20;

bodies! {
    /// The topics of a broker.
    RegisterBrokerBody {
        /// Filter servers; always empty now.
        pub filter_server_list: Vec<String>,
        /// The topics.
        pub topic_config_serialize_wrapper: TopicConfigSerializeWrapper,
    }
}

impl RegisterBrokerBody {
    /// Reads a body; `compressed` is the request's field.
    pub fn decode(bytes: &[u8], compressed: bool) -> Result<RegisterBrokerBody, DecodeError> {
        if !compressed {
            return fastjson::decode(bytes);
        }
        let mut inflated = Inflated { reader: ZlibDecoder::new(bytes), at: 0 };
        let mut body = RegisterBrokerBody::default();
        let table = &mut body.topic_config_serialize_wrapper;
        table.data_version = fastjson::decode(&inflated.text("data version")?)?;
        for _ in 0..inflated.i32("topic count")? {
            let topic = topic(&String::from_utf8_lossy(&inflated.text("topic")?))?;
            table.topic_config_table.insert(topic.topic_name.clone(), topic);
        }
        // Java: RegisterBrokerBody: a list it cannot read is logged and empty.
        body.filter_server_list = fastjson::decode(&inflated.text("filter servers")?).unwrap_or_default();
        Ok(body)
    }

    /// Writes the body.
    pub fn encode(&self, compressed: bool) -> Vec<u8> {
        if !compressed {
            return fastjson::encode(self);
        }
        let mut plain = Vec::new();
        let table = &self.topic_config_serialize_wrapper;
        put_text(&mut plain, &fastjson::encode(&table.data_version));
        plain.extend_from_slice(&length(table.topic_config_table.len()));
        for topic in table.topic_config_table.values() {
            let TopicConfig { topic_name, read_queue_nums, write_queue_nums, perm, topic_filter_type, .. } = topic;
            let text = format!("{topic_name} {read_queue_nums} {write_queue_nums} {perm} {topic_filter_type}");
            put_text(&mut plain, text.as_bytes());
        }
        put_text(&mut plain, &fastjson::encode(&self.filter_server_list));
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&plain).and_then(|()| encoder.finish()).expect("writing to memory does not fail")
    }
}

fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(&length(text.len()));
    out.extend_from_slice(text);
}

fn length(length: usize) -> [u8; 4] {
    i32::try_from(length).expect("a registration stays below 2 GiB").to_be_bytes()
}

/// Inflates step by step and never past the limit.
struct Inflated<'a> {
    reader: ZlibDecoder<&'a [u8]>,
    at: usize,
}

impl Inflated<'_> {
    /// The next `need` bytes. The buffer grows with what the stream yields, not with what it claims.
    fn bytes(&mut self, need: usize, part: &'static str) -> Result<Vec<u8>, DecodeError> {
        if need > INFLATED_LENGTH_MAX - self.at {
            return Err(DecodeError::TooMany { part: "inflated bytes", limit: INFLATED_LENGTH_MAX });
        }
        let at = self.at;
        let mut bytes = Vec::new();
        let read = self.reader.by_ref().take(need as u64).read_to_end(&mut bytes);
        if read.is_err() {
            return Err(DecodeError::Invalid { part, at, need: "a zlib stream" });
        }
        self.at += bytes.len();
        if bytes.len() < need {
            return Err(DecodeError::Truncated { part, at, need, have: bytes.len() });
        }
        Ok(bytes)
    }

    fn i32(&mut self, part: &'static str) -> Result<i32, DecodeError> {
        let at = self.at;
        let bytes = self.bytes(4, part)?;
        let number = bytes.first_chunk().map(|bytes| i32::from_be_bytes(*bytes));
        number.ok_or(DecodeError::Truncated { part, at, need: 4, have: bytes.len() })
    }

    /// A length and as many bytes.
    fn text(&mut self, part: &'static str) -> Result<Vec<u8>, DecodeError> {
        let at = self.at;
        match usize::try_from(self.i32(part)?) {
            Ok(length) => self.bytes(length, part),
            Err(_) => Err(DecodeError::Invalid { part, at, need: "a length of 0 or more" }),
        }
    }
}

/// One topic; brokers of 5.x append attributes.
fn topic(text: &str) -> Result<TopicConfig, DecodeError> {
    let invalid = || DecodeError::Body(format!("topic is not `name read write perm type`: {text:.200}"));
    let mut parts = text.split(' ');
    let mut next = || parts.next().ok_or_else(invalid);
    let topic_name = next()?.to_owned();
    let mut number = || next()?.parse::<i32>().map_err(|_| invalid());
    let (read_queue_nums, write_queue_nums, perm) = (number()?, number()?, number()?);
    let topic_filter_type = TopicFilterType::from_name(next()?).ok_or_else(invalid)?;
    Ok(TopicConfig { topic_name, read_queue_nums, write_queue_nums, perm, topic_filter_type, ..TopicConfig::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::DataVersion;

    fn sample() -> RegisterBrokerBody {
        let topic = TopicConfig { topic_name: "T".into(), read_queue_nums: 4, perm: 7, ..TopicConfig::default() };
        let mut body = RegisterBrokerBody::default();
        body.topic_config_serialize_wrapper.data_version = DataVersion { counter: 3, timestamp: 1_600_000_000_000 };
        body.topic_config_serialize_wrapper.topic_config_table.insert("T".into(), topic);
        body.filter_server_list.push("127.0.0.1:1".into());
        body
    }

    fn zlib(plain: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn reads_both_forms_back() {
        for compressed in [false, true] {
            let bytes = sample().encode(compressed);
            assert_eq!(RegisterBrokerBody::decode(&bytes, compressed), Ok(sample()));
        }
    }

    #[test]
    fn refuses_lengths_beyond_the_stream() {
        for plain in [&[][..], &[0xff; 4], &[0x7f, 0xff, 0xff, 0xff], &[0, 0, 0, 2, b'{', b'}', 0x7f, 0xff, 0xff, 0xff]]
        {
            assert!(RegisterBrokerBody::decode(&zlib(plain), true).is_err(), "{plain:?}");
        }
        assert!(RegisterBrokerBody::decode(b"no zlib", true).is_err());
    }

    #[test]
    fn refuses_a_bomb() {
        let length = (INFLATED_LENGTH_MAX as i32 + 1).to_be_bytes();
        let bomb = zlib(&[&length[..], &vec![b' '; INFLATED_LENGTH_MAX + 1]].concat());
        let limit = DecodeError::TooMany { part: "inflated bytes", limit: INFLATED_LENGTH_MAX };
        assert_eq!(RegisterBrokerBody::decode(&bomb, true), Err(limit));
    }
}
