//! The requests that one socket read brought, worked on together.
//!
//! Every request is polled once as it is decoded, and those not ready are polled again after the last of the burst was
//! polled: a handler that queues work on its first poll finds the whole burst queued on its second, so one of them
//! does it for all. What still waits then becomes a task of its own. Nothing here knows what the handlers do.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use skylark_protocol::fields::Fields;

use super::dispatcher::{Step, Work};
use super::exchange::{AnswerHead, Outcome, Refusal};
use super::peer::Peer;

/// Requests of the running burst that were not ready on their first poll.
#[derive(Default)]
pub(super) struct Burst {
    pending: Vec<(AnswerHead, Guarded)>,
}

impl Burst {
    /// First round, as a request is decoded.
    pub(super) fn start(&mut self, peer: &Peer, head: AnswerHead, step: impl FnOnce() -> Step) {
        let step = catch_unwind(AssertUnwindSafe(step));
        match step.unwrap_or_else(|panic| Step::Done(panicked(head.request_code, panic.as_ref()))) {
            Step::Done(outcome) => answer(peer, head, outcome),
            Step::Work(work) => {
                let mut work = Guarded { work, code: head.request_code };
                match work.poll_idle() {
                    Poll::Ready(outcome) => answer(peer, head, outcome),
                    Poll::Pending => self.pending.push((head, work)),
                }
            }
        }
    }

    /// Second round, after the whole burst had its first; the rest goes on by itself.
    pub(super) fn finish(&mut self, peer: &Peer) {
        for (head, mut work) in self.pending.drain(..) {
            match work.poll_idle() {
                Poll::Ready(outcome) => answer(peer, head, outcome),
                Poll::Pending => spawn(peer.clone(), head, work),
            }
        }
    }
}

fn answer(peer: &Peer, head: AnswerHead, outcome: Outcome) {
    if let Some(command) = head.command(outcome) {
        peer.enqueue(&command);
    }
}

fn spawn(peer: Peer, head: AnswerHead, work: Guarded) {
    peer.request_began();
    tokio::spawn(async move {
        let outcome = work.await;
        peer.request_ended(head, outcome);
    });
}

/// A handler whose panic is the answer to its own request and nothing more.
struct Guarded {
    work: Work,
    code: i32,
}

impl Guarded {
    /// Polls without asking to be woken: whoever calls this polls again.
    fn poll_idle(&mut self) -> Poll<Outcome> {
        Pin::new(self).poll(&mut Context::from_waker(Waker::noop()))
    }
}

impl Future for Guarded {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        // A future that panicked is not polled again; what it shares with others is behind locks that tolerate it.
        let polled = catch_unwind(AssertUnwindSafe(|| self.work.as_mut().poll(context)));
        polled.unwrap_or_else(|panic| Poll::Ready(panicked(self.code, panic.as_ref())))
    }
}

/// The answer to a request whose handler panicked.
fn panicked(code: i32, panic: &(dyn Any + Send)) -> Outcome {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    tracing::error!(code, panic = text, "a request handler panicked");
    Outcome::refusal(Refusal::system_error(format_args!("internal error: {text}")), Fields::default())
}
