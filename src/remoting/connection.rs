//! One socket: a task that reads bursts, has them worked on, and writes what is queued.
//!
//! Owns the socket and its clocks. All answers of a burst leave in one write. Reading stops while the other side leaves
//! too much unread or has too many requests in flight, and goes on by itself. However the task ends, the peer's calls
//! fail and the close hook runs, once. Must not know codes or handlers.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};
use skylark_protocol::command::Command;
use skylark_protocol::error::DecodeError;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::futures::Notified;
use tokio::time::{Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

use super::Limits;
use super::buffers::{Buffers, Share};
use super::burst::Burst;
use super::dispatcher::{Arrival, Routes};
use super::exchange::AnswerHead;
use super::inbound::Inbound;
use super::peer::Peer;

/// How often a connection that waits for room looks for it.
const ROOM_PERIOD: Duration = Duration::from_millis(100);
/// A write buffer up to this size is kept for the next burst.
const WRITE_BYTES_KEPT: usize = 64 * 1024;

/// What a connection needs of its socket: plain TCP, or TLS over it.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Socket for S {}

/// What all connections of one server share.
pub(super) struct Shared {
    pub(super) routes: Routes,
    pub(super) limits: Limits,
    pub(super) buffers: Arc<Buffers>,
    pub(super) on_close: Box<dyn Fn(&Peer) + Send + Sync>,
}

impl Shared {
    pub(super) fn new(routes: Routes, limits: Limits, on_close: Box<dyn Fn(&Peer) + Send + Sync>) -> Shared {
        Shared { routes, buffers: Buffers::new(limits.buffer_bytes_max), limits, on_close }
    }
}

/// Why a connection ended.
#[derive(Debug)]
enum End {
    ClosedByPeer,
    HungUp,
    Stopped,
    Idle,
    SlowFrame,
    NoRoom,
    WriteStalled,
    BadFrame(DecodeError),
    Io(io::Error),
}

struct Closing {
    end: End,
    latest: Instant,
}

enum Event {
    Read(usize),
    Wrote(usize),
    Woken,
    Stop,
    Deadline,
}

/// Serves the socket until it ends; returns after the close hook ran.
pub(super) async fn serve<S: Socket>(stream: S, peer: Peer, shared: Arc<Shared>, stop: CancellationToken) {
    let _farewell = Farewell { peer: peer.clone(), shared: shared.clone() };
    let now = Instant::now();
    let connection = Connection {
        stream,
        peer: &peer,
        shared: &shared,
        inbound: Inbound::new(Share::new(shared.buffers.clone())),
        burst: Burst::default(),
        writing: BytesMut::new(),
        paused: None,
        closing: None,
        last_traffic: now,
        last_write: now,
    };
    let end = connection.run(&stop).await;
    match end {
        End::BadFrame(error) => tracing::warn!(peer = %peer.remote(), %error, "close: bad frame"),
        End::SlowFrame | End::WriteStalled | End::NoRoom => tracing::warn!(peer = %peer.remote(), ?end, "close"),
        End::Io(error) => tracing::debug!(peer = %peer.remote(), %error, "close"),
        _ => tracing::debug!(peer = %peer.remote(), ?end, "close"),
    }
}

/// Ends the peer and runs the close hook, also when the task is dropped.
struct Farewell {
    peer: Peer,
    shared: Arc<Shared>,
}

impl Drop for Farewell {
    fn drop(&mut self) {
        self.peer.ended();
        (self.shared.on_close)(&self.peer);
    }
}

/// Why a connection is not read for a while.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Pause {
    /// Until the other side catches up.
    Behind,
    /// A large frame is half read, and the server has no room for its rest.
    NoRoom { look_at: Instant, latest: Instant },
}

struct Connection<'a, S> {
    stream: S,
    peer: &'a Peer,
    shared: &'a Shared,
    inbound: Inbound,
    burst: Burst,
    /// What the socket has not taken yet.
    writing: BytesMut,
    /// Reading is stopped, and why.
    paused: Option<Pause>,
    /// Nothing more is read; the end comes when all is answered.
    closing: Option<Closing>,
    last_traffic: Instant,
    last_write: Instant,
}

impl<S: Socket> Connection<'_, S> {
    async fn run(mut self, stop: &CancellationToken) -> End {
        // A token of its own: polling it takes no lock that other connections take.
        let stop = stop.child_token();
        let armed = self.deadline();
        let mut waits = Waits {
            peer: self.peer,
            woken: pin!(self.peer.woken()),
            stopped: pin!(stop.cancelled()),
            timer: pin!(sleep_until(armed.into())),
            armed: Some(armed),
        };
        loop {
            let event = match poll_fn(|context| self.poll_event(&mut waits, context)).await {
                Ok(event) => event,
                Err(error) => return End::Io(error),
            };
            match event {
                Event::Read(0) => return End::ClosedByPeer,
                Event::Read(_) => self.read(),
                Event::Wrote(count) => self.wrote(count),
                Event::Woken if self.peer.hangs_up() => self.begin_close(End::HungUp),
                Event::Woken => {}
                Event::Stop => self.begin_close(End::Stopped),
                Event::Deadline => {
                    if let Some(end) = self.overdue() {
                        return end;
                    }
                }
            }
            if let Some(closing) = self.closing.take_if(|_| self.peer.unsent() == 0 && self.peer.in_flight() == 0) {
                return closing.end;
            }
            self.update_pause();
            waits.arm(self.deadline());
        }
    }

    /// Writes before it reads, and looks at the rarer signals when the socket has nothing.
    fn poll_event(&mut self, waits: &mut Waits<'_, '_>, context: &mut Context<'_>) -> Poll<io::Result<Event>> {
        if self.writing.is_empty() && self.peer.unsent() > 0 {
            self.peer.take_queue(&mut self.writing);
            self.last_write = Instant::now();
        }
        if !self.writing.is_empty() {
            match Pin::new(&mut self.stream).poll_write(context, &self.writing) {
                Poll::Ready(written) => return Poll::Ready(written.map(Event::Wrote)),
                Poll::Pending => self.peer.count_unsent(),
            }
        }
        if self.may_read()
            && let Poll::Ready(read) = self.inbound.poll_read(&mut self.stream, context)
        {
            return Poll::Ready(read.map(Event::Read));
        }
        waits.poll(self.closing.is_some(), context).map(Ok)
    }

    /// Works on the burst that a read brought. A bad frame ends the connection, after what came before it.
    fn read(&mut self) {
        let received = Instant::now();
        self.last_traffic = received;
        let frames = self.start_frames(received);
        self.burst.finish(self.peer);
        match frames {
            Ok(frames) => self.inbound.burst_ended(frames, received),
            Err(error) => self.begin_close(End::BadFrame(error)),
        }
    }

    fn start_frames(&mut self, received: Instant) -> Result<usize, DecodeError> {
        let mut frames = 0;
        while let Some(frame) = self.inbound.next_frame()? {
            frames += 1;
            let command = Command::decode(frame)?;
            if command.is_response() {
                self.peer.answered(command);
                continue;
            }
            let head = AnswerHead::of(&command);
            let arrival = Arrival { peer: self.peer.clone(), received };
            self.burst.start(self.peer, head, || self.shared.routes.start(command, arrival));
        }
        Ok(frames)
    }

    fn wrote(&mut self, count: usize) {
        self.last_write = Instant::now();
        self.last_traffic = self.last_write;
        self.writing.advance(count);
        self.peer.sent(count);
        if self.writing.is_empty() && self.writing.capacity() > WRITE_BYTES_KEPT {
            self.writing = BytesMut::new();
        }
    }

    fn begin_close(&mut self, end: End) {
        let latest = Instant::now() + self.shared.limits.drain_max;
        self.closing.get_or_insert(Closing { end, latest });
    }

    fn may_read(&self) -> bool {
        self.closing.is_none() && self.paused.is_none()
    }

    fn update_pause(&mut self) {
        let paused = self.pause();
        if self.paused.is_some() && paused.is_none() {
            self.inbound.resumed(Instant::now());
        }
        self.paused = paused;
    }

    fn pause(&self) -> Option<Pause> {
        let limits = &self.shared.limits;
        if self.peer.unsent() > limits.unsent_bytes_max || self.peer.in_flight() >= limits.in_flight_max {
            return Some(Pause::Behind);
        }
        if !self.inbound.lacks_room() {
            return None;
        }
        let now = Instant::now();
        let latest = match self.paused {
            Some(Pause::NoRoom { latest, .. }) => latest,
            _ => now + limits.write_stall_max,
        };
        Some(Pause::NoRoom { look_at: now + ROOM_PERIOD, latest })
    }

    /// The next moment at which something may be overdue.
    fn deadline(&self) -> Instant {
        let idle = self.last_traffic + self.shared.limits.idle_max;
        let look_at = match self.paused {
            Some(Pause::NoRoom { look_at, .. }) => Some(look_at),
            _ => None,
        };
        [self.slow_frame_at(), self.write_stalled_at(), look_at, self.closing.as_ref().map(|closing| closing.latest)]
            .into_iter()
            .flatten()
            .fold(idle, Instant::min)
    }

    fn slow_frame_at(&self) -> Option<Instant> {
        self.inbound.deadline(&self.shared.limits).filter(|_| self.may_read())
    }

    fn write_stalled_at(&self) -> Option<Instant> {
        (!self.writing.is_empty()).then(|| self.last_write + self.shared.limits.write_stall_max)
    }

    /// What is overdue now, if anything is. Also lets go of memory that a busier time left behind.
    fn overdue(&mut self) -> Option<End> {
        let now = Instant::now();
        let past = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if past(self.slow_frame_at()) {
            return Some(End::SlowFrame);
        }
        if past(self.write_stalled_at()) {
            return Some(End::WriteStalled);
        }
        if matches!(self.paused, Some(Pause::NoRoom { latest, .. }) if latest <= now) {
            return Some(End::NoRoom);
        }
        if self.last_traffic + self.shared.limits.idle_max <= now {
            return Some(End::Idle);
        }
        if self.writing.is_empty() {
            self.writing = BytesMut::new();
            self.peer.release_memory();
        }
        self.closing.take_if(|closing| closing.latest <= now).map(|closing| closing.end)
    }
}

/// The signals of a connection beside its socket. The timer only moves when something is due earlier, or when it fired.
struct Waits<'peer, 'pin> {
    peer: &'peer Peer,
    woken: Pin<&'pin mut Notified<'peer>>,
    stopped: Pin<&'pin mut WaitForCancellationFuture<'peer>>,
    timer: Pin<&'pin mut Sleep>,
    armed: Option<Instant>,
}

impl Waits<'_, '_> {
    fn poll(&mut self, stopping: bool, context: &mut Context<'_>) -> Poll<Event> {
        if self.woken.as_mut().poll(context).is_ready() {
            self.woken.set(self.peer.woken());
            return Poll::Ready(Event::Woken);
        }
        if !stopping && self.stopped.as_mut().poll(context).is_ready() {
            return Poll::Ready(Event::Stop);
        }
        if self.timer.as_mut().poll(context).is_ready() {
            self.armed = None;
            return Poll::Ready(Event::Deadline);
        }
        Poll::Pending
    }

    fn arm(&mut self, deadline: Instant) {
        if self.armed.is_none_or(|armed| deadline < armed) {
            self.timer.as_mut().reset(deadline.into());
            self.armed = Some(deadline);
        }
    }
}
