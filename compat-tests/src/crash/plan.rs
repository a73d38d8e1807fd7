//! How long a run takes and what it is made of.

use super::{delays, groups};
use std::env;
use std::time::Duration;

/// Small segments, so that kills also meet the moment in which a new one begins.
const SEGMENT_BYTES: &str = "4194304";
/// Likewise small chunks of the index, which only Skylark knows.
const CHUNK_MESSAGES: &str = "2000";

/// What is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mix {
    /// Single messages and batches.
    Plain,
    /// Delayed messages and transactions besides, and two groups that consume all.
    Full,
}

/// How long, under which durability, and what.
#[derive(Clone, Debug)]
pub struct Plan {
    /// `ASYNC_FLUSH` or `SYNC_FLUSH`.
    pub flush: &'static str,
    /// What is sent.
    pub mix: Mix,
    /// How often the broker is killed.
    pub kills: u64,
    /// At least this many messages are acknowledged.
    pub acks: u64,
}

impl Plan {
    /// The short run of CI, or what `COMPAT_KILLS` and `COMPAT_ACKS` ask for.
    pub fn asked(flush: &'static str) -> Plan {
        Plan { flush, mix: Mix::Plain, kills: number("COMPAT_KILLS", 20), acks: number("COMPAT_ACKS", 60_000) }
    }

    /// The same with everything that the load can have.
    pub fn mixed(flush: &'static str) -> Plan {
        let kills = number("COMPAT_KILLS", 10);
        Plan { flush, mix: Mix::Full, kills, acks: number("COMPAT_ACKS", kills * 500) }
    }

    /// The broker.conf of a run.
    pub(super) fn settings(&self) -> Vec<(&'static str, &'static str)> {
        let common = [("flushDiskType", self.flush), ("mappedFileSizeCommitLog", SEGMENT_BYTES)];
        let mixed = [
            ("messageDelayLevel", delays::LEVELS),
            ("flushConsumerOffsetInterval", groups::SAVE_INTERVAL_MS),
            ("indexChunkMessages", CHUNK_MESSAGES),
        ];
        let mixed = if self.mix == Mix::Full { &mixed[..] } else { &[] };
        common.iter().chain(mixed).copied().collect()
    }

    /// How much longer the broker lives, once enough was sent: delays and checks take seconds, and offsets are remembered
    /// from an age on that now and then some of them must reach.
    pub(super) fn rest_of_life(&self) -> Duration {
        match (self.mix, fastrand::u8(..10)) {
            (Mix::Plain, _) => Duration::from_micros(fastrand::u64(..10_000)),
            (Mix::Full, 0) => groups::REMEMBERED_AFTER + Duration::from_millis(fastrand::u64(500..1500)),
            (Mix::Full, _) => Duration::from_millis(fastrand::u64(..1200)),
        }
    }
}

/// What `COMPAT_SEED` says, or any.
pub(super) fn seed() -> u64 {
    number("COMPAT_SEED", fastrand::u64(..))
}

fn number(name: &str, usual: u64) -> u64 {
    env::var(name).ok().map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text}")))
}
