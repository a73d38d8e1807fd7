//! Delayed messages: how long a message asks to wait, where it waits, its delivery and its cancellation.
//!
//! ```text
//! send ─► asked ─► divert ─► SCHEDULE_TOPIC_XXXX | rmq_sys_timer        (a record that says when it is due)
//!                                   │ fold: waits
//!              scheduler ◄── due ───┘
//!                  └─► delivery ─► the real topic and queue            (a record that names the one that waited)
//!                                   │ fold: waits no more
//! ```
//!
//! What waits follows from the log alone, so there is no progress to save: after any crash exactly what was not
//! delivered is due. Must not know requests, peers or topics' settings.
//!
//! **Invariant:** nothing is delivered before its time by the wall clock.
//! **Invariant:** a message is delivered once or cancelled once, never both.

mod divert;
mod records;
mod scheduler;
mod cancel;
#[cfg(test)]
mod tests;

use std::fmt;

use skylark_protocol::message::properties::{self, names};

pub use cancel::cancel;
pub use divert::divert;
pub use scheduler::{Delivered, Scheduler};

/// What of the configuration decides about delays.
#[derive(Debug, Clone)]
pub struct DelayRules {
    /// What the levels mean, in ms, level 1 first.
    pub level_delays_ms: Vec<i64>,
    /// The longest delay that is not a level, in ms.
    pub delay_ms_max: i64,
}

/// How long a message is to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delay {
    /// As long as this level means, from 1 on.
    Level(i32),
    /// Until this time, in ms since 1970.
    Until(i64),
}

/// Why a message can't be delayed as it asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadDelay {
    /// The property does not hold a number.
    NoNumber {
        /// The property's name.
        name: &'static str,
        /// What it holds.
        value: String,
    },
    /// It would wait longer than is allowed.
    TooLong {
        /// For so long, in ms.
        asked_ms: i64,
        /// The longest that is allowed, in ms.
        max_ms: i64,
    },
}

impl fmt::Display for BadDelay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadDelay::NoNumber { name, value } => write!(f, "the property {name} is no number: {value}"),
            BadDelay::TooLong { asked_ms, max_ms } => write!(
                f,
                "the message is to be delayed by {} seconds, at most {} seconds are possible (timerMaxDelaySec)",
                asked_ms / 1000,
                max_ms / 1000
            ),
        }
    }
}

impl std::error::Error for BadDelay {}

impl DelayRules {
    /// What a message with these properties asks at the time `now` (ms); None: to be delivered at once. A level wins
    /// over a time; a time that is over asks for nothing.
    pub fn asked(&self, properties: &str, now: i64) -> Result<Option<Delay>, BadDelay> {
        let level = properties::get(properties, names::DELAY).and_then(|level| level.parse().ok()).unwrap_or(0);
        if level > 0 {
            return Ok(Some(Delay::Level(level)));
        }
        let Some(due) = due_asked(properties, now)? else { return Ok(None) };
        let asked_ms = due.saturating_sub(now);
        if asked_ms > self.delay_ms_max {
            return Err(BadDelay::TooLong { asked_ms, max_ms: self.delay_ms_max });
        }
        Ok((asked_ms > 0).then_some(Delay::Until(due)))
    }

    /// The level, or the highest there is. Java: CommitLog.asyncPutMessage
    fn lowered(&self, level: i32) -> i32 {
        level.min(i32::try_from(self.level_delays_ms.len()).unwrap_or(i32::MAX))
    }

    fn level_delay_ms(&self, level: i32) -> i64 {
        let index = usize::try_from(level - 1).unwrap_or(0);
        self.level_delays_ms.get(index).copied().unwrap_or(0)
    }
}

/// Whether a property of this name asks for a delay that is no level.
pub fn is_time_property(name: &str) -> bool {
    matches!(name, names::TIMER_DELAY_SEC | names::TIMER_DELAY_MS | names::TIMER_DELIVER_MS | names::START_DELIVER_TIME)
}

fn due_asked(properties: &str, now: i64) -> Result<Option<i64>, BadDelay> {
    let number = |name: &'static str| {
        let value = properties::get(properties, name)?.trim();
        let parsed = value.parse::<i64>().map_err(|_| BadDelay::NoNumber { name, value: value.to_owned() });
        Some(parsed)
    };
    if let Some(seconds) = number(names::TIMER_DELAY_SEC) {
        return seconds.map(|seconds| Some(now.saturating_add(seconds.saturating_mul(1000))));
    }
    if let Some(millis) = number(names::TIMER_DELAY_MS) {
        return millis.map(|millis| Some(now.saturating_add(millis)));
    }
    number(names::TIMER_DELIVER_MS).or_else(|| number(names::START_DELIVER_TIME)).transpose()
}
