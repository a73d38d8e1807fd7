//! Keeping delayed messages alive that outlast the file they lie in.

use std::sync::Arc;

use bytes::Bytes;
use skylark_protocol::message::record::RecordView;

use super::records::moved;
use crate::store::{Claim, Due, NewMessage, PhysicalOffset, Store, StoreError};

/// Waiting messages looked at with one list.
const LIST_MAX: usize = 256;

/// Puts every message that waits below `end` once more at the log's end, where it waits on, so that the files below
/// `end` may go. Gives how many there were.
pub async fn move_up(store: &Arc<Store>, end: PhysicalOffset) -> Result<usize, StoreError> {
    let mut from = Due { due: 0, physical_offset: 0 };
    let mut count = 0;
    loop {
        let owner = store.clone();
        let listed = tokio::task::spawn_blocking(move || owner.due(from, i64::MAX - 1, LIST_MAX)).await;
        let listed = listed.unwrap_or(Err(StoreError::Closed))?;
        let Some(last) = listed.last() else { return Ok(count) };
        from = Due { physical_offset: last.physical_offset + 1, ..*last };
        for due in listed.into_iter().filter(|due| due.physical_offset < end) {
            let claim = store.claim(due.physical_offset).await;
            count += usize::from(move_one(store, due, claim).await?);
        }
    }
}

async fn move_one(store: &Arc<Store>, due: Due, _claim: Claim) -> Result<bool, StoreError> {
    if !store.is_delayed(due)? {
        return Ok(false);
    }
    let owner = store.clone();
    let read = tokio::task::spawn_blocking(move || read(&owner, due)).await;
    let Some(message) = read.unwrap_or(Err(StoreError::Closed))? else { return Ok(false) };
    for put in store.put_again(&[message]).await? {
        put?;
    }
    Ok(true)
}

fn read(store: &Store, due: Due) -> Result<Option<NewMessage>, StoreError> {
    let bytes = store.message_at(due.physical_offset)?;
    // A damaged record is not moved: its delivery reports it.
    let copy = |bytes: Bytes| {
        RecordView::parse(&bytes).ok().filter(RecordView::check_body_crc).map(|r| moved(&r, &bytes, due))
    };
    Ok(bytes.and_then(copy))
}
