//! Why bytes were refused. Every variant tells the place and what was needed there; decoding never panics.

use std::fmt;

/// Bytes that do not mean what their place demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The length word of a frame is outside 4..=[`FRAME_LENGTH_MAX`](crate::frame::FRAME_LENGTH_MAX).
    FrameLength {
        /// The length word, read as a signed number as Java does.
        length: i32,
    },
    /// The header length of a frame is 0, above the limit, or more than the frame holds.
    HeaderLength {
        /// Announced bytes of header.
        header: usize,
        /// Bytes of the frame that may hold it.
        have: usize,
    },
    /// The top byte of the header word names no header codec.
    SerializeType(u8),
    /// Fewer bytes than a part needs.
    Truncated {
        /// Which part, in the words of the format.
        part: &'static str,
        /// Offset of the part in bytes.
        at: usize,
        /// Bytes needed.
        need: usize,
        /// Bytes there.
        have: usize,
    },
    /// A part holds a value its format forbids.
    Invalid {
        /// Which part, in the words of the format.
        part: &'static str,
        /// Offset of the part in bytes.
        at: usize,
        /// What would be right there.
        need: &'static str,
    },
    /// More of something than the limit allows.
    TooMany {
        /// What is counted.
        part: &'static str,
        /// The highest count allowed.
        limit: usize,
    },
    /// A required ext field is absent.
    MissingField {
        /// Its name on the wire.
        name: &'static str,
    },
    /// An ext field has a value of another type.
    BadField {
        /// Its name on the wire.
        name: &'static str,
        /// The type needed.
        need: &'static str,
    },
    /// A body is JSON, but not of the shape needed.
    Body(String),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FrameLength { length } => write!(f, "frame length {length} is out of range"),
            Self::HeaderLength { header, have } => write!(f, "header length {header} does not fit, have {have}"),
            Self::SerializeType(kind) => write!(f, "serialize type {kind} is unknown"),
            Self::Truncated { part, at, need, have } => {
                write!(f, "{part} at byte {at} is cut short: need {need}, have {have}")
            }
            Self::Invalid { part, at, need } => write!(f, "{part} at byte {at} is invalid: need {need}"),
            Self::TooMany { part, limit } => write!(f, "more than {limit} {part}"),
            Self::MissingField { name } => write!(f, "the custom field <{name}> is null"),
            Self::BadField { name, need } => write!(f, "the custom field <{name}> is not {need}"),
            Self::Body(reason) => write!(f, "body: {reason}"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// The text of an ext field is not of the type asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The type needed, for people.
    pub need: &'static str,
}
