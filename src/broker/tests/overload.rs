//! More is asked for than memory should hold: sends go elsewhere, pulls wait, and all goes on by itself.

use skylark_protocol::fields::{Fields, HeaderFields};

use super::*;
use crate::remoting::testing::{Wire, bytes, request};

const BODY_BYTES: usize = 60_000;

/// Pulls more than the memory limit on a connection that it does not read, until sends are refused.
async fn fill(broker: &Fixture) -> (Wire, Answer<SendMessageV2>) {
    for _ in 0..5 {
        assert_eq!(broker.send("T", 0, "", &"x".repeat(BODY_BYTES)).await.code, SUCCESS);
    }
    let mut unread = Wire::connect(broker.broker.local_addr()).await;
    let mut fields = Fields::default();
    pull("T", 0, "*").encode(&mut fields);
    let fields: Vec<_> = fields.iter().collect();
    loop {
        // The sockets take some megabytes before anything stays here.
        unread.send(&bytes(&[request(PullMessage::CODE, 1, &fields, "")])).await;
        let answer = broker.send("T", 1, "", "y").await;
        if answer.code != SUCCESS {
            return (unread, answer);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_go_elsewhere_and_pulls_wait_while_answers_fill_the_memory() {
    let broker = start_with(|config| config.max_buffer_bytes = 500_000).await;
    let (unread, refused) = fill(&broker).await;
    let remark = refused.remark.unwrap_or_default();
    assert_eq!(refused.code, SERVICE_NOT_AVAILABLE, "{remark}");
    assert!(remark.contains("bytes are held for requests half read and answers not taken"), "{remark}");
    let waiting = broker.ask(long_pull("T", 0, "*", Duration::from_secs(9)), "");
    tokio::pin!(waiting);
    tokio::select! {
        biased;
        answer = &mut waiting => panic!("there is no room for {answer:?}"),
        again = broker.send("T", 1, "", "y") => assert_eq!(again.code, SERVICE_NOT_AVAILABLE),
    }
    drop(unread);
    assert_eq!(waiting.await.code, SUCCESS);
    assert_eq!(broker.send("T", 1, "", "y").await.code, SUCCESS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_restores_the_answer_of_a_java_broker() {
    let broker = start_with(|config| {
        config.max_buffer_bytes = 500_000;
        config.system_busy_at_overload = true;
    });
    let refused = fill(&broker.await).await.1;
    let remark = refused.remark.unwrap_or_default();
    assert_eq!(refused.code, SYSTEM_BUSY, "{remark}");
    assert!(remark.starts_with("[REJECTREQUEST]system busy, start flow control for a while"), "{remark}");
}
