//! Clients coming, staying, asking for each other and going.

use super::EmptyPresent;

request! {
    /// A client lives, with these groups and subscriptions. The body is a [`HeartbeatData`](crate::body::HeartbeatData).
    34 HeartBeat
}

request! {
    /// A client's group goes.
    35 UnregisterClient {
        producer_group = "producerGroup": Option<String>,
        client_id = "clientID": String,
        consumer_group = "consumerGroup": Option<String>,
    } -> EmptyPresent
}

request! {
    /// Would this subscription work? The body is a [`CheckClientRequestBody`](crate::body::CheckClientRequestBody).
    46 CheckClientConfig
}

request! {
    /// The client ids of a consumer group. The body of the answer is a [`GetConsumerListByGroupBody`](crate::body::GetConsumerListByGroupBody).
    38 GetConsumerListByGroup { consumer_group = "consumerGroup": String } -> EmptyPresent
}
