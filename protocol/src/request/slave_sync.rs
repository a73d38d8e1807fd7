//! What a slave copies from its master besides topics and groups.


request! {
    /// All offsets. The body of the answer is a [`ConsumerOffsetSerializeWrapper`](crate::body::ConsumerOffsetSerializeWrapper).
    43 GetAllConsumerOffset
}

request! {
    /// Progress of the delay levels. The body of the answer is a [`DelayOffsetSerializeWrapper`](crate::body::DelayOffsetSerializeWrapper).
    45 GetAllDelayOffset
}
