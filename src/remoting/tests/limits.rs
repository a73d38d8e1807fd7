//! What is refused, paused or closed when there is too much of it, or too little.

use pretty_assertions::assert_eq;

use super::*;

const SHORT: Duration = Duration::from_millis(50);

#[tokio::test]
async fn beyond_the_connection_limit_the_new_one_is_closed() {
    let server = TestServer::start(Limits { connections_max: 1, ..Limits::default() }).await;
    let mut first = server.connect().await;
    first.send(&bytes(&[echo_request(1, "first")])).await;
    check_answer(&first.expect().await, 0, 1, "first");
    server.connect().await.expect_closed().await;
    first.send(&bytes(&[echo_request(2, "still")])).await;
    check_answer(&first.expect().await, 0, 2, "still");
    drop(first);
    server.state.closed_one.notified().await;
    // The place is given back when the connection's task is over, a moment after its hook.
    loop {
        let mut next = server.connect().await;
        next.send(&bytes(&[echo_request(3, "next")])).await;
        if let Some(answer) = next.next().await {
            return check_answer(&answer, 0, 3, "next");
        }
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let server = TestServer::start(Limits { idle_max: SHORT, ..Limits::default() }).await;
    server.connect().await.expect_closed().await;
}

#[tokio::test]
async fn a_frame_that_stops_half_way_is_closed() {
    let server = TestServer::start(Limits { frame_patience: SHORT, ..Limits::default() }).await;
    let mut wire = server.connect().await;
    let frames = bytes(&[echo_request(1, "whole"), echo_request(2, "half")]);
    wire.send(&frames[..frames.len() - 3]).await;
    check_answer(&wire.expect().await, 0, 1, "whole");
    wire.expect_closed().await;
}

/// Far more turns of the server than it needs to read what lies in its sockets.
async fn let_the_server_work(server: &TestServer) {
    let mut other = server.connect().await;
    for opaque in 0..200 {
        other.send(&bytes(&[echo_request(opaque, "turn")])).await;
        check_answer(&other.expect().await, 0, opaque, "turn");
    }
}

fn was_echoed(server: &TestServer, text: &str) -> bool {
    server.state.echoed.lock().unwrap().iter().any(|echoed| echoed == text)
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_not_read_until_it_does() {
    let server = TestServer::start(Limits { unsent_bytes_max: 64 * 1024, ..Limits::default() }).await;
    let mut wire = server.connect().await;
    // Ten million bytes: far more than the buffers of the sockets take.
    wire.send(&bytes(&[request(Echo::CODE, 1, &[("text", "large"), ("times", "5000")], vec![7; 2000])])).await;
    let_the_server_work(&server).await;
    assert!(was_echoed(&server, "large"));
    wire.send(&bytes(&[echo_request(2, "next")])).await;
    let_the_server_work(&server).await;
    assert!(!was_echoed(&server, "next"));
    let answer = wire.expect().await;
    check_answer(&answer, 0, 1, "large");
    assert_eq!(answer.body.len(), 10_000_000);
    check_answer(&wire.expect().await, 0, 2, "next");
}

/// The frame of an echo of `bytes` bytes, in two halves.
fn large_frame(opaque: i32, bytes_of_body: usize) -> (Vec<u8>, Vec<u8>) {
    let frame = bytes(&[request(Echo::CODE, opaque, &[("text", "large")], vec![7; bytes_of_body])]);
    let (begin, rest) = frame.split_at(frame.len() - 10);
    (begin.to_vec(), rest.to_vec())
}

#[tokio::test]
async fn while_the_server_is_full_large_frames_wait_and_small_ones_do_not() {
    let server = TestServer::start(Limits { buffer_bytes_max: 1_000_000, ..Limits::default() }).await;
    let mut unread = server.connect().await;
    unread.send(&bytes(&[request(Echo::CODE, 1, &[("text", "unread"), ("times", "5000")], vec![7; 2000])])).await;
    let mut asking = server.connect().await;
    while !is_full(&server, &mut asking).await {}
    let mut large = server.connect().await;
    let (begin, rest) = large_frame(2, 200_000);
    large.send(&begin).await;
    let_the_server_work(&server).await;
    large.send(&rest).await;
    let_the_server_work(&server).await;
    assert!(!was_echoed(&server, "large"));
    check_answer(&unread.expect().await, 0, 1, "unread");
    check_answer(&large.expect().await, 0, 2, "large");
    assert!(!is_full(&server, &mut asking).await);
}

/// Whether the connections hold more than they may, as a handler sees it.
async fn is_full(server: &TestServer, wire: &mut Wire) -> bool {
    wire.send(&bytes(&[request(Hold::CODE, 1, &[], "")])).await;
    server.state.held.notified().await;
    let full = server.state.peers.lock().unwrap().last().expect("a peer").server_is_full();
    server.state.release.notify_waiters();
    wire.expect().await;
    full.is_some()
}

#[tokio::test]
async fn of_half_read_frames_that_fill_the_server_one_goes_and_the_other_gets_on() {
    let limits = Limits { buffer_bytes_max: 100_000, write_stall_max: SHORT, ..Limits::default() };
    let server = TestServer::start(limits).await;
    let (mut one, mut other) = (server.connect().await, server.connect().await);
    let (begin, rest) = large_frame(1, 90_000);
    one.send(&begin).await;
    other.send(&begin).await;
    let staying = tokio::select! {
        () = one.expect_closed() => &mut other,
        () = other.expect_closed() => &mut one,
    };
    staying.send(&rest).await;
    check_answer(&staying.expect().await, 0, 1, "large");
}

#[tokio::test]
async fn a_client_that_never_reads_is_closed() {
    let limits = Limits { unsent_bytes_max: 1000, write_stall_max: SHORT, ..Limits::default() };
    let server = TestServer::start(limits).await;
    let mut wire = server.connect().await;
    wire.send(&bytes(&[request(Echo::CODE, 1, &[("text", "x"), ("times", "20000")], vec![7; 1000])])).await;
    tokio::time::timeout(PATIENCE, server.state.closed_one.notified()).await.expect("closed");
}

#[tokio::test]
async fn beyond_the_requests_in_flight_the_connection_is_not_read() {
    let limits = Limits { in_flight_max: 2, held_requests_max: 2, ..Limits::default() };
    let server = TestServer::start(limits).await;
    let mut wire = server.connect().await;
    for opaque in 1..=2 {
        wire.send(&bytes(&[request(Hold::CODE, opaque, &[], "")])).await;
        server.state.held.notified().await;
    }
    wire.send(&bytes(&[echo_request(3, "later")])).await;
    let_the_server_work(&server).await;
    assert!(!was_echoed(&server, "later") && !server.state.peers.lock().unwrap()[0].may_hold());
    server.state.release.notify_waiters();
    let mut opaques = [wire.expect().await.opaque, wire.expect().await.opaque];
    opaques.sort();
    assert_eq!(opaques, [1, 2]);
    check_answer(&wire.expect().await, 0, 3, "later");
}

#[tokio::test]
async fn the_stop_lets_requests_in_flight_be_answered() {
    let server = TestServer::start(Limits { drain_max: PATIENCE, ..Limits::default() }).await;
    let mut wire = server.connect().await;
    let mut idle = server.connect().await;
    wire.send(&bytes(&[request(Hold::CODE, 1, &[], "")])).await;
    server.state.held.notified().await;
    server.stop.cancel();
    idle.expect_closed().await;
    server.state.release.notify_waiters();
    check_answer(&wire.expect().await, 0, 1, "released");
    wire.expect_closed().await;
    server.server.stopped().await;
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn the_stop_does_not_wait_for_ever() {
    let server = TestServer::start(Limits { drain_max: SHORT, ..Limits::default() }).await;
    let mut wire = server.connect().await;
    wire.send(&bytes(&[request(Hold::CODE, 1, &[], "")])).await;
    server.state.held.notified().await;
    server.stop.cancel();
    wire.expect_closed().await;
    server.server.stopped().await;
}
