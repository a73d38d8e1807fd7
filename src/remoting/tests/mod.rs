//! Conversations with a server over real sockets, written as packet traces: send this, expect that.

mod frames;
mod bursts;
mod limits;
mod calls;
mod tls;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use skylark_protocol::command::{Command, HeaderCodec};
use skylark_protocol::header_fields;
use skylark_protocol::request::Request;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::testing::{PATIENCE, Wire, binary, bytes, oneway, request};
use super::*;

header_fields! {
    /// Answered at once with its own text.
    Echo { text = "text": String, times = "times": i32 = 1 }
}

header_fields! {
    /// The answer to `Echo`.
    EchoReply { text = "text": String }
}

header_fields! {
    /// Answered when the test says so.
    Hold {}
}

header_fields! {
    /// Ends in a panic.
    Panic { yields = "yields": i32 = 0 }
}

header_fields! {
    /// Asks the client back and answers what it answered.
    AskBack {}
}

macro_rules! codes {
    ($($code:literal $name:ident -> $reply:ident)+) => {
        $(impl Request for $name {
            const CODE: i32 = $code;
            const NAME: &'static str = stringify!($name);
            type Reply = $reply;
        })+
    };
}

codes! { 10 Echo -> EchoReply   11 Hold -> EchoReply   12 Panic -> EchoReply   13 AskBack -> EchoReply }

#[derive(Default)]
pub(super) struct State {
    release: Notify,
    held: Notify,
    closed: Mutex<Vec<u64>>,
    closed_one: Notify,
    peers: Mutex<Vec<Peer>>,
    polls: Mutex<Vec<String>>,
    echoed: Mutex<Vec<String>>,
}

async fn echo(state: Arc<State>, request: Incoming<Echo>) -> Result<Reply<Echo>, Refusal> {
    state.echoed.lock().unwrap().push(request.header.text.clone());
    if request.header.text == "no" {
        return Err(Refusal::new(16, "not wanted"));
    }
    if request.header.text == "silence" {
        return Ok(Reply::none());
    }
    let body = request.body.repeat(request.header.times as usize);
    Ok(Reply::body(EchoReply { text: request.header.text }, body))
}

async fn hold(state: Arc<State>, request: Incoming<Hold>) -> Result<Reply<Hold>, Refusal> {
    state.peers.lock().unwrap().push(request.peer.clone());
    let released = state.release.notified();
    state.held.notify_one();
    released.await;
    Ok(Reply::ok(EchoReply { text: "released".to_owned() }))
}

async fn panic(_: Arc<State>, request: Incoming<Panic>) -> Result<Reply<Panic>, Refusal> {
    for _ in 0..request.header.yields {
        tokio::task::yield_now().await;
    }
    panic!("on purpose")
}

async fn ask_back(_: Arc<State>, request: Incoming<AskBack>) -> Result<Reply<AskBack>, Refusal> {
    let ask = Echo { text: "what?".to_owned(), times: 1 };
    let answer = request.peer.call(&ask, Bytes::from_static(b"?"), PATIENCE).await;
    let text = answer.map_or_else(|error| error.to_string(), |answer| answer.header.text);
    Ok(Reply::ok(EchoReply { text }))
}

pub(super) struct TestServer {
    address: std::net::SocketAddr,
    server: Server,
    state: Arc<State>,
    stop: CancellationToken,
}

impl TestServer {
    pub(super) async fn start(limits: Limits) -> TestServer {
        TestServer::start_with(limits, UnknownCode::Refuse, ListenerId::MAIN).await
    }

    async fn start_with(limits: Limits, unknown: UnknownCode, listener: ListenerId) -> TestServer {
        let state = Arc::new(State::default());
        let dispatcher = Dispatcher::new(state.clone(), unknown).on(echo).on(hold).on(panic).on(ask_back);
        let dispatcher = dispatcher.on(bursts::watched).refuse_on(ListenerId::VIP, Hold::CODE);
        let socket = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        let stop = CancellationToken::new();
        let hook = state.clone();
        let on_close = move |peer: &Peer| {
            hook.closed.lock().unwrap().push(peer.id());
            hook.closed_one.notify_one();
        };
        let server = Server::start(dispatcher, vec![(listener, socket)], limits, on_close, stop.clone());
        TestServer { address, server, state, stop }
    }

    pub(super) async fn connect(&self) -> Wire {
        Wire::connect(self.address).await
    }
}

pub(super) fn echo_request(opaque: i32, text: &str) -> Command {
    request(Echo::CODE, opaque, &[("text", text)], "body")
}

#[track_caller]
pub(super) fn check_answer(answer: &Command, code: i32, opaque: i32, text: &str) {
    let found = answer.remark.as_deref().or(answer.fields.get("text")).unwrap_or_default();
    assert!(answer.is_response());
    assert_eq!((answer.code, answer.opaque, found), (code, opaque, text));
}
