//! Where a message waits: a topic of the broker's own, its real topic and queue kept in its properties.

use skylark_protocol::message::properties::{Properties, names};

use super::{Delay, DelayRules};
use crate::store::{DUE_PROPERTY, NewMessage, SCHEDULE_TOPIC, TIMER_TOPIC};

/// The message as it is put to wait from `now` (ms) on. When it is due is fixed by this, whatever the levels mean later.
pub fn divert(mut message: NewMessage, delay: Delay, rules: &DelayRules, now: i64) -> NewMessage {
    let mut properties = Properties::parse(&message.properties);
    properties.set(names::REAL_TOPIC, std::mem::take(&mut message.topic));
    properties.set(names::REAL_QUEUE_ID, message.queue_id.to_string());
    let due = match delay {
        Delay::Level(asked) => {
            let level = rules.lowered(asked);
            properties.set(names::DELAY, level.to_string());
            message.topic = SCHEDULE_TOPIC.to_owned();
            message.queue_id = level - 1;
            now + rules.level_delay_ms(level)
        }
        Delay::Until(due) => {
            message.topic = TIMER_TOPIC.to_owned();
            message.queue_id = 0;
            due
        }
    };
    properties.set(DUE_PROPERTY, due.to_string());
    message.properties = properties.encode();
    message
}
