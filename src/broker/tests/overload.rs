//! More is asked for than memory should hold: sends go elsewhere, pulls wait, and all goes on by itself.

use skylark_protocol::fields::{Fields, HeaderFields};

use super::*;
use crate::remoting::testing::{Wire, bytes, request};

const BODY_BYTES: usize = 60_000;

/// A connection that asks for more than the memory limit and is not read.
async fn unread(broker: &Fixture) -> Wire {
    for _ in 0..5 {
        assert_eq!(broker.send("T", 0, "", &"x".repeat(BODY_BYTES)).await.code, SUCCESS);
    }
    Wire::connect(broker.broker.local_addr()).await
}

/// Pulls on it until a send is refused.
async fn fill(broker: &Fixture, unread: &mut Wire) -> Answer<SendMessageV2> {
    let mut fields = Fields::default();
    pull("T", 0, "*").encode(&mut fields);
    let fields: Vec<_> = fields.iter().collect();
    loop {
        // The sockets take some megabytes before anything stays here.
        unread.send(&bytes(&[request(PullMessage::CODE, 1, &fields, "")])).await;
        let answer = broker.send("T", 1, "", "y").await;
        if answer.code != SUCCESS {
            return answer;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_go_elsewhere_and_pulls_wait_while_answers_fill_the_memory() {
    let broker = start_with(|config| config.max_buffer_bytes = 500_000).await;
    let mut unread = unread(&broker).await;
    let waiting = loop {
        let refused = fill(&broker, &mut unread).await;
        let remark = refused.remark.unwrap_or_default();
        assert_eq!(refused.code, SERVICE_NOT_AVAILABLE, "{remark}");
        assert!(remark.contains("bytes are held for requests half read and answers not taken"), "{remark}");
        let mut waiting = Box::pin(broker.ask(long_pull("T", 0, "*", Duration::from_secs(9)), ""));
        tokio::select! {
            biased;
            // The sockets took a little more, and there was room again.
            _ = &mut waiting => continue,
            again = broker.send("T", 1, "", "y") => if again.code == SERVICE_NOT_AVAILABLE { break waiting },
        }
    };
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
    let broker = broker.await;
    let refused = fill(&broker, &mut unread(&broker).await).await;
    let remark = refused.remark.unwrap_or_default();
    assert_eq!(refused.code, SYSTEM_BUSY, "{remark}");
    assert!(remark.starts_with("[REJECTREQUEST]system busy, start flow control for a while"), "{remark}");
}
