//! A conversation over one connection that reads like a packet trace.
//!
//! ```no_run
//! # use compat_tests::{frame::request, script::{Script, answers}};
//! let mut broker = Script::open("127.0.0.1:10911");
//! broker.send(request(9999)).expect(answers(3).remark(" request type 9999 not supported"));
//! broker.send_bytes(&[0, 0, 0, 3]).expect_closed();
//! ```

use crate::frame::{Answer, Request, request};
use crate::wait::DEADLINE;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const GET_BROKER_CLUSTER_INFO: i32 = 106;
/// No conversation of ours uses this opaque: it marks the question that must be answered next.
const MARKER: i32 = 0x5EED;

/// What an answer must look like.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    code: i32,
    remark: Option<String>,
    remark_part: Option<String>,
    fields: Vec<(String, String)>,
}

/// Expects an answer with this code.
pub fn answers(code: i32) -> Expected {
    Expected { code, ..Expected::default() }
}

impl Expected {
    /// The whole remark.
    pub fn remark(mut self, remark: &str) -> Expected {
        self.remark = Some(remark.into());
        self
    }
    /// A part of the remark, where the rest is Java's own exception text.
    pub fn remark_has(mut self, part: &str) -> Expected {
        self.remark_part = Some(part.into());
        self
    }
    /// The value of an ext field.
    pub fn field(mut self, name: &str, value: impl ToString) -> Expected {
        self.fields.push((name.into(), value.to_string()));
        self
    }
    /// What of this an answer does not fulfil.
    pub fn difference(&self, answer: &Answer) -> Option<String> {
        let fulfilled = answer.code == self.code
            && self.remark.as_ref().is_none_or(|remark| *remark == answer.remark)
            && self.remark_part.as_ref().is_none_or(|part| answer.remark.contains(part))
            && self.fields.iter().all(|(name, value)| answer.fields.get(name) == Some(value))
            && answer.flag & 1 == 1;
        (!fulfilled).then(|| format!("expected {self:?}\n     got {answer:?}"))
    }
}

/// One connection.
pub struct Script {
    stream: TcpStream,
    address: String,
}

impl Script {
    /// Connects.
    pub fn open(address: &str) -> Script {
        Script::try_open(address).unwrap_or_else(|error| panic!("connect to {address}: {error}"))
    }

    /// Connects, or says why not.
    pub fn try_open(address: &str) -> io::Result<Script> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_write_timeout(Some(DEADLINE))?;
        Ok(Script { stream, address: address.into() })
    }

    /// Waits less long for what is read.
    pub fn patience(&mut self, patience: Duration) -> io::Result<()> {
        self.stream.set_read_timeout(Some(patience))
    }

    /// A second handle on the same connection, to read while another thread writes.
    pub fn split(&self) -> io::Result<Script> {
        Ok(Script { stream: self.stream.try_clone()?, address: self.address.clone() })
    }

    /// Sends a request.
    pub fn send(&mut self, request: Request) -> &mut Script {
        self.send_bytes(&request.bytes())
    }

    /// Sends any bytes. A server that has closed already is found out by the next expectation.
    pub fn send_bytes(&mut self, bytes: &[u8]) -> &mut Script {
        let _ = self.try_send(bytes);
        self
    }

    /// Sends any bytes, or says why not.
    pub fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Reads the next frame.
    pub fn try_read(&mut self) -> io::Result<Answer> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut frame)?;
        Ok(Answer::decode(&frame))
    }

    /// The next frame, which must come.
    pub fn answer(&mut self) -> Answer {
        let address = self.address.clone();
        self.try_read().unwrap_or_else(|error| panic!("no answer from {address}: {error}"))
    }

    /// The next frame must be this answer.
    pub fn expect(&mut self, expected: Expected) -> Answer {
        let answer = self.answer();
        if let Some(difference) = expected.difference(&answer) {
            panic!("{difference}");
        }
        answer
    }

    /// The server must close the connection without another frame.
    pub fn expect_closed(&mut self) {
        match self.try_read() {
            Ok(answer) => panic!("expected the connection to be closed, got {answer:?}"),
            Err(error) if is_timeout(&error) => panic!("expected the connection to be closed, it stayed open"),
            Err(_) => {}
        }
    }

    /// Nothing comes for what was sent: the next answer, and the one after, belong to questions asked later. Needs no clock.
    pub fn expect_silence(&mut self) -> &mut Script {
        for marker in [MARKER, MARKER + 1] {
            self.send_bytes(&marker_question(marker));
            let answer = self.answer();
            assert_eq!(answer.opaque, marker, "expected no answer, got {answer:?}");
        }
        self
    }

    /// The connection still serves.
    pub fn expect_usable(&mut self) -> &mut Script {
        self.expect_silence()
    }

    /// Sends a request and returns its answer.
    pub fn ask(&mut self, request: Request) -> Answer {
        self.send(request).answer()
    }
}

/// A NameServer answers it with the cluster, a broker with 3 (not supported): both answer.
fn marker_question(opaque: i32) -> Vec<u8> {
    request(GET_BROKER_CLUSTER_INFO).opaque(opaque).bytes()
}

/// The read gave up waiting, as opposed to: the other side closed.
pub fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
