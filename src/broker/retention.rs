//! How much of the log is kept, and whether messages are taken at all.
//!
//! One task looks at the clock and at the disk, round by round, and deletes one file of the log after the other with a
//! pause in between, so that no send waits for it. What it goes by is read from the configuration in each round.
//! Java: DefaultMessageStore.CleanCommitLogService
//!
//! **Invariant:** a file goes only when a rule says so that the log line names, and the oldest one first.

mod clock;
mod rules;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use self::clock::SteadyClock;
use self::rules::{Look, Order, Which};
use super::{Broker, refusal};
use crate::clock::now_ms;
use crate::config::{BrokerConfig, BrokerRole};
use crate::remoting::Refusal;
use crate::store::{Deleted, OldSegment};

/// Files deleted in one round, at most. Java: DELETE_FILES_BATCH_MAX
const FILES_MAX: usize = 10;
/// Rounds that ignore the hour once an operator asked for it. Java: MAX_MANUAL_DELETE_FILE_TIMES
const ROUNDS_BY_HAND: u32 = 20;
/// How often the disk is looked at while no message is taken.
const FULL_PERIOD: Duration = Duration::from_secs(1);

/// What operators ask of the task.
#[derive(Default)]
pub(crate) struct Retention {
    rounds_by_hand: AtomicU32,
    asked: Notify,
}

impl Retention {
    /// Deletes what is expired now, whatever the hour.
    pub(crate) fn delete_by_hand(&self) {
        self.rounds_by_hand.store(ROUNDS_BY_HAND, Ordering::Release);
        self.asked.notify_one();
    }

    fn take_round_by_hand(&self) -> bool {
        self.rounds_by_hand.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1)).is_ok()
    }
}

/// What the task knows from round to round.
struct Keeper {
    broker: Arc<Broker>,
    clock: SteadyClock,
    /// Space is needed and nothing may be deleted: told once.
    is_stuck: bool,
}

/// Keeps the log within its limits until it is stopped. A slave keeps what its master keeps.
pub(super) async fn keep_within_limits(broker: Arc<Broker>, stop: CancellationToken) {
    if broker.config().broker_role == BrokerRole::Slave {
        return;
    }
    let clock = SteadyClock::new(now_ms(), broker.store.newest_store_time(), Instant::now());
    let mut keeper = Keeper { broker: broker.clone(), clock, is_stuck: false };
    loop {
        let rounds = async {
            let is_full = keeper.round().await.unwrap_or_else(|refusal| {
                tracing::error!(reason = refusal.remark, "delete old segments, the next round tries again");
                true
            });
            let period = Duration::from_millis(broker.config().clean_resource_interval_ms);
            tokio::select! {
                () = tokio::time::sleep(if is_full { period.min(FULL_PERIOD) } else { period }) => {}
                () = broker.retention.asked.notified() => {}
                () = broker.store.met_full_disk() => tokio::time::sleep(FULL_PERIOD.min(period)).await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = rounds => {}
        }
    }
}

impl Keeper {
    /// Looks once, and deletes what must go. True: no message is taken.
    async fn round(&mut self) -> Result<bool, Refusal> {
        let by_hand = self.broker.retention.take_round_by_hand();
        let is_steady = self.clock.is_steady(now_ms(), Instant::now());
        let mut deleted = 0;
        let is_full = loop {
            let config = Arc::clone(&self.broker.config());
            let look = self.look(by_hand).await?;
            let is_full = self.tell_fullness(&config, &look);
            let Some(order) = rules::order(&config, &look) else { break is_full };
            let next = self.next(&config, &order, is_steady || by_hand).await?;
            self.tell_stuck(&order, next.is_none() && deleted == 0);
            let Some(next) = next.filter(|_| deleted < FILES_MAX) else { break is_full };
            self.delete(&order, &next).await?;
            deleted += 1;
            tokio::time::sleep(Duration::from_millis(config.delete_commit_log_files_interval_ms)).await;
        };
        let store = self.broker.store.clone();
        refusal::blocking(move || store.forget_deleted()).await?;
        Ok(is_full)
    }

    async fn look(&self, by_hand: bool) -> Result<Look, Refusal> {
        let store = self.broker.store.clone();
        let [log, rest] = refusal::blocking(move || store.disk_usage()).await?;
        let (begin, end) = self.broker.store.log_bounds();
        Ok(Look {
            disk: if rest.1.percent() > log.1.percent() { rest } else { log },
            log_bytes: u64::try_from(end - begin).unwrap_or(0),
            hour: clock::local_hour(),
            met_full: self.broker.store.take_met_full_disk(),
            by_hand,
        })
    }

    fn tell_fullness(&self, config: &BrokerConfig, look: &Look) -> bool {
        let reason = rules::fullness(config, look);
        let is_full = reason.is_some();
        let told = reason.clone();
        if self.broker.store.refuse_puts(reason) {
            match told {
                Some(reason) => tracing::error!(reason, "the disk is full, no message is taken"),
                None => tracing::info!("the disk has room again, messages are taken"),
            }
        }
        is_full
    }

    /// The oldest file, if the order is about it.
    async fn next(
        &self,
        config: &BrokerConfig,
        order: &Order,
        is_age_sure: bool,
    ) -> Result<Option<OldSegment>, Refusal> {
        let store = self.broker.store.clone();
        let oldest = refusal::blocking(move || store.old_segments(1)).await?.pop();
        let reserved_ms = i64::from(config.file_reserved_time_hours) * 3_600_000;
        let is_expired = |segment: &OldSegment| segment.newest.is_some_and(|newest| now_ms() - newest >= reserved_ms);
        Ok(oldest.filter(|oldest| order.which == Which::Oldest || is_age_sure && is_expired(oldest)))
    }

    async fn delete(&self, order: &Order, segment: &OldSegment) -> Result<(), Refusal> {
        let moved = self.broker.store.release_below(segment.end).await?;
        let store = self.broker.store.clone();
        let deleted = refusal::blocking(move || store.delete_oldest()).await?;
        let age_hours = segment.newest.map(|newest| (now_ms() - newest) / 3_600_000);
        if let Some(Deleted { path, bytes, log_start }) = deleted {
            let file = path.display();
            tracing::info!(rule = order.rule, %file, bytes, age_hours, moved, log_start, "deleted a segment of the log");
        }
        Ok(())
    }

    fn tell_stuck(&mut self, order: &Order, is_stuck: bool) {
        if is_stuck && !self.is_stuck && order.is_for_space {
            tracing::warn!(rule = order.rule, "space is needed, but no segment may be deleted");
        }
        self.is_stuck = is_stuck && order.is_for_space;
    }
}
