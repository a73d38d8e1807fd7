//! Calls to the other side: over the connection it opened, and over connections of our own.

use pretty_assertions::assert_eq;

use super::*;

/// The server's view of a connection, and a request of it that is held.
async fn held(server: &TestServer, wire: &mut Wire) -> Peer {
    wire.send(&bytes(&[request(Hold::CODE, 1, &[], "")])).await;
    server.state.held.notified().await;
    server.state.peers.lock().unwrap().pop().expect("a held request")
}

fn ask(text: &str) -> Echo {
    Echo { text: text.to_owned(), times: 1 }
}

#[tokio::test]
async fn answers_find_their_calls_in_any_order() {
    let server = TestServer::start(Limits::default()).await;
    let mut wire = server.connect().await;
    let peer = held(&server, &mut wire).await;
    let (first, second) = (ask("first"), ask("second"));
    let calls =
        async { tokio::join!(peer.call(&first, Bytes::new(), PATIENCE), peer.call(&second, Bytes::new(), PATIENCE)) };
    let client = async {
        let questions = [wire.expect().await, wire.expect().await];
        for question in questions.iter().rev() {
            let mut answer = Command::response_to(question, 0, None);
            answer.fields.push("text", question.fields.get("text").unwrap());
            wire.send(&bytes(&[answer])).await;
        }
    };
    let ((first, second), ()) = tokio::join!(calls, client);
    assert_eq!((first.unwrap().header.text, second.unwrap().header.text), ("first".to_owned(), "second".to_owned()));
}

#[tokio::test]
async fn a_notification_is_one_way_and_comes_before_a_later_answer() {
    let server = TestServer::start(Limits::default()).await;
    let mut wire = server.connect().await;
    let peer = held(&server, &mut wire).await;
    peer.notify(&ask("news"), Bytes::from_static(b"n"));
    server.state.release.notify_waiters();
    let news = wire.expect().await;
    assert!(news.is_oneway() && !news.is_response());
    assert_eq!((news.code, news.fields.get("text"), &news.body[..]), (Echo::CODE, Some("news"), &b"n"[..]));
    check_answer(&wire.expect().await, 0, 1, "released");
}

#[tokio::test]
async fn calls_fail_when_the_client_goes_or_is_slow() {
    let server = TestServer::start(Limits::default()).await;
    let mut wire = server.connect().await;
    let peer = held(&server, &mut wire).await;
    let slow = peer.call(&ask("slow"), Bytes::new(), Duration::from_millis(20)).await;
    assert!(matches!(slow, Err(CallError::Timeout)), "{slow:?}");
    let question = ask("gone");
    let (gone, ()) = tokio::join!(peer.call(&question, Bytes::new(), PATIENCE), async { drop(wire) });
    assert!(matches!(gone, Err(CallError::Closed)), "{gone:?}");
    peer.closed().await;
    server.state.closed_one.notified().await;
    assert_eq!(*server.state.closed.lock().unwrap(), [peer.id()]);
    let late = peer.call(&ask("late"), Bytes::new(), PATIENCE).await;
    assert!(matches!(late, Err(CallError::Closed)), "{late:?}");
}

#[tokio::test]
async fn the_server_can_hang_up() {
    let server = TestServer::start(Limits { drain_max: Duration::from_millis(20), ..Limits::default() }).await;
    let mut wire = server.connect().await;
    let peer = held(&server, &mut wire).await;
    peer.notify(&ask("bye"), Bytes::new());
    peer.close();
    assert_eq!(wire.expect().await.fields.get("text"), Some("bye"));
    wire.expect_closed().await;
}

#[tokio::test]
async fn a_client_connects_once_and_again_after_the_end() {
    let server = TestServer::start(Limits::default()).await;
    let stop = CancellationToken::new();
    let client = Client::new(Limits::default(), stop.clone());
    let address = server.address.to_string();
    let (question, body) = (ask("hi"), Bytes::from_static(b"body"));
    for _ in 0..2 {
        let answers = tokio::join!(
            client.call(&address, &question, body.clone(), PATIENCE),
            client.call(&address, &question, body.clone(), PATIENCE)
        );
        assert_eq!(answers.0.unwrap().header.text, "hi");
        assert_eq!(&answers.1.unwrap().body[..], b"body");
        assert_eq!(server.state.closed.lock().unwrap().len(), 0);
    }
    let peer = client.peer(&address).await.unwrap();
    peer.close();
    peer.closed().await;
    server.state.closed_one.notified().await;
    assert_eq!(client.call(&address, &question, body, PATIENCE).await.unwrap().header.text, "hi");
    stop.cancel();
    server.state.closed_one.notified().await;
}

#[tokio::test]
async fn refusals_and_closed_ports_are_errors() {
    let server = TestServer::start(Limits::default()).await;
    let client = Client::new(Limits::default(), CancellationToken::new());
    let address = server.address.to_string();
    let refused = client.call(&address, &ask("no"), Bytes::new(), PATIENCE).await.unwrap();
    assert_eq!(refused.success().unwrap_err().to_string(), "answered 16: not wanted");
    server.stop.cancel();
    server.server.stopped().await;
    let gone = loop {
        match client.call(&address, &ask("hi"), Bytes::new(), PATIENCE).await {
            // The end of the old connection may show a moment after the server's.
            Err(CallError::Closed) => continue,
            other => break other,
        }
    };
    assert!(matches!(gone, Err(CallError::Connect(_))), "{gone:?}");
}
