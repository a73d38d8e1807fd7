//! What a slave copies besides topics, groups and offsets (45), and the same for operators.

use std::collections::BTreeMap;
use std::sync::Arc;

use skylark_protocol::body::{self, DelayOffsetSerializeWrapper};
use skylark_protocol::request::GetAllDelayOffset;

use crate::broker::Broker;
use crate::broker::refusal::blocking;
use crate::broker::topic_names::SCHEDULE_TOPIC;
use crate::clock::now_ms;
use crate::remoting::{Incoming, Refusal, Reply};
use crate::store::StoreError;

/// How far one delay level is delivered.
pub(crate) struct LevelProgress {
    /// The level, from 1 on.
    pub(crate) level: i32,
    /// The first message of its queue that is not due yet.
    pub(crate) delivered: i64,
    /// One past the last message of its queue.
    pub(crate) max: i64,
}

/// Progress of the delay levels, for a slave of Java's kind: here it follows from the log.
pub(crate) async fn get_all_delay_offset(
    broker: Arc<Broker>,
    _request: Incoming<GetAllDelayOffset>,
) -> Result<Reply<GetAllDelayOffset>, Refusal> {
    let offset_table = blocking(move || {
        let levels = delay_progress(&broker)?;
        Ok(levels.into_iter().map(|level| (level.level, level.delivered)).collect::<BTreeMap<_, _>>())
    });
    let progress = DelayOffsetSerializeWrapper { offset_table: offset_table.await? };
    Ok(Reply::body(Default::default(), body::encode(&progress)))
}

/// The delay levels that were ever used, each with its progress. Java keeps progress; here a message that is due counts
/// as delivered, which it is within moments.
pub(super) fn delay_progress(broker: &Broker) -> Result<Vec<LevelProgress>, StoreError> {
    let now = now_ms();
    let mut used = Vec::new();
    for (level, delay_ms) in (1..).zip(&broker.delays.level_delays_ms) {
        let queue_id = level - 1;
        let bounds = broker.store.queue_bounds(SCHEDULE_TOPIC, queue_id)?;
        if bounds.max == 0 {
            continue;
        }
        // Messages of a level are due in the order in which they lie.
        let (mut due, mut waiting) = (bounds.min, bounds.max);
        while due < waiting {
            let middle = due + (waiting - due) / 2;
            match broker.store.store_time_at(SCHEDULE_TOPIC, queue_id, middle)? {
                Some(stored) if stored + delay_ms > now => waiting = middle,
                _ => due = middle + 1,
            }
        }
        used.push(LevelProgress { level, delivered: due, max: bounds.max });
    }
    Ok(used)
}
