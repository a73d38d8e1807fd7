//! Skylark: a RocketMQ 4.x NameServer and Broker.
