//! Frames: how a stream of bytes is cut into commands.
//!
//! ```text
//! | length 4 | serialize type 1 | header length 3 | header | body |
//!            '------------- length bytes -------------------------'
//! ```
//! All numbers are big-endian. This module knows the length word; [`crate::command`] knows the rest.

use bytes::{Buf, Bytes, BytesMut};

use crate::error::DecodeError;

/// The highest length word, in bytes: Java refuses a frame of more than 16 MiB, its length word included.
pub const FRAME_LENGTH_MAX: usize = 16_777_212;

/// Bytes of the length word.
pub const LENGTH_WORD: usize = 4;

/// Takes one whole frame (without its length word) off the front of `buffer`; `None`: more bytes are needed.
///
/// Never reserves: the reader decides how far the buffer grows.
pub fn take_frame(buffer: &mut BytesMut) -> Result<Option<Bytes>, DecodeError> {
    let Some(length) = peek_length(buffer)? else { return Ok(None) };
    if buffer.len() < LENGTH_WORD + length {
        return Ok(None);
    }
    buffer.advance(LENGTH_WORD);
    Ok(Some(buffer.split_to(length).freeze()))
}

/// Bytes the first frame of `bytes` has after its length word; `None`: the word itself is not there yet.
pub fn peek_length(bytes: &[u8]) -> Result<Option<usize>, DecodeError> {
    let Some(word) = bytes.first_chunk::<LENGTH_WORD>() else { return Ok(None) };
    let length = i32::from_be_bytes(*word);
    match usize::try_from(length) {
        Ok(length) if (4..=FRAME_LENGTH_MAX).contains(&length) => Ok(Some(length)),
        _ => Err(DecodeError::FrameLength { length }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: Result<Option<&[u8]>, DecodeError>) {
        let mut buffer = BytesMut::from(bytes);
        assert_eq!(take_frame(&mut buffer), expected.map(|frame| frame.map(Bytes::copy_from_slice)));
    }

    #[test]
    fn waits_for_the_whole_frame() {
        check(&[], Ok(None));
        check(&[0, 0, 0], Ok(None));
        check(&[0, 0, 0, 4, 1, 2, 3], Ok(None));
        check(&[0, 0, 0, 4, 1, 2, 3, 4, 5], Ok(Some(&[1, 2, 3, 4])));
    }

    #[test]
    fn refuses_lengths_java_closes_on() {
        for length in [0i32, 3, -1, i32::MIN, 16_777_213, 16_777_216, 16_777_217, i32::MAX] {
            check(&length.to_be_bytes(), Err(DecodeError::FrameLength { length }));
        }
        check(&16_777_212i32.to_be_bytes(), Ok(None));
    }

    #[test]
    fn leaves_the_next_frame() {
        let mut buffer = BytesMut::from(&[0, 0, 0, 4, 1, 2, 3, 4, 0, 0][..]);
        assert!(take_frame(&mut buffer).unwrap().is_some());
        assert_eq!(&buffer[..], [0, 0]);
    }
}
