//! Commands: one request or answer, header and body.
//!
//! ```text
//! | codec 1 | header length 3 | header | body |        codec 0 = JSON, 1 = ROCKETMQ binary
//! ```

use bytes::{BufMut, Bytes, BytesMut};

use crate::error::DecodeError;
use crate::fields::Fields;
use crate::frame::LENGTH_WORD;
use crate::language::Language;
use crate::{header_binary, header_json};

/// The version our answers carry: 4.9.8, whose behaviour we keep.
pub const SERVER_VERSION: i32 = 409;

/// The longest header, in bytes.
pub const HEADER_LENGTH_MAX: usize = 1 << 20;

/// Bytes of the header word.
const HEADER_WORD: usize = 4;

/// Flag bit of an answer.
const FLAG_RESPONSE: i32 = 1;

/// Flag bit of a request nobody answers.
const FLAG_ONEWAY: i32 = 2;

/// How a header is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum HeaderCodec {
    /// A JSON object.
    #[default]
    Json,
    /// The ROCKETMQ binary form.
    Binary,
}

/// A request or an answer. Numbers are Java's, unchecked.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// Request code, or answer code.
    pub code: i32,
    /// The language of the sender.
    pub language: Language,
    /// The version of the sender: 409 is 4.9.8, two steps a release.
    pub version: i32,
    /// Pairs an answer with its request on one connection.
    pub opaque: i32,
    /// Bit 0: answer; bit 1: one-way.
    pub flag: i32,
    /// Text for people, mostly of an error.
    pub remark: Option<String>,
    /// The ext fields.
    pub fields: Fields,
    /// How the header was or will be written.
    pub codec: HeaderCodec,
    /// What follows the header.
    pub body: Bytes,
}

impl Command {
    /// Reads a frame without its length word; the body is a slice of it.
    pub fn decode(frame: Bytes) -> Result<Command, DecodeError> {
        let Some(word) = frame.first_chunk::<HEADER_WORD>() else {
            return Err(DecodeError::Truncated { part: "header word", at: 0, need: HEADER_WORD, have: frame.len() });
        };
        let kind = word[0];
        let header = (u32::from_be_bytes(*word) & 0x00ff_ffff) as usize;
        let have = frame.len() - HEADER_WORD;
        // A header of no bytes has no meaning in either codec; Java closes on it.
        if header == 0 || header > have || header > HEADER_LENGTH_MAX {
            return Err(DecodeError::HeaderLength { header, have });
        }
        let body = frame.slice(HEADER_WORD + header..);
        let header = &frame[HEADER_WORD..HEADER_WORD + header];
        match kind {
            0 => header_json::decode(header, body),
            1 => header_binary::decode(header, body),
            kind => Err(DecodeError::SerializeType(kind)),
        }
    }

    /// Appends the whole frame, its length word included, in the command's codec.
    pub fn encode(&self, out: &mut BytesMut) {
        let start = out.len();
        out.put_bytes(0, LENGTH_WORD + HEADER_WORD);
        let kind = match self.codec {
            HeaderCodec::Json => {
                header_json::encode(self, out);
                0
            }
            HeaderCodec::Binary => {
                header_binary::encode(self, out);
                1
            }
        };
        // Headers are far below the 16 MiB their length word can say: their texts came from headers of at most 1 MiB.
        let header = (out.len() - start - LENGTH_WORD - HEADER_WORD) as u32;
        out.put_slice(&self.body);
        let length = (out.len() - start - LENGTH_WORD) as u32;
        out[start..start + 4].copy_from_slice(&length.to_be_bytes());
        out[start + 4..start + 8].copy_from_slice(&(kind << 24 | (header & 0x00ff_ffff)).to_be_bytes());
    }

    /// Whether this is an answer.
    pub fn is_response(&self) -> bool {
        self.flag & FLAG_RESPONSE != 0
    }

    /// Whether this is a request nobody answers.
    pub fn is_oneway(&self) -> bool {
        self.flag & FLAG_ONEWAY != 0
    }

    /// Makes it a request nobody answers.
    pub fn set_oneway(&mut self) {
        self.flag |= FLAG_ONEWAY;
    }

    /// A request of ours: JSON, opaque 0, no body.
    pub fn request(code: i32, fields: Fields) -> Command {
        Command {
            code,
            language: Language::Java,
            version: SERVER_VERSION,
            opaque: 0,
            flag: 0,
            remark: None,
            fields,
            codec: HeaderCodec::Json,
            body: Bytes::new(),
        }
    }

    /// An answer to `request`: its opaque and codec, no ext fields, no body.
    pub fn response_to(request: &Command, code: i32, remark: Option<String>) -> Command {
        Command {
            opaque: request.opaque,
            flag: FLAG_RESPONSE,
            remark,
            codec: request.codec,
            ..Command::request(code, Fields::default())
        }
    }
}
