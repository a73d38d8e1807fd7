//! The bytes of a connection that are read and not yet frames.
//!
//! Owns the read buffer, which grows with what arrived and is let go when it is empty, and the clock of a half-sent
//! frame. Must not know what a frame holds.

use std::io;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use skylark_protocol::error::DecodeError;
use skylark_protocol::frame::take_frame;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::Limits;
use super::buffers::Share;

/// What a first read may bring; doubled while reads fill it.
const READ_BYTES_MIN: usize = 4 * 1024;
const READ_BYTES_MAX: usize = 64 * 1024;

pub(super) struct Inbound {
    buffer: BytesMut,
    read_bytes: usize,
    /// The memory of a half-read frame that is large.
    share: Share,
    /// Since when the buffer holds the beginning of a frame.
    partial_since: Option<Instant>,
}

impl Inbound {
    pub(super) fn new(share: Share) -> Inbound {
        Inbound { buffer: BytesMut::new(), read_bytes: READ_BYTES_MIN, share, partial_since: None }
    }

    pub(super) fn poll_read<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        // A frame larger than one read doubles what it already has, however long it says it will be.
        self.buffer.reserve(self.read_bytes.max(self.buffer.len()));
        let room = self.buffer.capacity() - self.buffer.len();
        let polled = pin!(stream.read_buf(&mut self.buffer)).poll(context);
        match polled {
            Poll::Ready(Ok(count)) if count == room => self.read_bytes = (self.read_bytes * 2).min(READ_BYTES_MAX),
            // An idle connection holds no buffer.
            Poll::Pending if self.buffer.is_empty() => self.buffer = BytesMut::new(),
            _ => {}
        }
        polled
    }

    /// The next whole frame, without its length word.
    pub(super) fn next_frame(&mut self) -> Result<Option<Bytes>, DecodeError> {
        take_frame(&mut self.buffer)
    }

    /// Notes whether the burst ended inside a frame.
    pub(super) fn burst_ended(&mut self, frames: usize, now: Instant) {
        self.share.set(if self.is_large() { self.buffer.capacity() } else { 0 });
        if self.buffer.is_empty() {
            self.partial_since = None;
        } else if frames > 0 || self.partial_since.is_none() {
            self.partial_since = Some(now);
        }
    }

    /// Whether the rest of a large frame should not be read now: others hold all the memory there is.
    pub(super) fn lacks_room(&self) -> bool {
        self.is_large() && self.share.others_fill_all()
    }

    fn is_large(&self) -> bool {
        self.buffer.len() > READ_BYTES_MAX
    }

    /// Reading was paused by us: the time until now does not count against the sender.
    pub(super) fn resumed(&mut self, now: Instant) {
        if self.partial_since.is_some() {
            self.partial_since = Some(now);
        }
    }

    /// When the half-sent frame, if there is one, will have been too slow.
    pub(super) fn deadline(&self, limits: &Limits) -> Option<Instant> {
        let earned = Duration::from_secs_f64(self.buffer.len() as f64 / limits.frame_pace_min as f64);
        Some(self.partial_since? + limits.frame_patience + earned)
    }
}
