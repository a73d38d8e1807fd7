//! Request and reply: the reply reaches the client that waits, over that client's own connection.

use skylark_protocol::command::Command;

use super::*;
use crate::remoting::testing::{Wire, bytes, request};

const REPLY_TOPIC: &str = "DefaultCluster_REPLY_TOPIC";

fn reply(to: &str) -> SendReplyMessageV2 {
    let sent = send(REPLY_TOPIC, 0, &format!("CORRELATION_ID\u{1}7\u{2}REPLY_TO_CLIENT\u{1}{to}"));
    SendReplyMessageV2 {
        producer_group: sent.producer_group,
        topic: sent.topic,
        default_topic: sent.default_topic,
        born_timestamp: sent.born_timestamp,
        properties: sent.properties,
        ..SendReplyMessageV2::default()
    }
}

async fn requester(broker: &Fixture) -> Wire {
    let mut wire = Wire::connect(broker.broker.local_addr()).await;
    let beat = request(HeartBeat::CODE, 1, &[], heartbeat("me", "*", 1));
    wire.send(&bytes(&[beat])).await;
    // The answer comes with a notice that the group changed.
    while wire.expect().await.code != SUCCESS {}
    wire
}

/// Takes the pushed reply, answers it with `code`, and gives it.
async fn take_reply(wire: &mut Wire, code: i32) -> Command {
    let pushed = loop {
        let next = wire.expect().await;
        if next.code == PushReplyMessageToClient::CODE {
            break next;
        }
    };
    wire.send(&bytes(&[Command::response_to(&pushed, code, None)])).await;
    pushed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_is_pushed_to_whoever_waits_for_it() {
    let broker = start().await;
    let mut wire = requester(&broker).await;
    let (answer, pushed) = tokio::join!(broker.ask(reply("me"), "answer"), take_reply(&mut wire, SUCCESS));
    assert_eq!((answer.code, answer.remark, answer.header.queue_offset), (SUCCESS, None, 0));
    assert_eq!(answer.header.msg_id.len(), 32);
    assert_eq!(answer.raw.get("MSG_REGION"), Some("DefaultRegion"));
    assert_eq!(&pushed.body[..], b"answer");
    assert_eq!(pushed.fields.get("topic"), Some(REPLY_TOPIC));
    assert_eq!(pushed.fields.get("storeHost"), Some(broker.address.as_str()));
    let properties = pushed.fields.get("properties").unwrap_or_default();
    assert!(properties.starts_with("CORRELATION_ID\u{1}7\u{2}REPLY_TO_CLIENT\u{1}me\u{2}PUSH_REPLY_TIME\u{1}"));
    let stored = broker.ask(pull(REPLY_TOPIC, 0, "*"), "").await;
    let text = "CORRELATION_ID\u{1}7\u{2}REPLY_TO_CLIENT\u{1}me".to_owned();
    assert_eq!(records(&stored.body), [(0, "answer".to_owned(), text)]);
}

async fn check_lost(broker: &Fixture, reply: SendReplyMessageV2, remark: &str) {
    let lost = broker.ask(reply, "answer").await;
    assert_eq!((lost.code, lost.remark.as_deref()), (SYSTEM_ERROR, Some(remark)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_reaches_nobody_says_so() {
    let broker = start_with(|config| config.store_reply_message_enable = false).await;
    check_lost(&broker, reply("gone"), "push reply message fail, channel of <gone> not found.").await;
    let nameless = SendReplyMessageV2 { properties: None, ..reply("") };
    check_lost(&broker, nameless, "reply message properties[REPLY_TO_CLIENT] is null").await;
    let mut wire = requester(&broker).await;
    let refused = check_lost(&broker, reply("me"), "push reply message to mefail.");
    tokio::join!(refused, take_reply(&mut wire, SYSTEM_ERROR));
    let (answer, _) = tokio::join!(broker.ask(reply("me"), "answer"), take_reply(&mut wire, SUCCESS));
    assert_eq!((answer.code, answer.header.msg_id.as_str()), (SUCCESS, "0"));
    assert_eq!(broker.ask(pull(REPLY_TOPIC, 0, "*"), "").await.header.max_offset, 0);
}
