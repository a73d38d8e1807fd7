//! Statistics.

use super::bodies;

bodies! {
    /// One statistic over three spans.
    BrokerStatsData {
        /// The last day.
        pub stats_day: BrokerStatsItem,
        /// The last hour.
        pub stats_hour: BrokerStatsItem,
        /// The last minute.
        pub stats_minute: BrokerStatsItem,
    }

    /// One statistic over one span.
    BrokerStatsItem {
        /// Average a time.
        pub avgpt: f64,
        /// The sum.
        pub sum: i64,
        /// Times a second.
        pub tps: f64,
    }
}
