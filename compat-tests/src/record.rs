//! Messages as they lie in the log and travel in pull answers; written from the format's tables alone.

use crate::frame::{i64_at, u32_at};
use std::fs;
use std::path::Path;

const MESSAGE_MAGIC: u32 = 0xDAA3_20A7;
const BLANK_MAGIC: u32 = 0xCBD4_3194;
const BORN_HOST_V6: i32 = 0x10;
const STORE_HOST_V6: i32 = 0x20;

/// One stored message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// TOTALSIZE.
    pub total_size: usize,
    /// QUEUEID.
    pub queue_id: i32,
    /// QUEUEOFFSET.
    pub queue_offset: i64,
    /// PHYSICALOFFSET.
    pub physical_offset: i64,
    /// SYSFLAG.
    pub sys_flag: i32,
    /// FLAG.
    pub flag: i32,
    /// STORETIMESTAMP.
    pub store_timestamp: i64,
    /// RECONSUMETIMES.
    pub reconsume_times: i32,
    /// BODYCRC.
    pub body_crc: u32,
    /// BODY.
    pub body: Vec<u8>,
    /// TOPIC.
    pub topic: String,
    /// PROPERTIES.
    pub properties: String,
}

impl Record {
    /// Parses the record at the start of `bytes`; panics where it contradicts itself.
    pub fn parse(bytes: &[u8]) -> Record {
        let total_size = u32_at(bytes, 0) as usize;
        assert_eq!(u32_at(bytes, 4), MESSAGE_MAGIC, "magic of a record");
        let sys_flag = u32_at(bytes, 36) as i32;
        let born_len = if sys_flag & BORN_HOST_V6 == 0 { 8 } else { 20 };
        let store_len = if sys_flag & STORE_HOST_V6 == 0 { 8 } else { 20 };
        let store_timestamp_at = 48 + born_len;
        let reconsume_times_at = store_timestamp_at + 8 + store_len;
        let mut at = reconsume_times_at + 4 + 8;
        let body_len = u32_at(bytes, at) as usize;
        let body = bytes[at + 4..at + 4 + body_len].to_vec();
        at += 4 + body_len;
        let topic_len = usize::from(bytes[at]);
        let topic = text(&bytes[at + 1..at + 1 + topic_len]);
        at += 1 + topic_len;
        let properties_len = usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
        let properties = text(&bytes[at + 2..at + 2 + properties_len]);
        assert_eq!(at + 2 + properties_len, total_size, "lengths of a record add up to its size");
        Record {
            total_size,
            queue_id: u32_at(bytes, 12) as i32,
            queue_offset: i64_at(bytes, 20),
            physical_offset: i64_at(bytes, 28),
            sys_flag,
            flag: u32_at(bytes, 16) as i32,
            store_timestamp: i64_at(bytes, store_timestamp_at),
            reconsume_times: u32_at(bytes, reconsume_times_at) as i32,
            body_crc: u32_at(bytes, 8),
            body,
            topic,
            properties,
        }
    }

    /// The records of a pull answer.
    pub fn all_in(mut bytes: &[u8]) -> Vec<Record> {
        let mut all = Vec::new();
        while !bytes.is_empty() {
            let record = Record::parse(bytes);
            bytes = &bytes[record.total_size..];
            all.push(record);
        }
        all
    }

    /// The body has the CRC that is stored with it.
    pub fn is_body_whole(&self) -> bool {
        crc32fast::hash(&self.body) & 0x7FFF_FFFF == self.body_crc
    }

    /// The value of a property.
    pub fn property(&self, name: &str) -> Option<&str> {
        let pairs = self.properties.split('\u{2}').filter_map(|pair| pair.split_once('\u{1}'));
        pairs.filter(|(known, _)| *known == name).map(|(_, value)| value).next_back()
    }
}

/// All records of a `commitlog/` folder, in order, up to the first place that holds none.
pub fn records_of_log(folder: &Path) -> Vec<Record> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("read {}: {error}", folder.display()));
    let mut segments: Vec<_> = entries.map(|entry| entry.expect("an entry of the log's folder").path()).collect();
    segments.retain(|path| path.file_name().is_some_and(|name| name.len() == 20));
    segments.sort();
    let mut records = Vec::new();
    for segment in segments {
        let bytes = fs::read(&segment).expect("read a segment");
        let mut at = 0;
        while at + 8 <= bytes.len() && u32_at(&bytes, at + 4) == MESSAGE_MAGIC {
            let record = Record::parse(&bytes[at..]);
            at += record.total_size;
            records.push(record);
        }
        let is_full = at + 8 <= bytes.len() && u32_at(&bytes, at + 4) == BLANK_MAGIC;
        if !is_full {
            break;
        }
    }
    records
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text in a record is UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_that_java_wrote_is_read() {
        let hex = "00000064daa320a758932aac0000000100000000000000000000000500000000000003e80000000000000174876e8000\
            7f000001000004d200000174876e80017f00000100002a9f0000000000000000000000000000000268690154\
            00064b455953016b";
        let digits: String = hex.split_whitespace().collect();
        let bytes: Vec<u8> =
            (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex")).collect();
        let record = Record::parse(&bytes);
        assert_eq!(
            (record.total_size, record.queue_id, record.queue_offset, record.physical_offset),
            (100, 1, 5, 1000)
        );
        assert_eq!(
            (record.topic.as_str(), record.body.as_slice(), record.property("KEYS")),
            ("T", b"hi".as_slice(), Some("k"))
        );
        assert!(record.is_body_whole());
    }
}
