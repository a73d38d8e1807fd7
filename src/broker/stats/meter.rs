//! Messages and bytes of one name, sampled over a minute, an hour and a day. Java: StatsItem

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::clock::now_ms;

/// Counts messages and bytes.
#[derive(Default)]
pub(crate) struct Meter {
    calls: AtomicU64,
    messages: AtomicU64,
    bytes: AtomicU64,
    samples: Mutex<[VecDeque<Sample>; 3]>,
}

/// How far back a figure looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// A minute, sampled every 10 s.
    Minute,
    /// An hour, sampled every 10 minutes.
    Hour,
    /// A day, sampled every hour.
    Day,
}

/// A figure over a span.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Figure {
    /// How much in the span.
    pub(crate) sum: u64,
    /// How much a second.
    pub(crate) per_second: f64,
    /// How much a call.
    pub(crate) per_call: f64,
}

#[derive(Clone, Copy, Default)]
struct Sample {
    at_ms: i64,
    calls: u64,
    messages: u64,
    bytes: u64,
}

impl Span {
    const ALL: [Span; 3] = [Span::Minute, Span::Hour, Span::Day];

    /// Seconds between samples.
    pub(super) fn period_s(self) -> u64 {
        match self {
            Span::Minute => 10,
            Span::Hour => 600,
            Span::Day => 3600,
        }
    }

    /// As many as fit into the span; the time since the newest is added to a figure as it is asked for.
    fn samples_max(self) -> usize {
        if self == Span::Day { 24 } else { 6 }
    }

    fn period_ms(self) -> i64 {
        i64::try_from(self.period_s() * 1000).unwrap_or(0)
    }
}

impl Meter {
    /// Counts one call with `messages` and `bytes`.
    pub(crate) fn add(&self, messages: u64, bytes: u64) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.messages.fetch_add(messages, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Messages over `span`, up to this moment.
    pub(crate) fn messages(&self, span: Span) -> Figure {
        self.figure(span, now_ms(), |sample| sample.messages)
    }

    /// Bytes over `span`, up to this moment.
    pub(crate) fn bytes(&self, span: Span) -> Figure {
        self.figure(span, now_ms(), |sample| sample.bytes)
    }

    pub(super) fn sample(&self, now_ms: i64, due: impl Fn(Span) -> bool) {
        let sample = self.counted(now_ms);
        let mut all = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        for (span, samples) in Span::ALL.into_iter().zip(all.iter_mut()) {
            if samples.is_empty() {
                samples.push_back(before_the_first(span, now_ms));
            } else if !due(span) {
                continue;
            }
            samples.push_back(sample);
            if samples.len() > span.samples_max() {
                samples.pop_front();
            }
        }
    }

    fn counted(&self, now_ms: i64) -> Sample {
        Sample {
            at_ms: now_ms,
            calls: self.calls.load(Ordering::Relaxed),
            messages: self.messages.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }

    /// Counted up to now and not up to the newest sample: that of a day may be an hour old, and the console shows the
    /// day's sum as what came in today.
    fn figure(&self, span: Span, now_ms: i64, of: fn(&Sample) -> u64) -> Figure {
        let all = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let first = all[span as usize].front().copied().unwrap_or_else(|| before_the_first(span, now_ms));
        let last = self.counted(now_ms);
        let sum = of(&last) - of(&first);
        let calls = last.calls - first.calls;
        Figure {
            sum,
            per_second: sum as f64 * 1000.0 / (last.at_ms - first.at_ms).max(1) as f64,
            per_call: if calls > 0 { sum as f64 / calls as f64 } else { 0.0 },
        }
    }
}

/// Nothing was counted yet, one period before the first sample.
fn before_the_first(span: Span, now_ms: i64) -> Sample {
    Sample { at_ms: now_ms - span.period_ms(), ..Sample::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(meter: &Meter, span: Span, now_ms: i64) -> Figure {
        meter.figure(span, now_ms, |sample| sample.messages)
    }

    #[test]
    fn a_span_forgets_what_is_older() {
        let meter = Meter::default();
        for second in 0..10 {
            meter.add(3, 30);
            meter.sample(second * 10_000, |span| span == Span::Minute);
        }
        let minute = messages(&meter, Span::Minute, 90_000);
        assert_eq!((minute.sum, minute.per_second, minute.per_call), (15, 0.3, 3.0));
        assert_eq!(messages(&meter, Span::Hour, 90_000).sum, 30);
    }

    #[test]
    fn a_figure_reaches_up_to_the_moment_it_is_asked_for() {
        let meter = Meter::default();
        meter.add(1, 10);
        assert_eq!(messages(&meter, Span::Day, 5_000).sum, 1, "before the first sample");
        meter.sample(10_000, |_| true);
        meter.add(4, 40);
        for span in Span::ALL {
            assert_eq!(messages(&meter, span, 15_000).sum, 5, "{span:?}");
        }
    }
}
