//! Messages that a group gives back: each comes again as often as that was answered, not before its time (A11).

use super::delays::level_ms;
use super::groups::Got;
use super::message::MessageId;
use super::violations::Violations;
use std::collections::HashMap;

/// One message given back once.
#[derive(Clone, Copy, Debug)]
pub struct GivenBack {
    /// Which.
    pub id: MessageId,
    /// How often it was by that.
    pub times: i32,
    /// The delay level that it comes again by.
    pub level: usize,
    /// Just before, in ms since 1970.
    pub at_ms: i64,
    /// The answer said that it will come again.
    pub is_answered: bool,
}

/// Compares what was given back with what the retry topic holds.
pub fn check(given_back: &[GivenBack], retried: &[Got], violations: &mut Violations) {
    let mut given: HashMap<(MessageId, i32), Vec<GivenBack>> = HashMap::new();
    for one in given_back {
        given.entry((one.id, one.times)).or_default().push(*one);
    }
    let mut came: HashMap<(MessageId, i32), Vec<Got>> = HashMap::new();
    for got in retried {
        let Some(id) = got.id else { continue };
        came.entry((id, got.times)).or_default().push(*got);
    }
    for (which, came) in &came {
        let given = given.get(which).map_or(&[][..], Vec::as_slice);
        let told = || format!("{which:?}: {given:?} came as {came:?}");
        violations.unless(came.len() <= given.len(), "A11 given back, came too often", told);
        // One that should not be there could have come of any.
        let due = |n: usize| given.get(if came.len() <= given.len() { n } else { 0 });
        let is_early = |(n, came): (usize, &Got)| due(n).is_some_and(|g| came.stored_ms < g.at_ms + level_ms(g.level));
        let early = came.iter().enumerate().any(is_early);
        violations.unless(!early, "A11 given back, came early", told);
    }
    for (which, given) in &given {
        let answered = given.iter().filter(|one| one.is_answered).count();
        let came = came.get(which).map_or(0, Vec::len);
        let told = || format!("{which:?} came {came} times: {given:?}");
        violations.unless(came >= answered, "A11 given back, never came", told);
    }
}
