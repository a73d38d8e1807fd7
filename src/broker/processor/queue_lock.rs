//! Ordered consumers lock the queues they consume (41, 42).

use std::sync::Arc;
use std::time::Instant;

use skylark_protocol::body::{self, LockBatchRequestBody, LockBatchResponseBody};
use skylark_protocol::request::{LockBatchMq, UnlockBatchMq};

use crate::broker::Broker;
use crate::broker::consumers::Changed;
use crate::broker::queue_locks::Client;
use crate::remoting::{Incoming, Refusal, Reply};

use super::tell_members;

/// Locks what is free and answers what is locked for the client.
pub(crate) async fn lock_batch_mq(
    broker: Arc<Broker>,
    request: Incoming<LockBatchMq>,
) -> Result<Reply<LockBatchMq>, Refusal> {
    let asked: LockBatchRequestBody = body::decode(&request.body)?;
    let client = Client { id: &asked.client_id, peer: &request.peer };
    let locked = broker.queue_locks.lock(&asked.consumer_group, client, asked.mq_set, Instant::now());
    let list = body::encode(&LockBatchResponseBody { lock_ok_mq_set: locked });
    Ok(Reply::body(Default::default(), list))
}

/// Gives locks up. Who waits for one of them shares the queues anew at once; with Java it looks every 20 seconds.
pub(crate) async fn unlock_batch_mq(
    broker: Arc<Broker>,
    request: Incoming<UnlockBatchMq>,
) -> Result<Reply<UnlockBatchMq>, Refusal> {
    let asked: LockBatchRequestBody = body::decode(&request.body)?;
    let waiting = broker.queue_locks.unlock(&asked.consumer_group, &asked.client_id, &asked.mq_set);
    let changed = Changed { group: asked.consumer_group, members: waiting };
    tell_members(&broker, &changed);
    Ok(Reply::empty())
}
