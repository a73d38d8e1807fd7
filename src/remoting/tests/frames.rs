//! Single requests: what is answered, in which form, and what closes the connection.

use pretty_assertions::assert_eq;

use super::*;

#[tokio::test]
async fn an_answer_has_the_opaque_of_its_request() {
    let server = TestServer::start(Limits::default()).await;
    let mut wire = server.connect().await;
    let header = br#"{"code":10,"extFields":{"text":"hi"},"flag":0,"language":"JAVA","opaque":7,"version":407}"#;
    wire.send(&(4 + header.len() as u32 + 2).to_be_bytes()).await;
    wire.send(&(header.len() as u32).to_be_bytes()).await;
    wire.send(header).await;
    wire.send(b"yo").await;
    let answer = wire.expect().await;
    check_answer(&answer, 0, 7, "hi");
    assert_eq!(&answer.body[..], b"yo");
    assert_eq!(answer.codec, HeaderCodec::Json);
}

#[tokio::test]
async fn answers_and_refusals_keep_the_codec_of_the_request() {
    let server = TestServer::start(Limits::default()).await;
    let mut wire = server.connect().await;
    for (text, code, found) in [("hi", 0, "hi"), ("no", 16, "not wanted")] {
        wire.send(&bytes(&[binary(echo_request(1, text)), echo_request(2, text)])).await;
        for (opaque, codec) in [(1, HeaderCodec::Binary), (2, HeaderCodec::Json)] {
            let answer = wire.expect().await;
            check_answer(&answer, code, opaque, found);
            assert_eq!(answer.codec, codec);
        }
    }
}

#[tokio::test]
async fn failures_are_answered_and_the_connection_goes_on() {
    let server = TestServer::start(Limits::default()).await;
    let mut wire = server.connect().await;
    let failing = [
        (request(9999, 1, &[], ""), 3, " request type 9999 not supported"),
        (request(-1, 2, &[], ""), 3, " request type -1 not supported"),
        (request(Echo::CODE, 3, &[], ""), 1, "the custom field <text> is null"),
        (
            request(Echo::CODE, 4, &[("text", "a"), ("times", "x")], ""),
            1,
            "the custom field <times> is not a 32-bit number",
        ),
        (request(Panic::CODE, 5, &[], ""), 1, "internal error: on purpose"),
    ];
    for (request, code, remark) in failing {
        wire.send(&bytes(&[request.clone(), echo_request(100, "on")])).await;
        check_answer(&wire.expect().await, code, request.opaque, remark);
        check_answer(&wire.expect().await, 0, 100, "on");
    }
}

#[tokio::test]
async fn refusals_show_an_empty_header_where_the_answer_has_one() {
    let server = TestServer::start(Limits::default()).await;
    let mut wire = server.connect().await;
    wire.send(&bytes(&[echo_request(1, "no"), request(9999, 2, &[], "")])).await;
    assert!(wire.expect().await.fields.is_present());
    assert!(!wire.expect().await.fields.is_present());
}

#[tokio::test]
async fn nothing_is_answered_to_one_way_requests_and_unknown_answers() {
    let server = TestServer::start(Limits::default()).await;
    let mut wire = server.connect().await;
    let mut unasked = request(0, 77, &[], "");
    unasked.flag = 1;
    let silent = [
        oneway(echo_request(1, "hi")),
        oneway(echo_request(2, "no")),
        oneway(request(Panic::CODE, 3, &[], "")),
        oneway(request(9999, 4, &[], "")),
        oneway(request(Echo::CODE, 5, &[], "")),
        echo_request(6, "silence"),
        unasked,
        echo_request(8, "last"),
    ];
    wire.send(&bytes(&silent)).await;
    check_answer(&wire.expect().await, 0, 8, "last");
}

#[tokio::test]
async fn a_nameserver_says_nothing_to_unknown_codes() {
    let server = TestServer::start_with(Limits::default(), UnknownCode::Silence, ListenerId::MAIN).await;
    let mut wire = server.connect().await;
    wire.send(&bytes(&[request(9999, 1, &[], ""), echo_request(2, "known")])).await;
    check_answer(&wire.expect().await, 0, 2, "known");
}

#[tokio::test]
async fn a_port_may_refuse_a_code() {
    let server = TestServer::start_with(Limits::default(), UnknownCode::Refuse, ListenerId::VIP).await;
    let mut wire = server.connect().await;
    wire.send(&bytes(&[request(Hold::CODE, 1, &[], ""), echo_request(2, "hi")])).await;
    check_answer(&wire.expect().await, 3, 1, " request type 11 not supported");
    check_answer(&wire.expect().await, 0, 2, "hi");
}

#[tokio::test]
async fn bad_frames_close_the_connection_after_what_came_before() {
    let server = TestServer::start(Limits::default()).await;
    let bad: [&[u8]; 9] = [
        &[0, 0, 0, 0],
        &[0, 0, 0, 3],
        &[0xff, 0xff, 0xff, 0xff],
        &16_777_213u32.to_be_bytes(),
        b"\0\0\0\x06\0\0\0\x09{}",
        b"\0\0\0\x06\0\0\0\0{}",
        b"\0\0\0\x06\0\0\0\x02[]",
        b"\0\0\0\x06\x05\0\0\x02{}",
        b"\0\0\0\x06\x01\0\0\x02{}",
    ];
    for bad in bad {
        let mut wire = server.connect().await;
        let mut sent = bytes(&[echo_request(1, "before")]);
        sent.extend_from_slice(bad);
        wire.send(&sent).await;
        check_answer(&wire.expect().await, 0, 1, "before");
        wire.expect_closed().await;
    }
}

#[tokio::test]
async fn a_large_frame_arrives_in_pieces() {
    let server = TestServer::start(Limits::default()).await;
    let mut wire = server.connect().await;
    let body = fastrand::Rng::with_seed(3).clone();
    let body: Bytes = std::iter::repeat_with({
        let mut body = body;
        move || body.u8(..)
    })
    .take(5_000_000)
    .collect();
    wire.send(&bytes(&[Command { body: body.clone(), ..echo_request(1, "large") }])).await;
    let answer = wire.expect().await;
    check_answer(&answer, 0, 1, "large");
    assert!(answer.body == body);
}

#[test]
#[should_panic(expected = "request code 10 (Echo) is registered twice")]
fn a_code_registered_twice_stops_the_start() {
    let _ = Dispatcher::new(Arc::new(State::default()), UnknownCode::Refuse).on(echo).on(echo);
}
