//! What a handler is given and what it gives back, and the same for a call to the other side.

use std::fmt;
use std::io;
use std::time::Instant;

use bytes::Bytes;
use skylark_protocol::command::{Command, HeaderCodec, SERVER_VERSION};
use skylark_protocol::error::DecodeError;
use skylark_protocol::fields::{Fields, HeaderFields};
use skylark_protocol::language::Language;
use skylark_protocol::request::Request;
use skylark_protocol::response_code::{SUCCESS, SYSTEM_ERROR};

use super::Peer;

const FLAG_RESPONSE: i32 = 1;

/// Which of a server's ports a request came in by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListenerId(pub u8);

impl ListenerId {
    /// The port named in the configuration.
    pub const MAIN: ListenerId = ListenerId(0);
    /// The broker's second port, two below the first.
    pub const VIP: ListenerId = ListenerId(1);
}

/// A decoded request with all that is known about where it came from.
#[derive(Debug)]
pub struct Incoming<R> {
    /// The typed header.
    pub header: R,
    /// The body as it arrived.
    pub body: Bytes,
    /// All ext fields as they arrived, those of `header` among them.
    pub raw: Fields,
    /// The version number of the sender.
    pub version: i32,
    /// The language of the sender.
    pub language: Language,
    /// True when nobody waits for an answer.
    pub oneway: bool,
    /// The connection it came by.
    pub peer: Peer,
    /// The port it came by.
    pub listener: ListenerId,
    /// When its bytes were read.
    pub received: Instant,
}

/// An answer. Success or not, it carries a header; plain failures are better returned as [`Refusal`].
#[derive(Debug)]
pub struct Reply<R: Request> {
    /// The response code.
    pub code: i32,
    /// The text beside the code.
    pub remark: Option<String>,
    /// The typed header.
    pub header: R::Reply,
    /// The body.
    pub body: Bytes,
    /// Ext fields that are not part of the header.
    pub extra: Fields,
    silent: bool,
}

impl<R: Request> Reply<R> {
    /// Success with a header and no body.
    pub fn ok(header: R::Reply) -> Reply<R> {
        Reply::body(header, Bytes::new())
    }

    /// Success with a header and a body.
    pub fn body(header: R::Reply, body: impl Into<Bytes>) -> Reply<R> {
        Reply { code: SUCCESS, remark: None, header, body: body.into(), extra: Fields::default(), silent: false }
    }

    /// Success with a body; the header says nothing.
    pub fn only_body(body: impl Into<Bytes>) -> Reply<R> {
        Reply::body(R::Reply::default(), body)
    }

    /// Success with nothing to say.
    pub fn empty() -> Reply<R> {
        Reply::ok(R::Reply::default())
    }

    /// No answer at all: some requests are left unanswered on purpose.
    pub fn none() -> Reply<R> {
        Reply { silent: true, ..Reply::empty() }
    }
}

/// An answer other than success: a code and the text that the client will show.
#[derive(Clone, PartialEq, Debug)]
pub struct Refusal {
    /// The response code.
    pub code: i32,
    /// The text beside it.
    pub remark: String,
    /// Ext fields that the answer carries all the same.
    pub extra: Fields,
}

impl Refusal {
    /// A refusal with this code and text.
    pub fn new(code: i32, remark: impl Into<String>) -> Refusal {
        Refusal { code, remark: remark.into(), extra: Fields::default() }
    }

    /// SYSTEM_ERROR with this text.
    pub fn system_error(remark: impl fmt::Display) -> Refusal {
        Refusal::new(SYSTEM_ERROR, remark.to_string())
    }
}

impl From<DecodeError> for Refusal {
    fn from(error: DecodeError) -> Refusal {
        Refusal::system_error(error)
    }
}

/// The answer of the other side to a call.
#[derive(Debug)]
pub struct Answer<R: Request> {
    /// The response code.
    pub code: i32,
    /// The text beside the code.
    pub remark: Option<String>,
    /// The typed header; its default when the code is not success and the header is not there.
    pub header: R::Reply,
    /// The body.
    pub body: Bytes,
    /// All ext fields as they arrived.
    pub raw: Fields,
}

impl<R: Request> Answer<R> {
    pub(super) fn decode(command: Command) -> Result<Answer<R>, CallError> {
        let header = match R::Reply::decode(&command.fields) {
            Ok(header) => header,
            Err(_) if command.code != SUCCESS => R::Reply::default(),
            Err(error) => return Err(CallError::Undecodable(error)),
        };
        Ok(Answer { code: command.code, remark: command.remark, header, body: command.body, raw: command.fields })
    }

    /// Turns an answer other than success into an error.
    pub fn success(self) -> Result<Answer<R>, CallError> {
        if self.code == SUCCESS {
            return Ok(self);
        }
        Err(CallError::Refused(Refusal::new(self.code, self.remark.unwrap_or_default())))
    }
}

/// Why a call to the other side brought no answer.
#[derive(Debug)]
pub enum CallError {
    /// The connection could not be opened.
    Connect(io::Error),
    /// The connection ended before the answer.
    Closed,
    /// The time was over before the answer.
    Timeout,
    /// The other side does not take what was already sent to it.
    Congested,
    /// The answer is not what the request is answered with.
    Undecodable(DecodeError),
    /// The answer is not success; see [`Answer::success`].
    Refused(Refusal),
}

impl fmt::Display for CallError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Connect(error) => write!(out, "connect: {error}"),
            CallError::Closed => out.write_str("connection closed before the answer"),
            CallError::Timeout => out.write_str("no answer in time"),
            CallError::Congested => out.write_str("too much unsent data on the connection"),
            CallError::Undecodable(error) => write!(out, "decode the answer: {error}"),
            CallError::Refused(refusal) => write!(out, "answered {}: {}", refusal.code, refusal.remark),
        }
    }
}

impl std::error::Error for CallError {}

/// What of a request its answer needs: kept aside while the handler owns the rest.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnswerHead {
    pub(super) request_code: i32,
    opaque: i32,
    codec: HeaderCodec,
    oneway: bool,
}

impl AnswerHead {
    pub(super) fn of(request: &Command) -> AnswerHead {
        AnswerHead {
            request_code: request.code,
            opaque: request.opaque,
            codec: request.codec,
            oneway: request.is_oneway(),
        }
    }

    /// The command to send, if one is to be sent.
    pub(super) fn command(self, outcome: Outcome) -> Option<Command> {
        let Outcome::Answer { code, remark, fields, body } = outcome else { return None };
        if self.oneway {
            return None;
        }
        Some(Command {
            code,
            language: Language::Java,
            version: SERVER_VERSION,
            opaque: self.opaque,
            flag: FLAG_RESPONSE,
            remark,
            fields,
            codec: self.codec,
            body,
        })
    }
}

/// A reply or refusal without its type.
#[derive(Debug)]
pub(super) enum Outcome {
    Answer { code: i32, remark: Option<String>, fields: Fields, body: Bytes },
    Silence,
}

impl Outcome {
    /// `fields` distinguishes an answer that has a header class from one that has none.
    pub(super) fn refusal(refusal: Refusal, mut fields: Fields) -> Outcome {
        for (name, value) in refusal.extra.iter() {
            fields.push(name, value);
        }
        Outcome::Answer { code: refusal.code, remark: Some(refusal.remark), fields, body: Bytes::new() }
    }

    pub(super) fn reply<R: Request>(reply: Reply<R>) -> Outcome {
        if reply.silent {
            return Outcome::Silence;
        }
        let mut fields = Fields::default();
        reply.header.encode(&mut fields);
        for (name, value) in reply.extra.iter() {
            fields.push(name, value);
        }
        Outcome::Answer { code: reply.code, remark: reply.remark, fields, body: reply.body }
    }
}
