//! Locks of ordered consumers, over sockets: who waits for a queue gets it when its holder gives it up or is gone.

use skylark_protocol::body::{LockBatchRequestBody, LockBatchResponseBody, MessageQueue};
use skylark_protocol::command::Command;

use super::*;
use crate::remoting::testing::{Wire, request};

fn body_of(client_id: &str) -> Vec<u8> {
    let queue = MessageQueue { broker_name: "broker-a".into(), queue_id: 0, topic: "T".into() };
    body::encode(&LockBatchRequestBody { client_id: client_id.into(), consumer_group: "G".into(), mq_set: vec![queue] })
}

fn lock(client_id: &str) -> Command {
    request(LockBatchMq::CODE, 1, &[], body_of(client_id))
}

fn is_locked(answer: &Command) -> bool {
    assert_eq!(answer.code, SUCCESS);
    let answer: LockBatchResponseBody = body::decode(&answer.body).expect("a list of queues");
    !answer.lock_ok_mq_set.is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_refused_is_told_when_the_queue_is_given_up() {
    let broker = start().await;
    let mut holder = Wire::connect(broker.broker.local_addr()).await;
    let mut waiting = Wire::connect(broker.broker.local_addr()).await;
    assert!(is_locked(&holder.ask(lock("holder")).await));
    assert!(!is_locked(&waiting.ask(lock("waiting")).await));
    holder.ask(request(UnlockBatchMq::CODE, 2, &[], body_of("holder"))).await;
    let notice = waiting.expect().await;
    assert_eq!((notice.code, notice.fields.get("consumerGroup")), (NotifyConsumerIdsChanged::CODE, Some("G")));
    assert!(is_locked(&waiting.ask(lock("waiting")).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_ends_with_the_connection_that_took_it() {
    let broker = start().await;
    let mut holder = Wire::connect(broker.broker.local_addr()).await;
    let mut next = Wire::connect(broker.broker.local_addr()).await;
    assert!(is_locked(&holder.ask(lock("holder")).await));
    assert!(!is_locked(&next.ask(lock("next")).await));
    drop(holder);
    // Java: for up to a minute
    while !is_locked(&next.ask(lock("next")).await) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
