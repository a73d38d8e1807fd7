//! How much goes in and out, for the operator's tools.
//!
//! Owns counters and their samples, all bounded, and in memory but for the totals of days. **Invariant:** counting takes no lock but a
//! short shared one. Must not know what is done with the figures.

mod meter;
mod rates;
mod latency;
mod days;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

pub(crate) use meter::{Figure, Meter, Span};
pub(crate) use rates::Rates;

use days::Days;
use latency::Latency;

use crate::clock::now_ms;
use crate::store::StoreError;
use crate::store::meta::Meta;

/// So many topics, and as many groups in topics, are counted one by one; further ones only in the totals.
const METERS_MAX: usize = 50_000;

/// All counters of a broker.
pub(crate) struct Stats {
    /// When the broker came up, in wall-clock ms.
    pub(crate) booted_ms: i64,
    totals: Totals,
    send_times: Latency,
    pull_time_max_ms: AtomicU64,
    topics_put: Meters,
    groups_got: Meters,
    pull_times: Meters,
    groups_sent_back: Meters,
    /// Puts and gets of the whole broker.
    pub(crate) broker_put: Meter,
    /// Messages pulled from the whole broker.
    pub(crate) broker_get: Meter,
    rates: Mutex<Rates>,
    days: Days,
}

#[derive(Default)]
struct Totals {
    put_messages: AtomicU64,
    put_bytes: AtomicU64,
    put_failed: AtomicU64,
    pulls_found: AtomicU64,
    pulls_missed: AtomicU64,
    got_messages: AtomicU64,
}

/// The totals at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// Messages stored.
    pub(crate) put_messages: u64,
    /// Bytes of records stored.
    pub(crate) put_bytes: u64,
    /// Sends that stored nothing.
    pub(crate) put_failed: u64,
    /// Pulls that found messages.
    pub(crate) pulls_found: u64,
    /// Pulls that found none.
    pub(crate) pulls_missed: u64,
    /// Messages handed to pulls.
    pub(crate) got_messages: u64,
}

impl Stats {
    /// Counters at zero, but for the totals of days that Meta holds.
    pub(crate) fn load(meta: Arc<Meta>) -> Result<Stats, StoreError> {
        Ok(Stats {
            booted_ms: now_ms(),
            totals: Totals::default(),
            send_times: Latency::new(),
            pull_time_max_ms: AtomicU64::new(0),
            topics_put: Meters::default(),
            groups_got: Meters::default(),
            pull_times: Meters::default(),
            groups_sent_back: Meters::default(),
            broker_put: Meter::default(),
            broker_get: Meter::default(),
            rates: Mutex::new(Rates::default()),
            days: Days::load(meta)?,
        })
    }

    /// Counts a stored send of `messages` with `bytes` that came in at `received`.
    pub(crate) fn sent(&self, topic: &str, messages: u64, bytes: u64, received: Instant) {
        self.totals.put_messages.fetch_add(messages, Ordering::Relaxed);
        self.totals.put_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.broker_put.add(messages, bytes);
        self.topics_put.add(topic, messages, bytes);
        self.send_times.add(whole_ms(received.elapsed()));
    }

    /// Counts a message of `bytes` that was stored without being sent.
    pub(crate) fn stored(&self, topic: &str, bytes: u64) {
        self.totals.put_messages.fetch_add(1, Ordering::Relaxed);
        self.totals.put_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.broker_put.add(1, bytes);
        self.topics_put.add(topic, 1, bytes);
    }

    /// Counts a delayed message of `bytes` that reached its topic: Java's scheduler is a group that consumes.
    pub(crate) fn delivered(&self, topic: &str, bytes: u64) {
        self.stored(topic, bytes);
        self.groups_got.add("SCHEDULE_TOPIC_XXXX@SCHEDULE_CONSUMER", 1, bytes);
    }

    /// Counts a send that the store refused.
    pub(crate) fn send_failed(&self) {
        self.totals.put_failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a message of `topic` that `group` sent back.
    pub(crate) fn sent_back(&self, topic: &str, group: &str) {
        self.groups_sent_back.add(&format!("{topic}@{group}"), 1, 0);
    }

    /// Counts a look into a queue that found messages.
    pub(crate) fn pulled(&self, queue: (&str, i32), group: &str, messages: u64, bytes: u64, took: Duration) {
        let (topic, queue_id) = queue;
        self.totals.pulls_found.fetch_add(1, Ordering::Relaxed);
        self.totals.got_messages.fetch_add(messages, Ordering::Relaxed);
        self.broker_get.add(messages, bytes);
        let took_ms = whole_ms(took);
        let name = format!("{queue_id}@{topic}@{group}");
        self.pull_times.add(&name, took_ms, 0);
        self.groups_got.add(&name[name.len() - topic.len() - group.len() - 1..], messages, bytes);
        self.pull_time_max_ms.fetch_max(took_ms, Ordering::Relaxed);
    }

    /// Counts a look into a queue that found nothing.
    pub(crate) fn pull_missed(&self) {
        self.totals.pulls_missed.fetch_add(1, Ordering::Relaxed);
    }

    /// The totals now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let totals = &self.totals;
        Snapshot {
            put_messages: totals.put_messages.load(Ordering::Relaxed),
            put_bytes: totals.put_bytes.load(Ordering::Relaxed),
            put_failed: totals.put_failed.load(Ordering::Relaxed),
            pulls_found: totals.pulls_found.load(Ordering::Relaxed),
            pulls_missed: totals.pulls_missed.load(Ordering::Relaxed),
            got_messages: totals.got_messages.load(Ordering::Relaxed),
        }
    }

    /// Messages (stored, pulled) when yesterday began, when today began, and now, over restarts.
    pub(crate) fn days(&self) -> [days::Totals; 3] {
        self.days.totals(self.snapshot().messages())
    }

    /// Writes down what a restart must find. Blocks for the disk.
    pub(crate) fn save(&self, sync: bool) -> Result<(), StoreError> {
        self.days.save(self.snapshot().messages(), sync)
    }

    /// A figure over the last 10 s, minute and 10 minutes, as one text of three numbers a second.
    pub(crate) fn rate(&self, of: fn(&Snapshot) -> u64) -> String {
        self.rates.lock().unwrap_or_else(PoisonError::into_inner).text(of)
    }

    /// What was stored in `topic`, if anything was since the start.
    pub(crate) fn topic_put(&self, topic: &str) -> Option<Arc<Meter>> {
        self.topics_put.get(topic)
    }

    /// What was pulled by `topic@group`, if anything was since the start.
    pub(crate) fn group_got(&self, topic_at_group: &str) -> Option<Arc<Meter>> {
        self.groups_got.get(topic_at_group)
    }

    /// Messages a second that `group` pulled of `topic` in the last minute.
    pub(crate) fn group_rate(&self, topic: &str, group: &str) -> f64 {
        self.group_got(&format!("{topic}@{group}")).map_or(0.0, |meter| meter.messages(Span::Minute).per_second)
    }

    /// How long pulls by `queueId@topic@group` took in ms, if there were any since the start.
    pub(crate) fn pull_times(&self, queue_at_group: &str) -> Option<Arc<Meter>> {
        self.pull_times.get(queue_at_group)
    }

    /// What was sent back by `topic@group`, if anything was since the start.
    pub(crate) fn group_sent_back(&self, topic_at_group: &str) -> Option<Arc<Meter>> {
        self.groups_sent_back.get(topic_at_group)
    }

    /// How the send times of the last full minute are spread, in Java's form.
    pub(crate) fn send_time_bands(&self) -> String {
        self.send_times.bands()
    }

    /// The time in ms that `share` of the sends of the last full minute stayed below.
    pub(crate) fn send_time_ms(&self, share: f64) -> f64 {
        self.send_times.below_ms(share)
    }

    /// The longest (send, pull) in ms since the start.
    pub(crate) fn longest_ms(&self) -> (u64, u64) {
        (self.send_times.longest_ms(), self.pull_time_max_ms.load(Ordering::Relaxed))
    }

    /// Takes the samples that fall due `second` seconds after the start; call it once a second.
    pub(crate) fn sample(&self, second: u64) {
        let now = now_ms();
        let snapshot = self.snapshot();
        self.rates.lock().unwrap_or_else(PoisonError::into_inner).sample(now, snapshot);
        self.days.look_at_clock(snapshot.messages());
        if second.is_multiple_of(60) {
            self.send_times.turn_minute();
        }
        if !second.is_multiple_of(10) {
            return;
        }
        let due = |span: Span| second.is_multiple_of(span.period_s());
        for meter in [&self.broker_put, &self.broker_get] {
            meter.sample(now, due);
        }
        for meters in [&self.topics_put, &self.groups_got, &self.pull_times, &self.groups_sent_back] {
            meters.each(|meter| meter.sample(now, due));
        }
    }
}

impl Snapshot {
    fn messages(&self) -> days::Totals {
        (self.put_messages, self.got_messages)
    }
}

fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Meters by name.
#[derive(Default)]
struct Meters {
    by_name: RwLock<HashMap<Box<str>, Arc<Meter>>>,
}

impl Meters {
    fn add(&self, name: &str, messages: u64, bytes: u64) {
        let known = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(meter) = known.get(name) {
            return meter.add(messages, bytes);
        }
        drop(known);
        let mut known = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        if known.contains_key(name) || known.len() < METERS_MAX {
            known.entry(name.into()).or_default().add(messages, bytes);
        }
    }

    fn get(&self, name: &str) -> Option<Arc<Meter>> {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn each(&self, mut visit: impl FnMut(&Meter)) {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner).values().for_each(|meter| visit(meter));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sends_and_pulls_are_counted_where_they_belong() {
        let folder = tempfile::tempdir().expect("a folder");
        let stats = Stats::load(Meta::open(folder.path()).expect("meta opens")).expect("stats load");
        let received = Instant::now();
        stats.sent("T", 2, 100, received);
        stats.sent("U", 1, 10, received);
        stats.pulled(("T", 3), "G", 2, 100, Duration::ZERO);
        stats.pull_missed();
        let snapshot = stats.snapshot();
        assert_eq!((snapshot.put_messages, snapshot.put_bytes, snapshot.got_messages), (3, 110, 2));
        assert_eq!((snapshot.pulls_found, snapshot.pulls_missed), (1, 1));
        stats.sample(10);
        assert_eq!(stats.topic_put("T").map(|meter| meter.messages(Span::Minute).sum), Some(2));
        assert_eq!(stats.group_got("T@G").map(|meter| meter.bytes(Span::Minute).sum), Some(100));
        assert!(stats.topic_put("V").is_none());
        assert_eq!(stats.pull_times("3@T@G").map(|meter| meter.messages(Span::Minute).sum), Some(0));
        assert_eq!(stats.days()[2], (3, 2));
    }
}
