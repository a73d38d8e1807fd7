//! What the Java broker 4.9 is known to do wrong when it is killed, and that the checker sees it: one that finds nothing
//! there is broken itself.

use super::plan::Mix;
use super::violations::Violations;

/// Found in every run with a full mix.
const ALWAYS: [&str; 3] = [
    // Each END_TRANSACTION stores the message, whatever was decided before.
    "A8 committed, visible twice",
    "A8 rolled back, visible",
    // How far each delay level is delivered is saved every 10 s, first 10 s after the start.
    "A9 delayed, came twice",
];

/// Found when the moment is right.
const SOMETIMES: [&str; 6] = [
    // How far the check has come in the half topic is a consumer offset, see below.
    "A8 decided, asked again",
    // Consumer offsets are saved from 10 s after the start on.
    "A10 offset forgotten",
    // They come through a delay level.
    "A11 given back, came too often",
    "A11 given back, came early",
    // The newest index files are deleted at a start after a kill.
    "A12 not found by key",
    "A12 not found by id",
];

/// Panics if there are others than these, or if those that every run shows are missing.
pub(super) fn expect(violations: &Violations, mix: Mix) {
    println!("Java's known defects:\n{violations}");
    let always = if mix == Mix::Full { &ALWAYS[..] } else { &[] };
    for what in always {
        assert!(violations.count(what) > 0, "not found, although Java does it: {what}");
    }
    let unknown: Vec<_> = violations.sorts().into_iter().filter(|what| !is_known(what)).collect();
    assert!(unknown.is_empty(), "Java is not known for {unknown:?}");
}

fn is_known(what: &str) -> bool {
    ALWAYS.contains(&what) || SOMETIMES.contains(&what)
}
