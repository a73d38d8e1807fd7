//! NameServer: brokers coming, staying and going.


request! {
    /// A broker lives, with these topics. The body is a [`RegisterBrokerBody`](crate::body::RegisterBrokerBody),
    /// perhaps compressed; the answer's is a [`KvTable`](crate::body::KvTable) of ordered topics, or empty.
    103 RegisterBroker {
        broker_id = "brokerId": i64,
        body_crc32 = "bodyCrc32": i32 = 0,
        cluster_name = "clusterName": String,
        broker_addr = "brokerAddr": String,
        ha_server_addr = "haServerAddr": String,
        compressed = "compressed": bool = false,
        broker_name = "brokerName": String,
    } -> RegisterBrokerReply {
        master_addr = "masterAddr": Option<String>,
        ha_server_addr = "haServerAddr": Option<String>,
    }
}

request! {
    /// A broker goes.
    104 UnregisterBroker {
        broker_id = "brokerId": i64,
        cluster_name = "clusterName": String,
        broker_addr = "brokerAddr": String,
        broker_name = "brokerName": String,
    }
}

request! {
    /// Did the broker's topics change? The body is its [`DataVersion`](crate::body::DataVersion), the answer's the one known.
    322 QueryDataVersion {
        broker_id = "brokerId": i64,
        cluster_name = "clusterName": String,
        broker_addr = "brokerAddr": String,
        broker_name = "brokerName": String,
    } -> QueryDataVersionReply { changed = "changed": bool }
}

request! {
    /// Let nobody send to a broker.
    205 WipeWritePermOfBroker { broker_name = "brokerName": String }
    -> WipeWritePermOfBrokerReply { wipe_topic_count = "wipeTopicCount": i32 }
}

request! {
    /// Let clients send to a broker again.
    327 AddWritePermOfBroker { broker_name = "brokerName": String }
    -> AddWritePermOfBrokerReply { add_topic_count = "addTopicCount": i32 }
}
