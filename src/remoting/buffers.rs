//! The memory that all connections of a server hold together: frames half read, and answers not taken yet.
//!
//! Owns the sum and its limit. What passes through at once is not counted: a frame that arrived whole, an answer that the
//! socket took. Must not know what the bytes are.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// The sum of all connections.
#[derive(Debug)]
pub(super) struct Buffers {
    bytes_max: usize,
    held: AtomicUsize,
    room: Notify,
}

/// What one holder has of the sum; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    buffers: Arc<Buffers>,
    bytes: AtomicUsize,
}

impl Buffers {
    pub(super) fn new(bytes_max: usize) -> Arc<Buffers> {
        Arc::new(Buffers { bytes_max, held: AtomicUsize::new(0), room: Notify::new() })
    }

    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// More is held than should be.
    pub(super) fn are_full(&self) -> bool {
        self.held() > self.bytes_max
    }

    /// Returns when there is room.
    pub(super) async fn room(&self) {
        loop {
            let mut room = pin!(self.room.notified());
            room.as_mut().enable();
            if !self.are_full() {
                return;
            }
            room.await;
        }
    }

    fn change(&self, from: usize, to: usize) {
        if to >= from {
            self.held.fetch_add(to - from, Ordering::Relaxed);
            return;
        }
        let before = self.held.fetch_sub(from - to, Ordering::Relaxed);
        if before > self.bytes_max {
            self.room.notify_waiters();
        }
    }
}

impl Share {
    pub(super) fn new(buffers: Arc<Buffers>) -> Share {
        Share { buffers, bytes: AtomicUsize::new(0) }
    }

    pub(super) fn buffers(&self) -> &Buffers {
        &self.buffers
    }

    /// Whether there would be no room even if this holder had nothing: a single one always gets on.
    pub(super) fn others_fill_all(&self) -> bool {
        self.buffers.held().saturating_sub(self.bytes.load(Ordering::Relaxed)) > self.buffers.bytes_max
    }

    /// Holds `bytes` more.
    pub(super) fn grow(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.buffers.change(0, bytes);
    }

    /// Holds `bytes` from now on, whatever it was before. Nothing shared is touched if that is no change.
    pub(super) fn set(&self, bytes: usize) {
        if self.bytes.load(Ordering::Relaxed) != bytes {
            self.buffers.change(self.bytes.swap(bytes, Ordering::Relaxed), bytes);
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_are_given_back() {
        let buffers = Buffers::new(100);
        let (one, other) = (Share::new(buffers.clone()), Share::new(buffers.clone()));
        one.set(60);
        other.grow(30);
        other.grow(11);
        assert_eq!((buffers.held(), buffers.are_full()), (101, true));
        one.set(59);
        assert!(!buffers.are_full());
        drop(other);
        assert_eq!(buffers.held(), 59);
        drop(one);
        assert_eq!(buffers.held(), 0);
    }

    #[tokio::test]
    async fn room_is_announced_once_there_is_some() {
        let buffers = Buffers::new(100);
        let share = Share::new(buffers.clone());
        share.set(200);
        let mut waiting = pin!(buffers.room());
        tokio::select! {
            biased;
            () = &mut waiting => panic!("there is no room yet"),
            () = std::future::ready(()) => {}
        }
        share.set(100);
        waiting.await;
    }
}
