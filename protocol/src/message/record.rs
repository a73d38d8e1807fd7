//! The record of a message: in the commit log, in a pull answer and between master and slave the same bytes.
//!
//! ```text
//! TOTALSIZE 4 | MAGIC 4 | BODYCRC 4 | QUEUEID 4 | FLAG 4 | QUEUEOFFSET 8 | PHYSICALOFFSET 8 | SYSFLAG 4
//! | BORNTIMESTAMP 8 | BORNHOST 8/20 | STORETIMESTAMP 8 | STOREHOST 8/20 | RECONSUMETIMES 4 | PREPAREDOFFSET 8
//! | BODYLENGTH 4 + body | TOPICLENGTH 1 + topic | PROPERTIESLENGTH 2 + properties
//! ```
//! All numbers are signed and big-endian; times are ms. Only the body has a checksum.

use std::net::{IpAddr, SocketAddr};

use crate::error::DecodeError;
use crate::message::sys_flag::{BORN_HOST_V6, STORE_HOST_V6};
use crate::reader::Reader;

/// The magic of a message record.
pub const MESSAGE_MAGIC: i32 = 0xDAA3_20A7u32 as i32;

/// The magic of the blank at the end of a log file.
pub const BLANK_MAGIC: i32 = 0xCBD4_3194u32 as i32;

/// Bytes of a record of IPv4 hosts without body, topic and properties; the least a record can have.
pub const RECORD_LENGTH_MIN: usize = 91;

/// The longest topic, in bytes.
pub const TOPIC_LENGTH_MAX: usize = 127;

/// The longest properties string, in bytes.
pub const PROPERTIES_LENGTH_MAX: usize = 32_767;

/// Bytes an IPv6 host takes more than an IPv4 one.
const V6_EXTRA: usize = 12;

/// The checksum of a body: CRC-32 without its top bit; an empty body has 0.
pub fn body_crc(body: &[u8]) -> u32 {
    if body.is_empty() { 0 } else { crc32fast::hash(body) & 0x7fff_ffff }
}

/// What a record says; offsets in bytes of the log or messages of the queue, times in ms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordFields<'a> {
    /// Queue of the topic.
    pub queue_id: i32,
    /// The user's flag.
    pub flag: i32,
    /// Index in the queue.
    pub queue_offset: i64,
    /// Where in the log the record lies.
    pub physical_offset: i64,
    /// See [`sys_flag`](crate::message::sys_flag); the bits of the hosts are set by `encode`.
    pub sys_flag: i32,
    /// When the client made it, ms.
    pub born_timestamp: i64,
    /// The client's address.
    pub born_host: SocketAddr,
    /// When the broker stored it, ms.
    pub store_timestamp: i64,
    /// The broker's address.
    pub store_host: SocketAddr,
    /// How often it was sent back.
    pub reconsume_times: i32,
    /// Of a committed message: where its half message lies; else 0.
    pub prepared_transaction_offset: i64,
    /// [`body_crc`] of the body.
    pub body_crc: u32,
    /// The body as sent.
    pub body: &'a [u8],
    /// The topic, at most [`TOPIC_LENGTH_MAX`] bytes.
    pub topic: &'a str,
    /// The properties string, at most [`PROPERTIES_LENGTH_MAX`] bytes.
    pub properties: &'a str,
}

impl RecordFields<'_> {
    /// Whether every length can be said in the record's length fields.
    pub fn fits(&self) -> bool {
        self.topic.len() <= TOPIC_LENGTH_MAX
            && self.properties.len() <= PROPERTIES_LENGTH_MAX
            && i32::try_from(self.encoded_len()).is_ok()
    }

    /// Bytes of the record.
    pub fn encoded_len(&self) -> usize {
        let hosts = usize::from(self.born_host.is_ipv6()) + usize::from(self.store_host.is_ipv6());
        RECORD_LENGTH_MIN + hosts * V6_EXTRA + self.body.len() + self.topic.len() + self.properties.len()
    }

    /// Appends the record, reserving once. Panics unless it [`fits`](Self::fits): the sender's limits lie far below.
    pub fn encode(&self, out: &mut Vec<u8>) {
        assert!(self.fits(), "a record's lengths were checked before it is encoded");
        let length = self.encoded_len();
        out.reserve(length);
        let mut sys_flag = self.sys_flag & !(BORN_HOST_V6 | STORE_HOST_V6);
        if self.born_host.is_ipv6() {
            sys_flag |= BORN_HOST_V6;
        }
        if self.store_host.is_ipv6() {
            sys_flag |= STORE_HOST_V6;
        }
        out.extend_from_slice(&(length as i32).to_be_bytes());
        out.extend_from_slice(&MESSAGE_MAGIC.to_be_bytes());
        out.extend_from_slice(&self.body_crc.to_be_bytes());
        out.extend_from_slice(&self.queue_id.to_be_bytes());
        out.extend_from_slice(&self.flag.to_be_bytes());
        out.extend_from_slice(&self.queue_offset.to_be_bytes());
        out.extend_from_slice(&self.physical_offset.to_be_bytes());
        out.extend_from_slice(&sys_flag.to_be_bytes());
        out.extend_from_slice(&self.born_timestamp.to_be_bytes());
        put_host(out, self.born_host);
        out.extend_from_slice(&self.store_timestamp.to_be_bytes());
        put_host(out, self.store_host);
        out.extend_from_slice(&self.reconsume_times.to_be_bytes());
        out.extend_from_slice(&self.prepared_transaction_offset.to_be_bytes());
        out.extend_from_slice(&(self.body.len() as i32).to_be_bytes());
        out.extend_from_slice(self.body);
        out.push(self.topic.len() as u8);
        out.extend_from_slice(self.topic.as_bytes());
        out.extend_from_slice(&(self.properties.len() as i16).to_be_bytes());
        out.extend_from_slice(self.properties.as_bytes());
    }
}

/// Appends a host as records hold it: address, then a port of 4 bytes.
pub(crate) fn put_host(out: &mut Vec<u8>, host: SocketAddr) {
    match host.ip() {
        IpAddr::V4(ip) => out.extend_from_slice(&ip.octets()),
        IpAddr::V6(ip) => out.extend_from_slice(&ip.octets()),
    }
    out.extend_from_slice(&u32::from(host.port()).to_be_bytes());
}

/// A whole record, checked once: its lengths add up to TOTALSIZE. The CRC is not part of the check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordView<'a> {
    bytes: &'a [u8],
    fields: RecordFields<'a>,
}

impl<'a> RecordView<'a> {
    /// Checks `bytes`, which must be exactly one record.
    pub fn parse(bytes: &'a [u8]) -> Result<RecordView<'a>, DecodeError> {
        let (record, rest) = Self::split_first(bytes)?;
        if rest.is_empty() {
            return Ok(record);
        }
        Err(DecodeError::Invalid { part: "record", at: record.bytes.len(), need: "the end" })
    }

    /// Checks the first record of `bytes` and gives the bytes behind it, as of a pull answer.
    pub fn split_first(bytes: &'a [u8]) -> Result<(RecordView<'a>, &'a [u8]), DecodeError> {
        let total = Reader::new(bytes).i32("total size")?;
        let record = Reader::new(bytes).bytes(total.into(), "record")?;
        let mut reader = Reader::new(record);
        let fields = parse_fields(&mut reader)?;
        if !reader.is_empty() {
            let need = "lengths that add up to the total size";
            return Err(DecodeError::Invalid { part: "record", at: reader.at(), need });
        }
        Ok((RecordView { bytes: record, fields }, &bytes[record.len()..]))
    }

    /// The record's bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Everything the record says.
    pub fn fields(&self) -> &RecordFields<'a> {
        &self.fields
    }

    /// Bytes of the record.
    pub fn total_size(&self) -> usize {
        self.bytes.len()
    }

    /// Queue of the topic.
    pub fn queue_id(&self) -> i32 {
        self.fields.queue_id
    }

    /// The user's flag.
    pub fn flag(&self) -> i32 {
        self.fields.flag
    }

    /// Index in the queue.
    pub fn queue_offset(&self) -> i64 {
        self.fields.queue_offset
    }

    /// Where in the log the record says it lies, bytes.
    pub fn physical_offset(&self) -> i64 {
        self.fields.physical_offset
    }

    /// See [`sys_flag`](crate::message::sys_flag).
    pub fn sys_flag(&self) -> i32 {
        self.fields.sys_flag
    }

    /// When the client made it, ms.
    pub fn born_timestamp(&self) -> i64 {
        self.fields.born_timestamp
    }

    /// The client's address.
    pub fn born_host(&self) -> SocketAddr {
        self.fields.born_host
    }

    /// When the broker stored it, ms.
    pub fn store_timestamp(&self) -> i64 {
        self.fields.store_timestamp
    }

    /// The broker's address.
    pub fn store_host(&self) -> SocketAddr {
        self.fields.store_host
    }

    /// How often it was sent back.
    pub fn reconsume_times(&self) -> i32 {
        self.fields.reconsume_times
    }

    /// Of a committed message: where its half message lies, bytes; else 0.
    pub fn prepared_transaction_offset(&self) -> i64 {
        self.fields.prepared_transaction_offset
    }

    /// The checksum the record holds.
    pub fn body_crc(&self) -> u32 {
        self.fields.body_crc
    }

    /// The body as sent.
    pub fn body(&self) -> &'a [u8] {
        self.fields.body
    }

    /// The topic.
    pub fn topic(&self) -> &'a str {
        self.fields.topic
    }

    /// The properties string.
    pub fn properties(&self) -> &'a str {
        self.fields.properties
    }

    /// Whether the body is the one the checksum was made of.
    pub fn check_body_crc(&self) -> bool {
        body_crc(self.fields.body) == self.fields.body_crc
    }
}

#[inline]
fn parse_fields<'a>(reader: &mut Reader<'a>) -> Result<RecordFields<'a>, DecodeError> {
    reader.i32("total size")?;
    if reader.i32("magic")? != MESSAGE_MAGIC {
        return Err(DecodeError::Invalid { part: "magic", at: 4, need: "DAA320A7" });
    }
    let body_crc = reader.i32("body CRC")? as u32;
    let queue_id = reader.i32("queue id")?;
    let flag = reader.i32("flag")?;
    let queue_offset = reader.i64("queue offset")?;
    let physical_offset = reader.i64("physical offset")?;
    let sys_flag = reader.i32("sys flag")?;
    let born_timestamp = reader.i64("born timestamp")?;
    let born_host = reader.host(sys_flag & BORN_HOST_V6 != 0, "born host")?;
    let store_timestamp = reader.i64("store timestamp")?;
    let store_host = reader.host(sys_flag & STORE_HOST_V6 != 0, "store host")?;
    let reconsume_times = reader.i32("reconsume times")?;
    let prepared_transaction_offset = reader.i64("prepared transaction offset")?;
    let length = reader.i32("body length")?;
    let body = reader.bytes(length.into(), "body")?;
    // Java reads the byte as signed, so a topic above 127 bytes has a negative length.
    let length = reader.u8("topic length")?.cast_signed();
    let topic = reader.text(length.into(), "topic")?;
    let length = reader.i16("properties length")?;
    let properties = reader.text(length.into(), "properties")?;
    Ok(RecordFields {
        queue_id,
        flag,
        queue_offset,
        physical_offset,
        sys_flag,
        born_timestamp,
        born_host,
        store_timestamp,
        store_host,
        reconsume_times,
        prepared_transaction_offset,
        body_crc,
        body,
        topic,
        properties,
    })
}

/// The records of a pull answer, back to back; ends after the first damaged one.
pub fn records(mut bytes: &[u8]) -> impl Iterator<Item = Result<RecordView<'_>, DecodeError>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        match RecordView::split_first(bytes) {
            Ok((record, rest)) => {
                bytes = rest;
                Some(Ok(record))
            }
            Err(error) => {
                bytes = &[];
                Some(Err(error))
            }
        }
    })
}
