//! Queues locked for ordered consumption.


request! {
    /// Lock queues. The body is a [`LockBatchRequestBody`](crate::body::LockBatchRequestBody), the answer's a
    /// [`LockBatchResponseBody`](crate::body::LockBatchResponseBody).
    41 LockBatchMq
}

request! {
    /// Unlock queues. The body is a [`LockBatchRequestBody`](crate::body::LockBatchRequestBody).
    42 UnlockBatchMq
}
