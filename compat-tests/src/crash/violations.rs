//! What did not hold, by what should have.

use std::collections::BTreeMap;
use std::fmt;

/// So many of each sort are told in full.
const TOLD_MAX: usize = 5;

/// Broken assertions, counted by their names.
#[derive(Default, Clone, Debug)]
pub struct Violations {
    found: BTreeMap<&'static str, (u64, Vec<String>)>,
}

impl Violations {
    /// Notes one; `what` begins with the number of the assertion, see [`super::checker`].
    pub fn add(&mut self, what: &'static str, told: impl FnOnce() -> String) {
        let (count, examples) = self.found.entry(what).or_default();
        *count += 1;
        if examples.len() < TOLD_MAX {
            examples.push(told());
        }
    }

    /// Notes one unless `holds`.
    pub fn unless(&mut self, holds: bool, what: &'static str, told: impl FnOnce() -> String) {
        if !holds {
            self.add(what, told);
        }
    }

    /// Both.
    pub fn merge(&mut self, other: Violations) {
        for (what, (count, told)) in other.found {
            let (sum, examples) = self.found.entry(what).or_default();
            *sum += count;
            examples.extend(told.into_iter().take(TOLD_MAX.saturating_sub(examples.len())));
        }
    }

    /// How many of one sort.
    pub fn count(&self, what: &str) -> u64 {
        self.found.get(what).map_or(0, |(count, _)| *count)
    }

    /// The sorts that were found.
    pub fn sorts(&self) -> Vec<&'static str> {
        self.found.keys().copied().collect()
    }

    /// Panics if there are any.
    pub fn expect_none(&self) {
        assert!(self.found.is_empty(), "what should hold does not:\n{self}");
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, (count, told)) in &self.found {
            writeln!(f, "{count} x {what}")?;
            told.iter().try_for_each(|example| writeln!(f, "    {example}"))?;
        }
        Ok(())
    }
}
