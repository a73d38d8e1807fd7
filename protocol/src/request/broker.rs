//! State of a broker, and cleaning it.


request! {
    /// Figures of the broker. The body of the answer is a [`KvTable`](crate::body::KvTable).
    28 GetBrokerRuntimeInfo
}

request! {
    /// One statistic over minute, hour and day. The body of the answer is a [`BrokerStatsData`](crate::body::BrokerStatsData).
    315 ViewBrokerStatsData { stats_name = "statsName": String, stats_key = "statsKey": String }
}

request! {
    /// Delete entries of queues whose messages are gone.
    306 CleanExpiredConsumequeue
}

request! {
    /// Delete log files now.
    329 DeleteExpiredCommitlog
}
