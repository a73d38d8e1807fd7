//! Requests that come together: how often and in which order they are polled, and who is answered when.

use std::task::Poll;

use pretty_assertions::assert_eq;

use super::*;

header_fields! {
    /// Ready on its n-th poll; notes each.
    Watched { name = "name": String, polls = "polls": i32 }
}

impl Request for Watched {
    const CODE: i32 = 14;
    const NAME: &'static str = "Watched";
    type Reply = EchoReply;
}

pub(super) async fn watched(state: Arc<State>, request: Incoming<Watched>) -> Result<Reply<Watched>, Refusal> {
    let Watched { name, polls } = request.header;
    let (mut count, connection) = (0, tokio::task::try_id());
    std::future::poll_fn(|context| {
        count += 1;
        let place = if tokio::task::try_id() == connection { "" } else { " as a task" };
        state.polls.lock().unwrap().push(format!("{name}{count}{place}"));
        if count >= polls {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
    Ok(Reply::ok(EchoReply { text: name }))
}

fn watched_request(opaque: i32, name: &str, polls: &str) -> Command {
    request(Watched::CODE, opaque, &[("name", name), ("polls", polls)], "")
}

#[tokio::test]
async fn all_of_a_burst_are_polled_once_before_any_is_polled_again() {
    let server = TestServer::start(Limits::default()).await;
    let mut wire = server.connect().await;
    let burst = [("a", "2"), ("b", "1"), ("c", "3"), ("d", "2")];
    let burst: Vec<_> =
        burst.iter().zip(1..).map(|((name, polls), opaque)| watched_request(opaque, name, polls)).collect();
    wire.send(&bytes(&burst)).await;
    // Ready in the first round, in the second, and as a task of its own.
    for (opaque, name) in [(2, "b"), (1, "a"), (4, "d"), (3, "c")] {
        check_answer(&wire.expect().await, 0, opaque, name);
    }
    assert_eq!(*server.state.polls.lock().unwrap(), ["a1", "b1", "c1", "d1", "a2", "c2", "d2", "c3 as a task"]);
}

#[tokio::test]
async fn a_held_request_does_not_hold_others() {
    let server = TestServer::start(Limits::default()).await;
    let mut wire = server.connect().await;
    wire.send(&bytes(&[request(Hold::CODE, 1, &[], ""), echo_request(2, "passes")])).await;
    check_answer(&wire.expect().await, 0, 2, "passes");
    server.state.release.notify_waiters();
    check_answer(&wire.expect().await, 0, 1, "released");
}

#[tokio::test]
async fn a_panic_in_a_later_poll_is_answered_too() {
    let server = TestServer::start(Limits::default()).await;
    let mut wire = server.connect().await;
    for yields in ["1", "5"] {
        wire.send(&bytes(&[request(Panic::CODE, 1, &[("yields", yields)], ""), echo_request(2, "on")])).await;
        check_answer(&wire.expect().await, 0, 2, "on");
        check_answer(&wire.expect().await, 1, 1, "internal error: on purpose");
    }
}

#[tokio::test]
async fn a_handler_may_ask_its_client_back() {
    let server = TestServer::start(Limits::default()).await;
    let mut wire = server.connect().await;
    wire.send(&bytes(&[request(AskBack::CODE, 1, &[], "")])).await;
    let question = wire.expect().await;
    assert_eq!((question.code, question.fields.get("text")), (Echo::CODE, Some("what?")));
    let mut answer = Command::response_to(&question, 0, None);
    answer.fields.push("text", "that");
    wire.send(&bytes(&[answer])).await;
    check_answer(&wire.expect().await, 0, 1, "that");
}
