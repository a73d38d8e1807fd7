//! Skylark: a RocketMQ 4.x NameServer and Broker in one small process.
//!
//! Stock Apache RocketMQ 4.x Java producers and consumers, `mqadmin` and the console work with it unchanged. This page is
//! the map: how a request travels, which layer may know which, and what always holds.
//!
//! # The data path
//!
//! ```text
//!            socket                                                     one log, one fold
//!              │                                                                │
//!  remoting/connection ─► codec ─► dispatcher ─► broker/processor ─► store::put ─► commit_log ─► tail ─► arrivals ─► reply
//!   one read decodes all    typed      one file per     decode, check,   append        write      fold      wake
//!   frames it brought,      requests   kind of request  act, respond     (memory)   (one for all)          waiting pulls
//!   one write answers them                                                                │
//!                                                                                       seal ─► index_db (RocksDB)
//! ```
//!
//! A **send** is appended to a buffer in memory under a short lock, written together with all others that came in
//! meanwhile, folded, and then answered: acknowledged implies visible. Nothing hops to another thread on the way, except
//! to wait for a disk sync that was asked for.
//!
//! A **pull** looks into its queue. If there is nothing, it subscribes to the queue's arrivals, looks again and waits, all
//! in one function; the arrival of a message wakes it at once.
//!
//! # One log, one fold
//!
//! The commit log is byte for byte the format of the Java broker 4.9, and the only truth about messages. All else that is
//! known about them (queues, keys, which delayed and half messages still wait) is `fold(log)`: the newest part in memory
//! ([`store`]'s tail), the rest in sealed, immutable chunks in RocksDB. The index needs no write-ahead log and may be deleted at any time. Recovery is one thing: find the log's end,
//! fold what the index does not have. Even the deletion of a topic is a record in the log, and so is where a queue goes on whose
//! messages are all deleted: before a file of the log goes, what is still needed of it is put once more at the log's end.
//!
//! What does *not* follow from the log (topics, subscription groups, consumer offsets, how many messages came and went today) is
//! kept in [`store::meta`], a second, small RocksDB with a write-ahead log.
//!
//! # Layers
//!
//! ```text
//!  cli ─► namesrv | broker ─► delay, transaction ─► store ─► (files, RocksDB)
//!             └────────┴────► remoting ─► (sockets)          protocol, config, filter, clock: anyone may use them
//! ```
//!
//! - [`namesrv`] and [`broker`] never import each other. [`remoting`] knows neither of them, nor the store.
//! - [`store`] knows no peers, groups or request codes. Neither do [`delay`] and [`transaction`]: they say what is due or
//!   undecided, and the broker delivers, asks and answers.
//! - Sockets are opened only in `remoting`, the log's files only through `store/disk.rs`, RocksDB only in `store/index_db.rs`
//!   and `store/meta.rs`.
//! - Down go calls, up go values: `arrivals` is watched and calls nobody.
//!
//! The test in `tidy.rs` reads the sources and names the rule that one of them breaks.
//!
//! # What always holds
//!
//! - **Invariant:** nothing is acknowledged before the log holds it at the durability that was asked for.
//! - **Invariant:** under SYNC_FLUSH no consumer and no query ever sees a record that is not yet on disk.
//! - **Invariant:** a failed write or sync poisons the store: it refuses writes, says why, and is never retried in place.
//! - **Invariant:** the index never knows what the log does not say.
//! - **Invariant:** nothing that a client sends sizes an allocation, panics a thread, or names a file.
//!
//! # Overload
//!
//! No queue grows with the load. Appended bytes wait for a slow disk up to a limit, and whoever waits holds no thread
//! ([`store`]'s writer); frames half read and answers not taken are summed over all connections ([`remoting`]'s buffers).
//! Beyond either limit a send is answered 14, with which a stock producer tries another broker, and a pull waits.
//!
//! # State
//!
//! What has an order has one owner at a time (the log: whoever holds its lock writes for all). What is a table is a struct
//! of small methods over a std lock that is never held across an await. What others wait for is a number that only grows,
//! and a watch on it: subscribe, then look.

mod clock;
pub mod config;
pub mod remoting;
pub mod namesrv;
pub mod filter;
pub mod broker;
pub mod delay;
pub mod transaction;
pub mod store;
pub mod cli;
#[cfg(test)]
mod tidy;
