//! Requests and answers as bytes, in both header codecs.
//!
//! ```text
//! length 4 | serialize type 1 | header length 3 | header | body        length = 4 + header + body
//! ```

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The `version` that a 4.9.7 client sends.
pub const VERSION_4_9_7: i32 = 407;
const FLAG_ONEWAY: i32 = 2;

/// A request under construction; `bytes` is what goes on the wire.
#[derive(Clone, Debug)]
pub struct Request {
    code: Option<i32>,
    fields: Option<Vec<(String, String)>>,
    body: Vec<u8>,
    flag: i32,
    opaque: i32,
    version: i32,
    language: String,
    binary: bool,
}

/// Starts a request with this code, without fields and body.
pub fn request(code: i32) -> Request {
    Request {
        code: Some(code),
        fields: None,
        body: Vec::new(),
        flag: 0,
        opaque: 7,
        version: VERSION_4_9_7,
        language: "JAVA".into(),
        binary: false,
    }
}

impl Request {
    /// Replaces the code.
    pub fn code(mut self, code: i32) -> Request {
        self.code = Some(code);
        self
    }
    /// Sets an ext field, replacing an earlier value.
    pub fn field(mut self, name: &str, value: impl ToString) -> Request {
        let fields = self.fields.get_or_insert_default();
        fields.retain(|(known, _)| known != name);
        fields.push((name.into(), value.to_string()));
        self
    }
    /// Takes an ext field away.
    pub fn without(mut self, name: &str) -> Request {
        self.fields.get_or_insert_default().retain(|(known, _)| known != name);
        self
    }
    /// Leaves the `extFields` key out altogether.
    pub fn without_fields(mut self) -> Request {
        self.fields = None;
        self
    }
    /// Leaves the `code` key out.
    pub fn without_code(mut self) -> Request {
        self.code = None;
        self
    }
    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Request {
        self.body = body.into();
        self
    }
    /// Asks for no answer.
    pub fn oneway(mut self) -> Request {
        self.flag |= FLAG_ONEWAY;
        self
    }
    /// Sets the raw flag.
    pub fn flag(mut self, flag: i32) -> Request {
        self.flag = flag;
        self
    }
    /// Sets the number that pairs the answer with this request.
    pub fn opaque(mut self, opaque: i32) -> Request {
        self.opaque = opaque;
        self
    }
    /// Sets the client's version.
    pub fn version(mut self, version: i32) -> Request {
        self.version = version;
        self
    }
    /// Sets the client's language.
    pub fn language(mut self, language: &str) -> Request {
        self.language = language.into();
        self
    }
    /// Encodes the header in the ROCKETMQ binary form.
    pub fn binary(mut self) -> Request {
        self.binary = true;
        self
    }
    /// The whole frame.
    pub fn bytes(&self) -> Vec<u8> {
        let header = if self.binary { self.binary_header() } else { self.json_header() };
        frame(u8::from(self.binary), &header, &self.body)
    }

    fn json_header(&self) -> Vec<u8> {
        let mut header = json!({"flag": self.flag, "language": self.language, "opaque": self.opaque,
            "serializeTypeCurrentRPC": "JSON", "version": self.version});
        if let Some(code) = self.code {
            header["code"] = code.into();
        }
        if let Some(fields) = &self.fields {
            header["extFields"] = fields
                .iter()
                .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
                .collect::<Map<_, _>>()
                .into();
        }
        header.to_string().into_bytes()
    }

    fn binary_header(&self) -> Vec<u8> {
        let mut ext = Vec::new();
        for (name, value) in self.fields.iter().flatten() {
            ext.extend((name.len() as u16).to_be_bytes());
            ext.extend(name.as_bytes());
            ext.extend((value.len() as u32).to_be_bytes());
            ext.extend(value.as_bytes());
        }
        let mut header = Vec::new();
        header.extend((self.code.unwrap_or(0) as i16).to_be_bytes());
        header.push(0);
        header.extend((self.version as i16).to_be_bytes());
        header.extend(self.opaque.to_be_bytes());
        header.extend(self.flag.to_be_bytes());
        header.extend(0u32.to_be_bytes());
        header.extend((ext.len() as u32).to_be_bytes());
        header.extend(ext);
        header
    }
}

/// A frame around any header bytes, sound or not.
pub fn frame(serialize_type: u8, header: &[u8], body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(8 + header.len() + body.len());
    bytes.extend((4 + header.len() as u32 + body.len() as u32).to_be_bytes());
    bytes.extend((u32::from(serialize_type) << 24 | header.len() as u32).to_be_bytes());
    bytes.extend(header);
    bytes.extend(body);
    bytes
}

/// What came back: an answer, or a request of the server's own.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Response code, or request code.
    pub code: i32,
    /// Bit 0: answer; bit 1: one-way.
    pub flag: i32,
    /// Pairs it with the request.
    pub opaque: i32,
    /// The error text.
    pub remark: String,
    /// Ext fields.
    pub fields: BTreeMap<String, String>,
    /// Body.
    pub body: Vec<u8>,
    /// The header came in the binary form.
    pub binary: bool,
}

impl Answer {
    /// Decodes what follows the length word.
    pub fn decode(frame: &[u8]) -> Answer {
        let mark = u32_at(frame, 0);
        let header_end = 4 + (mark & 0xFF_FFFF) as usize;
        let header = &frame[4..header_end];
        let mut answer = if mark >> 24 == 1 { Answer::from_binary(header) } else { Answer::from_json(header) };
        answer.body = frame[header_end..].to_vec();
        answer
    }

    /// An ext field that must be there.
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).unwrap_or_else(|| panic!("no field {name} in {self:?}"))
    }

    /// An ext field that must be a number.
    pub fn number(&self, name: &str) -> i64 {
        self.field(name).parse().unwrap_or_else(|_| panic!("field {name} is no number in {self:?}"))
    }

    fn from_json(header: &[u8]) -> Answer {
        let header: Value = serde_json::from_slice(header).expect("an answer's header is JSON");
        let number = |key: &str| header[key].as_i64().unwrap_or(0) as i32;
        let fields = header["extFields"].as_object().into_iter().flatten();
        Answer {
            code: number("code"),
            flag: number("flag"),
            opaque: number("opaque"),
            remark: header["remark"].as_str().unwrap_or_default().into(),
            fields: fields.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().into())).collect(),
            ..Answer::default()
        }
    }

    fn from_binary(header: &[u8]) -> Answer {
        let text = |from: usize, len: usize| String::from_utf8_lossy(&header[from..from + len]).into_owned();
        let remark_len = u32_at(header, 13) as usize;
        let mut at = 17 + remark_len;
        let end = at + 4 + u32_at(header, at) as usize;
        at += 4;
        let mut fields = BTreeMap::new();
        while at < end {
            let name_len = usize::from(u16::from_be_bytes([header[at], header[at + 1]]));
            let name = text(at + 2, name_len);
            at += 2 + name_len;
            let value_len = u32_at(header, at) as usize;
            fields.insert(name, text(at + 4, value_len));
            at += 4 + value_len;
        }
        Answer {
            code: i32::from(i16::from_be_bytes([header[0], header[1]])),
            opaque: u32_at(header, 5) as i32,
            flag: u32_at(header, 9) as i32,
            remark: text(17, remark_len),
            fields,
            binary: true,
            ..Answer::default()
        }
    }
}

/// Four bytes, big-endian.
pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// Eight bytes, big-endian.
pub fn i64_at(bytes: &[u8], at: usize) -> i64 {
    i64::from_be_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}
