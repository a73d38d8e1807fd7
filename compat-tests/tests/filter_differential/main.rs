//! Skylark's SQL92 filter and the one of the published Java broker, asked the same questions: 10,000 random expressions,
//! each over a handful of messages, must have the same verdicts, refusals included.
//!
//! `FILTER_SEED=N` repeats a run, `FILTER_CASES=N` makes it longer.

mod generate;

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::thread;

use compat_tests::java;
use fastrand::Rng;
use skylark::filter::SqlFilter;

use generate::{VALUES, case};

const CASES: usize = 10_000;

/// An expression and the properties of the messages that it is asked about.
struct Case {
    expression: String,
    messages: Vec<String>,
}

#[test]
fn verdicts_are_javas() {
    let seed = env::var("FILTER_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().expect("a number"));
    let count = env::var("FILTER_CASES").map_or(CASES, |count| count.parse().expect("a number"));
    println!("FILTER_SEED={seed}");
    let mut rng = Rng::with_seed(seed);
    let cases: Vec<Case> = (0..count).map(|_| case(&mut rng)).collect();
    let (differences, seen) = compare(&cases);
    assert!(
        differences.is_empty(),
        "FILTER_SEED={seed}: {}\n{}",
        differences.len(),
        differences[..differences.len().min(40)].join("\n")
    );
    for (verdict, times) in "TFNXE".chars().map(|verdict| (verdict, seen.matches(verdict).count())) {
        println!("{verdict}: {times}");
        assert!(times >= count / 20, "only {times} verdicts {verdict} in {count} cases: the generator proves little");
    }
}

#[test]
fn odd_texts_read_as_java_reads_them() {
    let mut messages: Vec<String> = VALUES.iter().map(|value| format!("a\u{1}{value}\u{2}b\u{1}5\u{2}")).collect();
    // Every character that could count as a digit.
    messages
        .extend((0x80..0x1_0000).filter_map(char::from_u32).filter(|c| c.is_numeric()).map(|c| format!("a\u{1}{c}")));
    messages.extend(
        ["", "a", "a\u{1}", "\u{1}5", "a\u{1}5\u{2}a\u{1}6", "a\u{1}5\u{2}a\u{1}", "a\u{1}\u{1}", "xa\u{1}5"]
            .map(String::from),
    );
    let literals = ["5", "-5", "5000000000", "1.5", "-1.5", "1e300", "'5'", "TRUE", "b"];
    let operators = ["=", "<>", ">", ">=", "<", "<="];
    let pairs = operators.iter().flat_map(|operator| literals.iter().map(move |literal| (operator, literal)));
    let mut expressions: Vec<String> =
        pairs.clone().map(|(operator, literal)| format!("a {operator} {literal}")).collect();
    expressions.extend(pairs.map(|(operator, literal)| format!("{literal} {operator} a")));
    expressions.extend(
        ["a", "NOT a", "a IS NULL", "a IS NOT NULL", "a IN ('5', 'x')", "a NOT IN ('5', '')"].map(String::from),
    );
    let case = |expression| Case { expression, messages: messages.clone() };
    let (differences, _) = compare(&expressions.into_iter().map(case).collect::<Vec<_>>());
    assert!(differences.is_empty(), "{}\n{}", differences.len(), differences[..differences.len().min(40)].join("\n"));
}

/// Asks both about all cases; says where they differ, and all of Java's verdicts in a row.
fn compare(cases: &[Case]) -> (Vec<String>, String) {
    let (mut differences, mut seen) = (Vec::new(), String::new());
    for (case, theirs) in cases.iter().zip(ask_java(cases)) {
        let (theirs, reason) = theirs.split_once(' ').unwrap_or((&theirs, ""));
        let ours = ask_skylark(case);
        seen.push_str(theirs);
        if theirs != ours {
            let messages = if theirs.len() == ours.len() { differing(case, theirs, &ours) } else { String::new() };
            differences.push(format!("{:?}: java {theirs} {reason}, skylark {ours} {messages}", case.expression));
        }
    }
    (differences, seen)
}

fn differing(case: &Case, theirs: &str, ours: &str) -> String {
    let verdicts = theirs.chars().zip(ours.chars());
    let messages = case.messages.iter().zip(verdicts).filter(|(_, (theirs, ours))| theirs != ours);
    format!("{:?}", messages.take(3).collect::<Vec<_>>())
}

fn ask_skylark(case: &Case) -> String {
    let Ok(filter) = SqlFilter::compile(&case.expression) else { return "E".to_owned() };
    let verdict = |message: &String| match filter.evaluate(message) {
        Ok(Some(true)) => 'T',
        Ok(Some(false)) => 'F',
        Ok(None) => 'N',
        Err(_) => 'X',
    };
    case.messages.iter().map(verdict).collect()
}

fn ask_java(cases: &[Case]) -> Vec<String> {
    let mut oracle =
        java::filter_oracle().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("start the oracle");
    let mut to_oracle = oracle.stdin.take().expect("its input");
    let questions: String = cases
        .iter()
        .map(|case| {
            let fields = std::iter::once(&case.expression).chain(&case.messages);
            fields.map(|field| hex(field)).collect::<Vec<_>>().join("\t") + "\n"
        })
        .collect();
    let writer = thread::spawn(move || to_oracle.write_all(questions.as_bytes()).expect("ask the oracle"));
    let from_oracle = BufReader::new(oracle.stdout.take().expect("its output"));
    let answers: Vec<String> = from_oracle.lines().map(|line| line.expect("an answer")).collect();
    writer.join().expect("all was asked");
    assert!(oracle.wait().expect("the oracle ends").success());
    assert_eq!(answers.len(), cases.len(), "one answer a case");
    answers
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}
