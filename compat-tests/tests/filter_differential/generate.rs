//! Random expressions of the dialect, some of them spoiled, and random messages that now and then fit them.

use fastrand::Rng;

use crate::Case;

const MESSAGES_A_CASE: usize = 6;

const NAMES: [&str; 8] = ["a", "b", "c", "TAGS", "_y", "$x", "price2", "nothing"];

/// Values of properties: numbers in every form that Java knows or does not, words, and texts that literals have too.
#[rustfmt::skip]
pub(crate) const VALUES: [&str; 82] = [
    "5", "5", "10", "0", "-0", "+5", "-5", "--5", "+-5", "+", "-", " 5", "5 ", "\t5\n", "\u{a0}5", "05", "5L", "5l",
    "1_0", "2147483647", "2147483648", "-2147483648", "-2147483649", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "-9223372036854775809", "99999999999999999999", "9007199254740993", "3.0", "1.5", "-1.5",
    "1.50", ".5", "5.", ".", "1e3", "1E3", "1e", "1e+", "1e+3", "1e-3", "e3", "1.5d", "1.5f", "1.5D", "1.5F", "1.5L",
    "d", "1e400", "-1e400", "1e-400", "1e99999999999", "1e-99999999999", "-0.0", "0.0", "NaN", "-NaN", "nan",
    "Infinity", "-Infinity", "+Infinity", "infinity", "inf", "0x10", "0x1p3", "0X1.8P+1", "0x.8p1", "0x1.p1", "0x.p1",
    "0x1p", "-0x1p-1074", "0x1.fffffffffffff8p1023", "0x1p3d", "\u{663}", "\u{ff15}", "true", "TRUE", "false", "x",
    "it's", "ä€😀",
];

#[rustfmt::skip]
const LITERALS: [&str; 36] = [
    "5", "5", "5", "10", "0", "7L", "7l", "3", "01", "2147483647", "2147483648", "9223372036854775807",
    "9223372036854775808", "99999999999999999999", "9007199254740993", "1.5", "1.5", ".5", "5.", "3.0", "1e3", "1.e3",
    "1E+3", "1e-3", "0.0", "0e5", "1e308", "1e309", "4.9e-324", "1e-400", "1e", "1.5d", "0x10", "1.2.3", "5a",
    "1e5e5",
];

/// What no generator of sense comes up with.
#[rustfmt::skip]
const GARBAGE: [&str; 44] = [
    "(", ")", "()", ",", "=", "==", "<>", "!=", "<", "<=", "=<", ">", ">=", "+", "-", "--", "-- c\n", "-- c\r\n",
    "-- c", "/*", "/* c */", "/**/", "/*/", "/***/", "/* * / **/", "*", "/", ".", "'", "''", "'a''b", "\"a\"", "#",
    "\u{c}", "\u{b}", "\0", "ä", "NOT", "AND", "IS", "NULL", "BETWEEN", "IN", "NOTE",
];

/// A random expression and messages.
pub(crate) fn case(rng: &mut Rng) -> Case {
    let mut tokens = Vec::new();
    condition(rng, 3, &mut tokens);
    if rng.u8(..10) < 3 {
        for _ in 0..rng.usize(1..4) {
            spoil(rng, &mut tokens);
        }
    }
    let mut expression = String::new();
    for token in tokens {
        expression.push_str(&token);
        expression.push_str(if rng.u8(..12) == 0 {
            pick(rng, &["", "\t", "\n", "  ", "/* c */", "-- c\n"])
        } else {
            " "
        });
    }
    Case { expression, messages: (0..MESSAGES_A_CASE).map(|_| message(rng)).collect() }
}

fn message(rng: &mut Rng) -> String {
    let mut properties = String::new();
    for name in NAMES.iter().filter(|name| **name != "nothing") {
        if rng.u8(..5) == 0 {
            continue;
        }
        let value = if rng.bool() { pick(rng, &["5", "10", "3", "1.5", "x", "true"]) } else { pick(rng, &VALUES) };
        properties.push_str(&format!("{name}\u{1}{value}\u{2}"));
    }
    if rng.bool() {
        properties.pop();
    }
    properties
}

fn pick<'a>(rng: &mut Rng, from: &[&'a str]) -> &'a str {
    from[rng.usize(..from.len())]
}

fn spoil(rng: &mut Rng, tokens: &mut Vec<String>) {
    let place = rng.usize(..=tokens.len());
    match rng.u8(..4) {
        0 if place < tokens.len() => drop(tokens.remove(place)),
        1 if place < tokens.len() => tokens.swap(place, 0),
        2 if place < tokens.len() => {
            let copied = tokens[place].clone();
            tokens.insert(rng.usize(..=place), copied);
        }
        _ => tokens.insert(place, pick(rng, &GARBAGE).to_owned()),
    }
}

/// A keyword in some spelling.
fn word(rng: &mut Rng, word: &str, tokens: &mut Vec<String>) {
    let spelled = match rng.u8(..6) {
        0 => word.to_lowercase(),
        1 => word.chars().map(|c| if rng.bool() { c.to_ascii_lowercase() } else { c }).collect(),
        _ => word.to_owned(),
    };
    tokens.push(spelled);
}

fn condition(rng: &mut Rng, depth: u32, tokens: &mut Vec<String>) {
    match if depth == 0 { rng.u8(4..20) } else { rng.u8(..20) } {
        0 | 1 => {
            let joint = pick(rng, &["AND", "OR"]);
            condition(rng, depth - 1, tokens);
            for _ in 0..rng.usize(1..4) {
                word(rng, joint, tokens);
                condition(rng, depth - 1, tokens);
            }
        }
        2 => {
            word(rng, "NOT", tokens);
            condition(rng, depth - 1, tokens);
        }
        3 => {
            tokens.push("(".into());
            condition(rng, depth - 1, tokens);
            tokens.push(")".into());
        }
        4 => property(rng, tokens),
        5 => literal_condition(rng, tokens),
        6..=8 => is_null(rng, depth, tokens),
        9 | 10 => range(rng, depth, tokens),
        11 | 12 => list(rng, tokens),
        _ => {
            operand(rng, depth, tokens);
            tokens.push(pick(rng, &["=", "=", "=", "<>", "<>", ">", ">=", "<", "<="]).into());
            operand(rng, depth, tokens);
        }
    }
}

fn literal_condition(rng: &mut Rng, tokens: &mut Vec<String>) {
    let literal = pick(rng, &["TRUE", "FALSE", "NULL"]);
    word(rng, literal, tokens);
}

fn is_null(rng: &mut Rng, depth: u32, tokens: &mut Vec<String>) {
    operand(rng, depth, tokens);
    word(rng, "IS", tokens);
    if rng.bool() {
        word(rng, "NOT", tokens);
    }
    word(rng, "NULL", tokens);
}

fn range(rng: &mut Rng, depth: u32, tokens: &mut Vec<String>) {
    property(rng, tokens);
    if rng.bool() {
        word(rng, "NOT", tokens);
    }
    word(rng, "BETWEEN", tokens);
    operand(rng, depth.min(1), tokens);
    word(rng, "AND", tokens);
    operand(rng, depth.min(1), tokens);
}

fn list(rng: &mut Rng, tokens: &mut Vec<String>) {
    property(rng, tokens);
    if rng.bool() {
        word(rng, "NOT", tokens);
    }
    word(rng, "IN", tokens);
    tokens.push("(".into());
    for place in 0..rng.usize(1..8) {
        if place > 0 {
            tokens.push(",".into());
        }
        tokens.push(quoted(rng));
    }
    tokens.push(")".into());
}

fn operand(rng: &mut Rng, depth: u32, tokens: &mut Vec<String>) {
    match rng.u8(..24) {
        0 if depth > 0 => {
            tokens.push("(".into());
            condition(rng, depth - 1, tokens);
            tokens.push(")".into());
        }
        1 => literal_condition(rng, tokens),
        2 | 3 => tokens.push(quoted(rng)),
        4 | 5 => {
            tokens.push(pick(rng, &["+", "-"]).into());
            operand(rng, depth.saturating_sub(1), tokens);
        }
        6..=9 => tokens.push(pick(rng, &["5", "3", "1.5", "10"]).into()),
        10 | 11 => tokens.push(pick(rng, &LITERALS).into()),
        _ => property(rng, tokens),
    }
}

fn property(rng: &mut Rng, tokens: &mut Vec<String>) {
    tokens.push(pick(rng, &NAMES).into());
}

fn quoted(rng: &mut Rng) -> String {
    format!("'{}'", pick(rng, &VALUES).replace('\'', "''"))
}
