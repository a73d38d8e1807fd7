//! The rules of the dialect, one by one. That they are Java's is shown by `compat-tests/tests/filter_differential`.

use std::time::{Duration, Instant};

use super::number::{Number, read_double};
use super::*;

const MESSAGE: &str = "n\u{1}5\u{2}d\u{1}1.5\u{2}s\u{1}abc\u{2}t\u{1}true\u{2}TAGS\u{1}A";

const TRUE: Result<Option<bool>, EvaluationError> = Ok(Some(true));
const FALSE: Result<Option<bool>, EvaluationError> = Ok(Some(false));
const UNKNOWN: Result<Option<bool>, EvaluationError> = Ok(None);
const NOT_A_NUMBER: Result<Option<bool>, EvaluationError> = Err(EvaluationError::NotANumber);

fn check(expression: &str, verdict: Result<Option<bool>, EvaluationError>) {
    let filter = SqlFilter::compile(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
    assert_eq!(filter.evaluate(MESSAGE), verdict, "{expression}");
    assert_eq!(filter.wants(MESSAGE), verdict == TRUE, "{expression}");
}

fn check_refused(expression: &str, reason: &str) {
    let error = SqlFilter::compile(expression).map(|_| ()).expect_err(expression).to_string();
    assert!(error.contains(reason), "{expression} is refused with {error:?}");
}

#[test]
fn numbers_are_compared_as_the_literal_is_written() {
    check("n = 5", TRUE);
    check("n = 5L AND n <> 6", TRUE);
    check("d > 1.4 AND d <= 1.5", TRUE);
    check("n > 1.5", TRUE);
    // An integer wants an integer's text; a property beside a property is a double.
    check("d > 1", NOT_A_NUMBER);
    check("n > d", TRUE);
    check("s > d", NOT_A_NUMBER);
    check("n = -5", FALSE);
    check("n > -1", TRUE);
    check("5000000000 > n", TRUE);
    // A minus sign makes nothing of a text.
    check("-n = 5", UNKNOWN);
}

#[test]
fn texts_are_equal_or_not() {
    check("s = 'abc'", TRUE);
    check("s <> 'it''s'", TRUE);
    check("n = '5'", TRUE);
    check("n = '05'", FALSE);
    check("s = 5", NOT_A_NUMBER);
    check("TAGS IN ('A', 'B')", TRUE);
    check("TAGS NOT IN ('A', 'B')", FALSE);
    check("n IN ('5')", TRUE);
}

#[test]
fn missing_properties_are_unknown() {
    check("gone = 1", UNKNOWN);
    check("NOT gone = 1", UNKNOWN);
    check("gone > 1 OR n = 5", TRUE);
    check("gone > 1 AND n = 5", UNKNOWN);
    check("gone > 1 AND n = 6", FALSE);
    check("gone IN ('x')", UNKNOWN);
    check("gone NOT IN ('x')", UNKNOWN);
    check("gone BETWEEN 1 AND 2", UNKNOWN);
    check("gone IS NULL AND n IS NOT NULL", TRUE);
    // Beside a value, a missing one is unknown on the left and unequal on the right; two of them are equal.
    check("gone = n", UNKNOWN);
    check("n = gone", FALSE);
    check("gone = lost", TRUE);
}

#[test]
fn texts_of_properties_are_never_true() {
    check("t", FALSE);
    check("NOT t", TRUE);
    check("gone", UNKNOWN);
    check("t = TRUE", TRUE);
    check("s = FALSE", TRUE);
    check("TRUE = t", Err(EvaluationError::TextBesideBoolean));
    check("TRUE", TRUE);
    check("NULL", UNKNOWN);
    check("1 = TRUE", FALSE);
    check("(n = 5) = (s = 'abc')", TRUE);
}

#[test]
fn an_error_ends_the_evaluation_unless_all_was_decided_before() {
    check("n = 5 OR s > 1", TRUE);
    check("s > 1 OR n = 5", NOT_A_NUMBER);
    check("n = 6 AND s > 1", FALSE);
    check("(s > 1) IS NULL", NOT_A_NUMBER);
    check("gone > -(s > 1)", UNKNOWN);
}

#[test]
fn between_is_two_comparisons() {
    check("n BETWEEN 1 AND 5", TRUE);
    check("n NOT BETWEEN 1 AND 5", FALSE);
    check("n BETWEEN 6 AND gone", FALSE);
    check("n NOT BETWEEN 6 AND gone", TRUE);
    check("n BETWEEN 1 AND gone", UNKNOWN);
    check("n NOT BETWEEN 6 AND 4", TRUE);
    check_refused("n BETWEEN 5 AND 1", "Illegal values of between");
    check_refused("n BETWEEN 'a' AND 'b'", "cannot be compared");
}

#[test]
fn the_grammar_is_lenient_where_java_is() {
    check("N = 5 or n = 5", TRUE);
    check("n /* c */ = -- c\n 5", TRUE);
    check("n = --5", TRUE);
    check("+n = +5", TRUE);
    // What follows a complete expression is not read, only the token behind it.
    check("n = 5 whatever ' follows", TRUE);
    check("n LIKE '5'", FALSE);
    check("n = 05", FALSE);
    check_refused("n = 5 #", "Lexical error: Encountered '#' at line 1, column 7");
    check_refused("n = 5 AND\n,", "Encountered \",\" at line 2, column 1");
    check_refused("", "Encountered \"<EOF>\" at line 1, column 1");
}

#[test]
fn what_has_no_meaning_is_refused() {
    check_refused("5", "not result in a boolean");
    check_refused("n = NULL", "'NULL' cannot be compared");
    check_refused("n > 'a'", "'a' cannot be compared");
    check_refused("n > TRUE", "TRUE cannot be compared");
    check_refused("TRUE = 1", "TRUE cannot be compared with 1");
    check_refused("5 IN ('5')", "Expected a property");
    check_refused("n IN (5)", "Was expecting a text in quotes");
    check_refused("n NOT 5", "Was expecting BETWEEN or IN");
    check_refused("n IS 5", "Was expecting NULL or NOT NULL");
    check_refused("n = 9223372036854775808", "beyond");
    check_refused("n = 1e400", "is greater than");
    check_refused("n = 0.0", "is less than");
    check_refused("n = 'a", "Lexical error");
}

#[test]
fn numbers_read_as_java_reads_them() {
    let read = |text: &str| read_double(text).map(f64::to_bits);
    for (text, value) in [
        (" 1.5d ", 1.5),
        ("0x1p3", 8.0),
        ("-0X.8P+1f", -1.0),
        ("0x1p-1074", f64::from_bits(1)),
        ("0x1p-1075", 0.0),
        ("0x1.8p-1075", f64::from_bits(1)),
        ("0x1.fffffffffffff8p1023", f64::INFINITY),
        ("0x1.00000000000008p0", 1.0),
        ("0x1.000000000000080000000000001p0", 1.0 + f64::EPSILON),
        ("1e99999999999999999999", f64::INFINITY),
        ("-Infinity", f64::NEG_INFINITY),
    ] {
        assert_eq!(read(text), Some(value.to_bits()), "{text}");
    }
    for text in ["", ".", "1e", "inf", "nan", "0x1", "0x.p1", "1_0", "\u{663}", "--1", "1.5L"] {
        assert_eq!(read(text), None, "{text}");
    }
    assert_eq!(Number::Int(0).read_alike("\u{663}\u{ff15}"), Some(Number::Int(35)));
    assert_eq!(Number::Int(0).read_alike("2147483648"), None);
    assert_eq!(Number::Long(0).read_alike("-9223372036854775808"), Some(Number::Long(i64::MIN)));
}

#[test]
fn the_last_property_of_a_name_counts() {
    let filter = SqlFilter::compile("a = 2").expect("an expression");
    assert!(filter.wants("a\u{1}1\u{2}a\u{1}2"));
    assert!(!filter.wants("a\u{1}2\u{2}a\u{1}1"));
    assert!(filter.wants("a\u{1}2\u{2}a\u{1}\u{2}"), "an empty value is none");
}

#[test]
fn expressions_have_limits() {
    let nested = |levels: usize| format!("{}a{}", "(".repeat(levels), ")".repeat(levels));
    let chain = |parts: usize| vec!["a = 1"; parts].join(" OR ");
    let equals = |parts: usize| vec!["a"; parts].join(" = ");
    assert!(SqlFilter::compile(&nested(DEPTH_MAX - 1)).is_ok());
    check_refused(&nested(DEPTH_MAX), "levels deep");
    check_refused(&"-".repeat(DEPTH_MAX + 1), "levels deep");
    assert!(SqlFilter::compile(&equals(DEPTH_MAX)).is_ok());
    check_refused(&equals(DEPTH_MAX + 3), "levels deep");
    assert!(SqlFilter::compile(&chain(NODES_MAX / 4)).is_ok());
    check_refused(&chain(NODES_MAX / 4 + 1), "parts");
    check_refused(&format!("a = '{}'", "x".repeat(EXPRESSION_BYTES_MAX)), "bytes");
}

/// Any text is read or refused, and evaluated, soon and without a panic.
#[test]
fn any_text_is_harmless() {
    #[rustfmt::skip]
    const PIECES: [&str; 34] = [
        "a", "b1", " ", "(", ")", "'", "''", "'x'", "5", ".", "e", "1.5", "0x", "L", "=", "<", ">", "<>", "NOT ", "AND ", "OR ",
        "BETWEEN ", "IN ", "IS ", "NULL ", "TRUE", "-", "+", "--", "/*", "*/", "\n", ",", "ä€😀",
    ];
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let properties = "a\u{1}".to_owned() + &"9".repeat(30_000) + "\u{2}b1\u{1}x";
    for _ in 0..20_000 {
        let text: String = (0..rng.usize(..60)).map(|_| PIECES[rng.usize(..PIECES.len())]).collect();
        if let Ok(filter) = SqlFilter::compile(&text) {
            let _ = filter.evaluate(&properties);
        }
    }
    for piece in PIECES {
        check_soon(&piece.repeat(EXPRESSION_BYTES_MAX / piece.len()), &properties);
        check_soon(&vec!["a > b1"; NODES_MAX / 4].join(piece), &properties);
        check_soon(&vec!["b1 IN ('x') AND a=--5"; 150].join(piece), &properties);
    }
}

/// A generous bound: only what grows out of proportion misses it.
fn check_soon(text: &str, properties: &str) {
    let began = Instant::now();
    if let Ok(filter) = SqlFilter::compile(text) {
        let _ = filter.evaluate(properties);
    }
    let start: String = text.chars().take(20).collect();
    assert!(began.elapsed() < Duration::from_secs(1), "{start:?}... took {:?}", began.elapsed());
}
