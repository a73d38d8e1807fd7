//! How much goes in and out, for the operator's tools.
//!
//! Owns counters and their samples, all in memory and all bounded. **Invariant:** counting takes no lock but a
//! short shared one. Must not know what is done with the figures.

mod meter;
mod rates;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

pub(crate) use meter::{Figure, Meter, Span};
pub(crate) use rates::Rates;

use super::clock::now_ms;

/// So many topics, and as many groups in topics, are counted one by one; further ones only in the totals.
const METERS_MAX: usize = 50_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Upper ends of the classes of send times; the last class is open. Java: StoreStatsService
const SEND_CLASSES_MS: [u64; 12] = [1, 10, 50, 100, 200, 500, 1000, 2000, 3000, 4000, 5000, 10_000];
const SEND_CLASS_NAMES: [&str; 13] = [
    "[<=0ms]",
    "[0~10ms]",
    "[10~50ms]",
    "[50~100ms]",
    "[100~200ms]",
    "[200~500ms]",
    "[500ms~1s]",
    "[1~2s]",
    "[2~3s]",
    "[3~4s]",
    "[4~5s]",
    "[5~10s]",
    "[10s~]",
];

/// All counters of a broker.
pub(crate) struct Stats {
    /// When the broker came up, in wall-clock ms.
    pub(crate) booted_ms: i64,
    totals: Totals,
    send_times: [AtomicU64; SEND_CLASS_NAMES.len()],
    send_time_max_ms: AtomicU64,
    pull_time_max_ms: AtomicU64,
    topics_put: Meters,
    groups_got: Meters,
    /// Puts and gets of the whole broker.
    pub(crate) broker_put: Meter,
    /// Messages pulled from the whole broker.
    pub(crate) broker_get: Meter,
    rates: Mutex<Rates>,
    mornings: Mutex<Mornings>,
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

/// Totals when a day began.
#[derive(Clone, Copy, Default)]
struct Mornings {
    day: i64,
    yesterday: (u64, u64),
    today: (u64, u64),
}

impl Stats {
    /// Counters at zero.
    pub(crate) fn new() -> Stats {
        let booted_ms = now_ms();
        Stats {
            booted_ms,
            totals: Totals::default(),
            send_times: Default::default(),
            send_time_max_ms: AtomicU64::new(0),
            pull_time_max_ms: AtomicU64::new(0),
            topics_put: Meters::default(),
            groups_got: Meters::default(),
            broker_put: Meter::default(),
            broker_get: Meter::default(),
            rates: Mutex::new(Rates::default()),
            mornings: Mutex::new(Mornings { day: booted_ms / DAY_MS, ..Mornings::default() }),
        }
    }

    /// Counts a stored send of `messages` with `bytes` that came in at `received`.
    pub(crate) fn sent(&self, topic: &str, messages: u64, bytes: u64, received: Instant) {
        self.totals.put_messages.fetch_add(messages, Ordering::Relaxed);
        self.totals.put_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.broker_put.add(messages, bytes);
        self.topics_put.add(topic, messages, bytes);
        let ms = elapsed_ms(received);
        let class = if ms == 0 { 0 } else { SEND_CLASSES_MS.partition_point(|end| *end <= ms) };
        self.send_times[class].fetch_add(1, Ordering::Relaxed);
        self.send_time_max_ms.fetch_max(ms, Ordering::Relaxed);
    }

    /// Counts a message of `bytes` that was stored without being sent.
    pub(crate) fn stored(&self, topic: &str, bytes: u64) {
        self.totals.put_messages.fetch_add(1, Ordering::Relaxed);
        self.totals.put_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.broker_put.add(1, bytes);
        self.topics_put.add(topic, 1, bytes);
    }

    /// Counts a send that the store refused.
    pub(crate) fn send_failed(&self) {
        self.totals.put_failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a look into a queue that found messages.
    pub(crate) fn pulled(&self, topic: &str, group: &str, messages: u64, bytes: u64, took: Duration) {
        self.totals.pulls_found.fetch_add(1, Ordering::Relaxed);
        self.totals.got_messages.fetch_add(messages, Ordering::Relaxed);
        self.broker_get.add(messages, bytes);
        self.groups_got.add(&format!("{topic}@{group}"), messages, bytes);
        self.pull_time_max_ms.fetch_max(u64::try_from(took.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
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

    /// Messages (stored, pulled) when yesterday and when today began.
    pub(crate) fn mornings(&self) -> [(u64, u64); 2] {
        let mornings = self.mornings.lock().unwrap_or_else(PoisonError::into_inner);
        [mornings.yesterday, mornings.today]
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

    /// How send times are spread, in Java's form.
    pub(crate) fn send_time_classes(&self) -> String {
        let classes = SEND_CLASS_NAMES.iter().zip(&self.send_times);
        classes.map(|(name, count)| format!("{name}:{} ", count.load(Ordering::Relaxed))).collect()
    }

    /// The time in ms that `share` of all sends stayed below, as exact as the classes are.
    pub(crate) fn send_time_ms(&self, share: f64) -> u64 {
        let counts: Vec<u64> = self.send_times.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        let total: u64 = counts.iter().sum();
        let mut below = 0;
        for (class, count) in counts.iter().enumerate() {
            below += count;
            if below as f64 >= total as f64 * share {
                return if class == 0 { 0 } else { SEND_CLASSES_MS.get(class).copied().unwrap_or(10_000) };
            }
        }
        0
    }

    /// The longest (send, pull) in ms since the start.
    pub(crate) fn longest_ms(&self) -> (u64, u64) {
        (self.send_time_max_ms.load(Ordering::Relaxed), self.pull_time_max_ms.load(Ordering::Relaxed))
    }

    /// Takes the samples that fall due `second` seconds after the start; call it once a second.
    pub(crate) fn sample(&self, second: u64) {
        let now = now_ms();
        let snapshot = self.snapshot();
        self.rates.lock().unwrap_or_else(PoisonError::into_inner).sample(now, snapshot);
        self.turn_day(now, &snapshot);
        if !second.is_multiple_of(10) {
            return;
        }
        let due = |span: Span| second.is_multiple_of(span.period_s());
        for meter in [&self.broker_put, &self.broker_get] {
            meter.sample(now, due);
        }
        for meters in [&self.topics_put, &self.groups_got] {
            meters.each(|meter| meter.sample(now, due));
        }
    }

    fn turn_day(&self, now: i64, snapshot: &Snapshot) {
        let mut mornings = self.mornings.lock().unwrap_or_else(PoisonError::into_inner);
        if now / DAY_MS != mornings.day {
            mornings.day = now / DAY_MS;
            mornings.yesterday = mornings.today;
            mornings.today = (snapshot.put_messages, snapshot.got_messages);
        }
    }
}

fn elapsed_ms(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
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
        let stats = Stats::new();
        let received = Instant::now();
        stats.sent("T", 2, 100, received);
        stats.sent("U", 1, 10, received);
        stats.pulled("T", "G", 2, 100, Duration::ZERO);
        stats.pull_missed();
        let snapshot = stats.snapshot();
        assert_eq!((snapshot.put_messages, snapshot.put_bytes, snapshot.got_messages), (3, 110, 2));
        assert_eq!((snapshot.pulls_found, snapshot.pulls_missed), (1, 1));
        stats.sample(10);
        assert_eq!(stats.topic_put("T").map(|meter| meter.messages(Span::Minute).sum), Some(2));
        assert_eq!(stats.group_got("T@G").map(|meter| meter.bytes(Span::Minute).sum), Some(100));
        assert!(stats.topic_put("V").is_none());
        assert!(stats.send_time_classes().starts_with("[<=0ms]:"));
        assert_eq!(stats.send_time_ms(0.99), 0);
    }
}
