//! Taking a delayed message away before it is delivered.

use std::net::SocketAddr;
use std::sync::Arc;

use skylark_protocol::message::properties::{self, names};
use skylark_protocol::message::record::RecordView;

use super::records::cancellation;
use crate::clock::now_ms;
use crate::store::{DUE_PROPERTY, Due, Put, SCHEDULE_TOPIC, Store, StoreError, TIMER_TOPIC};

/// Messages with one key that are looked at, at most.
const CANDIDATES_MAX: usize = 64;

/// Cancels the messages to `topic` that wait and have this unique key, on behalf of `by`. Gives where the cancellation
/// lies; None if no such message waits: it was never sent to this broker, or is delivered, or cancelled.
pub async fn cancel(
    store: &Arc<Store>,
    topic: &str,
    unique_key: &str,
    by: SocketAddr,
) -> Result<Option<Put>, StoreError> {
    let (owner, topic, key) = (store.clone(), topic.to_owned(), unique_key.to_owned());
    let found = tokio::task::spawn_blocking(move || find(&owner, &topic, &key)).await;
    let mut last = None;
    for due in found.unwrap_or(Err(StoreError::Closed))? {
        let _claim = store.claim(due.physical_offset).await;
        if store.is_delayed(due)? {
            last = Some(store.put(cancellation(due, Some(unique_key), by, now_ms())).await?);
        }
    }
    Ok(last)
}

fn find(store: &Store, topic: &str, unique_key: &str) -> Result<Vec<Due>, StoreError> {
    let mut found = Vec::new();
    for waiting_in in [TIMER_TOPIC, SCHEDULE_TOPIC] {
        for bytes in store.query(waiting_in, unique_key, CANDIDATES_MAX, 0, i64::MAX)? {
            let Ok(record) = RecordView::parse(&bytes) else { continue };
            let says = |name: &str| properties::get(record.properties(), name);
            let due = says(DUE_PROPERTY).and_then(|due| due.parse().ok());
            if let Some(due) = due
                && says(names::UNIQ_KEY) == Some(unique_key)
                && says(names::REAL_TOPIC) == Some(topic)
            {
                found.push(Due { due, physical_offset: record.physical_offset() });
            }
        }
    }
    Ok(found)
}
