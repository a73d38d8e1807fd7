//! One connection as the rest of the process sees it: a handle to ask and to notify the other side.
//!
//! Owns what is still to be written to that connection and the calls that wait for an answer. Handles outlive the
//! connection; after its end they refuse. Must not know how bytes reach the socket.

use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use skylark_protocol::command::Command;
use skylark_protocol::fields::Fields;
use skylark_protocol::request::Request;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use super::Limits;
use super::buffers::{Buffers, Share};
use super::exchange::{Answer, AnswerHead, CallError, ListenerId, Outcome};

/// An answer of so many bytes is counted from the start: until its socket is full, many more like it may be made.
const LARGE_ANSWER_BYTES: usize = 4 * 1024;

/// A connection: cheap to clone, equal to itself only.
#[derive(Clone)]
pub struct Peer {
    inner: Arc<Inner>,
}

/// The connections of a server hold more memory than they may together.
#[derive(Clone, Copy, Debug)]
pub struct ServerFull {
    /// What they hold, in bytes.
    pub held_bytes: usize,
}

impl fmt::Display for ServerFull {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} bytes are held for requests half read and answers not taken", self.held_bytes)
    }
}

struct Inner {
    id: u64,
    remote: SocketAddr,
    listener: ListenerId,
    unsent_bytes_max: usize,
    held_requests_max: usize,
    /// Encoded frames that the connection has not taken yet; None: it has ended.
    queue: Mutex<Option<BytesMut>>,
    /// Bytes in `queue` and in the hands of the connection.
    unsent: AtomicUsize,
    /// What of `unsent` is counted among the buffers of the server: all of it once the socket has taken no more.
    share: Share,
    /// Wakes the connection: something in `queue`, a request finished, or `hang_up` was set.
    wake: Notify,
    hang_up: AtomicBool,
    in_flight: AtomicUsize,
    next_opaque: AtomicI32,
    calls: Mutex<HashMap<i32, oneshot::Sender<Command>>>,
    closed: CancellationToken,
}

impl Peer {
    pub(super) fn new(remote: SocketAddr, listener: ListenerId, limits: &Limits, buffers: Arc<Buffers>) -> Peer {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let inner = Inner {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            remote,
            listener,
            unsent_bytes_max: limits.unsent_bytes_max,
            held_requests_max: limits.held_requests_max,
            queue: Mutex::new(Some(BytesMut::new())),
            unsent: AtomicUsize::new(0),
            share: Share::new(buffers),
            wake: Notify::new(),
            hang_up: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            next_opaque: AtomicI32::new(0),
            calls: Mutex::new(HashMap::new()),
            closed: CancellationToken::new(),
        };
        Peer { inner: Arc::new(inner) }
    }

    /// A peer that no socket stands behind: what is sent to it goes nowhere.
    #[cfg(test)]
    pub fn detached(remote: SocketAddr) -> Peer {
        Peer::new(remote, ListenerId::MAIN, &Limits::default(), Buffers::new(usize::MAX))
    }

    /// A number that no other connection of this process has or had.
    pub fn id(&self) -> u64 {
        self.inner.id
    }

    /// The address of the other side.
    pub fn remote(&self) -> SocketAddr {
        self.inner.remote
    }

    /// The port by which it came in.
    pub fn listener(&self) -> ListenerId {
        self.inner.listener
    }

    /// True from the moment the connection ended.
    pub fn is_closed(&self) -> bool {
        self.inner.closed.is_cancelled()
    }

    /// Returns once the connection ended.
    pub async fn closed(&self) {
        self.inner.closed.cancelled().await;
    }

    /// Asks the connection to end; what was already queued is still sent.
    pub fn close(&self) {
        self.inner.hang_up.store(true, Ordering::Release);
        self.inner.wake.notify_one();
    }

    /// Whether a handler may hold another request of this connection back until something happens.
    pub fn may_hold(&self) -> bool {
        self.inner.in_flight.load(Ordering::Relaxed) < self.inner.held_requests_max
    }

    /// Why the server should take on nothing that needs memory: its connections hold more than they may together.
    pub fn server_is_full(&self) -> Option<ServerFull> {
        let buffers = self.inner.share.buffers();
        buffers.are_full().then(|| ServerFull { held_bytes: buffers.held() })
    }

    /// Returns when the server has room again.
    pub async fn server_has_room(&self) {
        self.inner.share.buffers().room().await;
    }

    /// Sends a one-way request. Never blocks: it is dropped if the other side leaves too much unread, or is gone; false
    /// then.
    pub fn notify<R: Request>(&self, header: &R, body: Bytes) -> bool {
        if self.is_congested() || self.is_closed() {
            tracing::debug!(peer = %self.inner.remote, code = R::CODE, "drop a notification");
            return false;
        }
        let mut command = request(header, body);
        command.opaque = self.next_opaque();
        command.set_oneway();
        self.send(&command);
        true
    }

    /// Sends a request over this connection and waits for its answer.
    pub async fn call<R: Request>(&self, header: &R, body: Bytes, timeout: Duration) -> Result<Answer<R>, CallError> {
        self.forward(request(header, body), timeout).await.and_then(Answer::decode)
    }

    /// As [`Peer::call`], with ext fields beyond those of the header.
    pub async fn call_with<R: Request>(
        &self,
        header: &R,
        extra: &Fields,
        body: Bytes,
        timeout: Duration,
    ) -> Result<Answer<R>, CallError> {
        let mut command = request(header, body);
        for (name, value) in extra.iter() {
            command.fields.push(name, value);
        }
        self.forward(command, timeout).await.and_then(Answer::decode)
    }

    async fn forward(&self, mut command: Command, timeout: Duration) -> Result<Command, CallError> {
        if self.is_congested() {
            return Err(CallError::Congested);
        }
        command.opaque = self.next_opaque();
        let (sender, receiver) = oneshot::channel();
        let _entry = CallEntry::insert(self, command.opaque, sender);
        // The entry first, then the look: a connection that ends in between drops the sender or shows here.
        if self.is_closed() {
            return Err(CallError::Closed);
        }
        self.send(&command);
        match tokio::time::timeout(timeout, receiver).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(CallError::Closed),
            Err(_) => Err(CallError::Timeout),
        }
    }

    fn next_opaque(&self) -> i32 {
        self.inner.next_opaque.fetch_add(1, Ordering::Relaxed) & i32::MAX
    }

    fn is_congested(&self) -> bool {
        self.inner.unsent.load(Ordering::Relaxed) > self.inner.unsent_bytes_max
    }

    fn send(&self, command: &Command) {
        self.enqueue(command);
        self.inner.wake.notify_one();
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<i32, oneshot::Sender<Command>>> {
        self.inner.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What only the connection and its requests in flight use.
impl Peer {
    /// Queues a frame without waking the connection: for the connection itself, which is awake.
    pub(super) fn enqueue(&self, command: &Command) {
        let mut queue = self.queue();
        let Some(queue) = &mut *queue else { return };
        let before = queue.len();
        command.encode(queue);
        let bytes = queue.len() - before;
        self.inner.unsent.fetch_add(bytes, Ordering::Relaxed);
        if bytes >= LARGE_ANSWER_BYTES {
            self.inner.share.grow(bytes);
        }
    }

    /// Takes everything queued; `writing` must be empty and its memory is used again.
    pub(super) fn take_queue(&self, writing: &mut BytesMut) {
        if let Some(queue) = &mut *self.queue() {
            std::mem::swap(queue, writing);
        }
    }

    /// Gives back the memory of an empty queue.
    pub(super) fn release_memory(&self) {
        if let Some(queue) = &mut *self.queue()
            && queue.is_empty()
        {
            *queue = BytesMut::new();
        }
    }

    pub(super) fn unsent(&self) -> usize {
        self.inner.unsent.load(Ordering::Relaxed)
    }

    pub(super) fn sent(&self, bytes: usize) {
        if self.inner.unsent.fetch_sub(bytes, Ordering::Relaxed) == bytes {
            self.inner.share.set(0);
        }
    }

    /// The socket takes no more for now: what is unsent stays in memory.
    pub(super) fn count_unsent(&self) {
        self.inner.share.set(self.unsent());
    }

    pub(super) fn woken(&self) -> tokio::sync::futures::Notified<'_> {
        self.inner.wake.notified()
    }

    pub(super) fn hangs_up(&self) -> bool {
        self.inner.hang_up.load(Ordering::Acquire)
    }

    pub(super) fn in_flight(&self) -> usize {
        self.inner.in_flight.load(Ordering::Acquire)
    }

    pub(super) fn request_began(&self) {
        self.inner.in_flight.fetch_add(1, Ordering::AcqRel);
    }

    /// Queues the answer of a request in flight, unless the connection is gone.
    pub(super) fn request_ended(&self, head: AnswerHead, outcome: Outcome) {
        if let Some(command) = head.command(outcome) {
            self.enqueue(&command);
        }
        self.inner.in_flight.fetch_sub(1, Ordering::AcqRel);
        self.inner.wake.notify_one();
    }

    /// Hands an answer to the call that waits for it. Java: an answer that nobody waits for is dropped.
    pub(super) fn answered(&self, answer: Command) {
        let waiting = self.calls().remove(&answer.opaque);
        match waiting {
            // A caller that gave up in this moment is no error.
            Some(sender) => drop(sender.send(answer)),
            None => tracing::debug!(peer = %self.inner.remote, opaque = answer.opaque, "drop an answer nobody awaits"),
        }
    }

    /// The connection is over: calls fail, queued bytes go away, [`Peer::closed`] returns.
    pub(super) fn ended(&self) {
        self.inner.closed.cancel();
        self.calls().clear();
        *self.queue() = None;
        self.inner.share.set(0);
    }

    fn queue(&self) -> MutexGuard<'_, Option<BytesMut>> {
        self.inner.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn request<R: Request>(header: &R, body: Bytes) -> Command {
    let mut fields = Fields::default();
    header.encode(&mut fields);
    Command { body, ..Command::request(R::CODE, fields) }
}

/// A waiting call in the peer's table; gone with the future that waits.
struct CallEntry<'a> {
    peer: &'a Peer,
    opaque: i32,
}

impl<'a> CallEntry<'a> {
    fn insert(peer: &'a Peer, opaque: i32, sender: oneshot::Sender<Command>) -> CallEntry<'a> {
        peer.calls().insert(opaque, sender);
        CallEntry { peer, opaque }
    }
}

impl Drop for CallEntry<'_> {
    fn drop(&mut self) {
        self.peer.calls().remove(&self.opaque);
    }
}

impl PartialEq for Peer {
    fn eq(&self, other: &Peer) -> bool {
        self.inner.id == other.inner.id
    }
}

impl Eq for Peer {}

impl Hash for Peer {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.id.hash(state);
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Peer({} {})", self.inner.id, self.inner.remote)
    }
}
