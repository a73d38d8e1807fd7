//! Who is connected, and what connected consumers are told to do.


request! {
    /// Clients of a consumer group. The body of the answer is a [`ConsumerConnection`](crate::body::ConsumerConnection).
    203 GetConsumerConnectionList { consumer_group = "consumerGroup": String }
}

request! {
    /// Clients of a producer group. The body of the answer is a [`ProducerConnection`](crate::body::ProducerConnection).
    204 GetProducerConnectionList { producer_group = "producerGroup": String }
}

request! {
    /// Clients of all producer groups. The body of the answer is a [`ProducerTableInfo`](crate::body::ProducerTableInfo).
    328 GetAllProducerInfo {}
}

request! {
    /// What a consumer is doing; the broker passes it on. The body of the answer is a [`ConsumerRunningInfo`](crate::body::ConsumerRunningInfo).
    307 GetConsumerRunningInfo {
        client_id = "clientId": String,
        jstack_enable = "jstackEnable": bool = false,
        consumer_group = "consumerGroup": String,
    }
}

request! {
    /// Have a consumer consume one message; the broker adds `broker_name` and the record as body, and passes it on.
    /// The body of the answer is a [`ConsumeMessageDirectlyResult`](crate::body::ConsumeMessageDirectlyResult).
    309 ConsumeMessageDirectly {
        client_id = "clientId": Option<String>,
        msg_id = "msgId": Option<String>,
        broker_name = "brokerName": Option<String>,
        consumer_group = "consumerGroup": String,
    }
}
