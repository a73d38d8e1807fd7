//! Totals of the last ten minutes, second by second, from which rates follow. Java: StoreStatsService

use std::collections::VecDeque;

use super::Snapshot;

const SAMPLES_MAX: usize = 601;
const WINDOWS_S: [usize; 3] = [10, 60, 600];

/// One sample a second.
#[derive(Default)]
pub(crate) struct Rates {
    samples: VecDeque<(i64, Snapshot)>,
}

impl Rates {
    pub(super) fn sample(&mut self, now_ms: i64, snapshot: Snapshot) {
        self.samples.push_back((now_ms, snapshot));
        if self.samples.len() > SAMPLES_MAX {
            self.samples.pop_front();
        }
    }

    /// Three numbers a second: over 10 s, a minute, ten minutes; 0.0 where the past is not long enough.
    pub(super) fn text(&self, of: fn(&Snapshot) -> u64) -> String {
        WINDOWS_S.map(|window| format!("{:?}", self.rate(window, of))).join(" ")
    }

    fn rate(&self, window: usize, of: fn(&Snapshot) -> u64) -> f64 {
        let Some(first) = self.samples.len().checked_sub(window + 1) else { return 0.0 };
        let (began, before) = &self.samples[first];
        let (ended, after) = &self.samples[self.samples.len() - 1];
        (of(after) - of(before)) as f64 * 1000.0 / (ended - began).max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_needs_a_past_of_its_length() {
        let mut rates = Rates::default();
        for second in 0..=10 {
            rates.sample(second * 1000, Snapshot { put_messages: second.unsigned_abs() * 5, ..Snapshot::default() });
        }
        assert_eq!(rates.text(|snapshot| snapshot.put_messages), "5.0 0.0 0.0");
    }
}
