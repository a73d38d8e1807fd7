//! NameServer: which topics and brokers there are.


request! {
    /// The brokers and queues of a topic. The body of the answer is a [`TopicRouteData`](crate::body::TopicRouteData).
    105 GetRouteinfoByTopic {
        topic = "topic": String,
        accept_standard_json_only = "acceptStandardJsonOnly": Option<bool>,
    }
}

request! {
    /// All clusters and brokers. The body of the answer is a [`ClusterInfo`](crate::body::ClusterInfo).
    106 GetBrokerClusterInfo
}

request! {
    /// All topics. The body of the answer is a [`TopicList`](crate::body::TopicList).
    206 GetAllTopicListFromNameserver
}

request! {
    /// Forget a topic, of one cluster or of all.
    216 DeleteTopicInNamesrv { cluster_name = "clusterName": Option<String>, topic = "topic": String }
}

request! {
    /// The topics of a cluster. The body of the answer is a [`TopicList`](crate::body::TopicList).
    224 GetTopicsByCluster { cluster = "cluster": String }
}

request! {
    /// The names of clusters and brokers. The body of the answer is a [`TopicList`](crate::body::TopicList).
    304 GetSystemTopicListFromNs
}

request! {
    /// Topics with the unit bit. The body of the answer is a [`TopicList`](crate::body::TopicList).
    311 GetUnitTopicList
}

request! {
    /// Topics with the unit-subscription bit. The body of the answer is a [`TopicList`](crate::body::TopicList).
    312 GetHasUnitSubTopicList
}

request! {
    /// Topics with the unit-subscription bit alone. The body of the answer is a [`TopicList`](crate::body::TopicList).
    313 GetHasUnitSubUnunitTopicList
}
