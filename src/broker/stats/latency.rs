//! How long sends took, over the last full minute. Java: StoreStatsService
//!
//! Times are sorted into classes of whole milliseconds, fine where most sends are. Java's bands are unions of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Widths of the classes in ms, and how many there are of each; one more is open.
const WIDTHS_MS: [(u64, usize); 7] = [(1, 20), (2, 15), (5, 10), (10, 10), (50, 6), (100, 5), (1000, 9)];
const CLASSES: usize = 20 + 15 + 10 + 10 + 6 + 5 + 9 + 1;
/// Where Java's bands begin, in ms, and what it calls them.
const BANDS: [(u64, &str); 13] = [
    (0, "[<=0ms]"),
    (1, "[0~10ms]"),
    (10, "[10~50ms]"),
    (50, "[50~100ms]"),
    (100, "[100~200ms]"),
    (200, "[200~500ms]"),
    (500, "[500ms~1s]"),
    (1000, "[1~2s]"),
    (2000, "[2~3s]"),
    (3000, "[3~4s]"),
    (4000, "[4~5s]"),
    (5000, "[5~10s]"),
    (10_000, "[10s~]"),
];

/// Send times by class.
pub(super) struct Latency {
    /// Where each class begins, in ms.
    begins_ms: [u64; CLASSES],
    counts: [AtomicU64; CLASSES],
    longest_ms: AtomicU64,
    minute: Mutex<Minute>,
}

struct Minute {
    counts_at_its_end: [u64; CLASSES],
    counts: [u64; CLASSES],
}

impl Latency {
    pub(super) fn new() -> Latency {
        let widths = WIDTHS_MS.iter().flat_map(|(width, count)| std::iter::repeat_n(*width, *count));
        let mut begins_ms = [0; CLASSES];
        for (class, width) in widths.enumerate() {
            begins_ms[class + 1] = begins_ms[class] + width;
        }
        let minute = Mutex::new(Minute { counts_at_its_end: [0; CLASSES], counts: [0; CLASSES] });
        let counts = std::array::from_fn(|_| AtomicU64::new(0));
        Latency { begins_ms, counts, longest_ms: AtomicU64::new(0), minute }
    }

    /// Counts a send that took so many ms.
    pub(super) fn add(&self, ms: u64) {
        let class = self.begins_ms.partition_point(|begin| *begin <= ms) - 1;
        self.counts[class].fetch_add(1, Ordering::Relaxed);
        self.longest_ms.fetch_max(ms, Ordering::Relaxed);
    }

    /// The longest since the start, in ms.
    pub(super) fn longest_ms(&self) -> u64 {
        self.longest_ms.load(Ordering::Relaxed)
    }

    /// A minute is over.
    pub(super) fn turn_minute(&self) {
        let now: [u64; CLASSES] = std::array::from_fn(|class| self.counts[class].load(Ordering::Relaxed));
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        minute.counts = std::array::from_fn(|class| now[class] - minute.counts_at_its_end[class]);
        minute.counts_at_its_end = now;
    }

    /// How many sends of the last full minute fall into each of Java's bands, in its form.
    pub(super) fn bands(&self) -> String {
        let counts = self.minute.lock().unwrap_or_else(PoisonError::into_inner).counts;
        let ends = BANDS.iter().skip(1).map(|(begin, _)| *begin).chain([u64::MAX]);
        let bands = BANDS.iter().zip(ends).map(|((begin, name), end)| {
            let within = self.begins_ms.iter().zip(&counts).filter(|(class, _)| (*begin..end).contains(*class));
            format!("{name}:{} ", within.map(|(_, count)| count).sum::<u64>())
        });
        bands.collect()
    }

    /// The time in ms that `share` of the sends of the last full minute stayed below; within a class they are taken to
    /// be spread evenly.
    pub(super) fn below_ms(&self, share: f64) -> f64 {
        let counts = self.minute.lock().unwrap_or_else(PoisonError::into_inner).counts;
        let wanted = counts.iter().sum::<u64>() as f64 * share;
        let mut below = 0.0;
        for (class, count) in counts.iter().map(|count| *count as f64).enumerate() {
            if count > 0.0 && below + count >= wanted {
                let begin = self.begins_ms[class] as f64;
                let end = self.begins_ms.get(class + 1).map_or(begin, |end| *end as f64);
                // Whole ms: what is counted as 0 took less than a millisecond, and is shown as Java shows it.
                return if class == 0 { 0.0 } else { begin + (end - begin) * (wanted - below) / count };
            }
            below += count;
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sends_fall_into_javas_bands_minute_by_minute() {
        let latency = Latency::new();
        for ms in [0, 0, 1, 9, 10, 49, 50, 199, 200, 999, 1000, 9_999, 10_000, 1_000_000] {
            latency.add(ms);
        }
        assert!(latency.bands().starts_with("[<=0ms]:0 [0~10ms]:0 "), "the minute is not over");
        latency.turn_minute();
        let bands = "[<=0ms]:2 [0~10ms]:2 [10~50ms]:2 [50~100ms]:1 [100~200ms]:1 [200~500ms]:1 [500ms~1s]:1 [1~2s]:1 \
                     [2~3s]:0 [3~4s]:0 [4~5s]:0 [5~10s]:1 [10s~]:2 ";
        assert_eq!(latency.bands(), bands);
        latency.turn_minute();
        assert!(latency.bands().starts_with("[<=0ms]:0 [0~10ms]:0 "), "only the last minute counts");
        assert_eq!(latency.longest_ms(), 1_000_000);
    }

    #[test]
    fn a_share_of_the_sends_stayed_below_a_time() {
        let latency = Latency::new();
        assert_eq!(latency.below_ms(0.99), 0.0);
        (0..90).for_each(|_| latency.add(0));
        (0..10).for_each(|_| latency.add(1200));
        latency.turn_minute();
        assert_eq!((latency.below_ms(0.5), latency.below_ms(0.95), latency.below_ms(1.0)), (0.0, 1500.0, 2000.0));
    }
}
