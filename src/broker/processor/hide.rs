//! Messages that wait before they reach their topic: half and delayed ones, and cancelling a delayed one.

use std::sync::Arc;

use skylark_protocol::response_code::{MESSAGE_ILLEGAL, NO_PERMISSION, SYSTEM_ERROR};

use super::send_message::make_own_topic;
use crate::broker::Broker;
use crate::broker::message_properties::Facts;
use crate::broker::topic_names::RETRY_PREFIX;
use crate::clock::now_ms;
use crate::delay::{self, Delay};
use crate::remoting::Refusal;
use crate::store::{HALF_TOPIC, NewMessage, Put, SCHEDULE_TOPIC, TIMER_TOPIC};
use crate::transaction;

/// Queues of the topic that half messages wait in.
const HALF_QUEUES: i32 = 1;

/// The message as it is stored to wait, with the topic that it waits in; or as it is, if it need not wait after all.
pub(super) async fn hide(
    broker: &Arc<Broker>,
    message: NewMessage,
    facts: &Facts<'_>,
) -> Result<(NewMessage, Option<&'static str>), Refusal> {
    let is_retry = message.topic.starts_with(RETRY_PREFIX);
    let now = now_ms();
    // What a message that is retried says of a time was meant for its first delivery.
    let delay = if is_retry { level_of(facts) } else { asked(broker, &message, now)? };
    // A client before 4.6.1 gives a committed message back with the mark of a half one.
    if facts.transactional && !(message.reconsume_times > 0 && facts.delay_level > 0) {
        if broker.config().reject_transaction_message {
            let remark = format!("the broker[{}] sending transaction message is forbidden", broker.config().broker_ip1);
            return Err(Refusal::new(NO_PERMISSION, remark));
        }
        make_own_topic(broker, HALF_TOPIC, HALF_QUEUES, 0).await?;
        return Ok((transaction::half(message), Some(HALF_TOPIC)));
    }
    Ok(match delay {
        Some(delay) => (delay::divert(message, delay, &broker.delays, now), Some(waits_in(delay))),
        None => (message, None),
    })
}

/// The message, which was committed or given back, as it is stored: to wait if it asks for that.
pub(super) fn divert_if_asked(broker: &Broker, message: NewMessage) -> NewMessage {
    let now = now_ms();
    match broker.delays.asked(&message.properties, now) {
        Ok(Some(delay)) => delay::divert(message, delay, &broker.delays, now),
        // What was allowed when it was sent is not judged again.
        Ok(None) | Err(_) => message,
    }
}

/// Takes away what waits for the topic of `message` under this unique key.
pub(super) async fn cancel(broker: &Arc<Broker>, message: &NewMessage, unique_key: &str) -> Result<Put, Refusal> {
    let cancelled = delay::cancel(&broker.store, &message.topic, unique_key, message.born_host).await?;
    // The code that makes a stock producer ask another broker, where the message may wait.
    cancelled.ok_or_else(|| {
        let remark =
            format!("no delayed message with the unique key {unique_key} waits here for the topic {}", message.topic);
        Refusal::new(SYSTEM_ERROR, remark)
    })
}

fn level_of(facts: &Facts<'_>) -> Option<Delay> {
    (facts.delay_level > 0).then_some(Delay::Level(facts.delay_level))
}

fn asked(broker: &Broker, message: &NewMessage, now: i64) -> Result<Option<Delay>, Refusal> {
    broker.delays.asked(&message.properties, now).map_err(|bad| Refusal::new(MESSAGE_ILLEGAL, bad.to_string()))
}

fn waits_in(delay: Delay) -> &'static str {
    match delay {
        Delay::Level(_) => SCHEDULE_TOPIC,
        Delay::Until(_) => TIMER_TOPIC,
    }
}
