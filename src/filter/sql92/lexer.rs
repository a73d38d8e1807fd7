//! An expression's text cut into tokens, one at a time and no further than the parser asks: what follows a complete
//! expression is never looked at, so it may be anything. Java: SelectorParser.jj, whose lexer takes the longest match.

use super::CompileError;

/// The smallest piece of an expression that means something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'a> {
    End,
    Not,
    And,
    Or,
    Between,
    In,
    True,
    False,
    Null,
    Is,
    /// Digits, an `L` behind them at most.
    Decimal(&'a str),
    /// With a point or an exponent.
    Floating(&'a str),
    /// What stands between the quotes, a quote in it still doubled.
    Text(&'a str),
    Name(&'a str),
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Open,
    Close,
    Comma,
    Plus,
    Minus,
}

const KEYWORDS: [(&str, Token<'static>); 9] = [
    ("NOT", Token::Not),
    ("AND", Token::And),
    ("OR", Token::Or),
    ("BETWEEN", Token::Between),
    ("IN", Token::In),
    ("TRUE", Token::True),
    ("FALSE", Token::False),
    ("NULL", Token::Null),
    ("IS", Token::Is),
];

pub(super) struct Lexer<'a> {
    text: &'a str,
    /// Where the next token is looked for.
    place: usize,
    /// Where the last token began.
    began: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Lexer { text, place: 0, began: 0 }
    }

    /// The next token; `End` for ever when there is none.
    pub(super) fn next(&mut self) -> Result<Token<'a>, CompileError> {
        self.place += skipped(&self.text[self.place..]);
        self.began = self.place;
        let rest = &self.text[self.place..];
        let Some((token, length)) = token(rest) else {
            let found = rest.chars().next().unwrap_or_default();
            return Err(self.error(format_args!("Lexical error: Encountered {found:?}"), ""));
        };
        self.place += length;
        Ok(token)
    }

    /// The error that the last token does not fit.
    pub(super) fn unexpected(&self, wanted: &str) -> CompileError {
        let found = &self.text[self.began..self.place];
        let found = if found.is_empty() { "<EOF>" } else { found };
        self.error(format_args!("Encountered {found:?}"), wanted)
    }

    fn error(&self, what: std::fmt::Arguments<'_>, wanted: &str) -> CompileError {
        let before = &self.text[..self.began];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
        let wanted = if wanted.is_empty() { String::new() } else { format!(" Was expecting {wanted}.") };
        CompileError::new(format!("{what} at line {line}, column {column}.{wanted}"))
    }
}

/// The token at the start of `rest`, and its length.
fn token(rest: &str) -> Option<(Token<'_>, usize)> {
    let bytes = rest.as_bytes();
    let Some(&first) = bytes.first() else { return Some((Token::End, 0)) };
    match first {
        b'\'' => text(rest),
        b'0'..=b'9' | b'.' => number(rest),
        b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' => Some(word(rest)),
        _ => symbol(first, bytes.get(1).copied()),
    }
}

fn symbol(first: u8, second: Option<u8>) -> Option<(Token<'static>, usize)> {
    Some(match (first, second) {
        (b'<', Some(b'>')) => (Token::NotEqual, 2),
        (b'<', Some(b'=')) => (Token::LessOrEqual, 2),
        (b'>', Some(b'=')) => (Token::GreaterOrEqual, 2),
        (b'<', _) => (Token::Less, 1),
        (b'>', _) => (Token::Greater, 1),
        (b'=', _) => (Token::Equal, 1),
        (b'(', _) => (Token::Open, 1),
        (b')', _) => (Token::Close, 1),
        (b',', _) => (Token::Comma, 1),
        (b'+', _) => (Token::Plus, 1),
        (b'-', _) => (Token::Minus, 1),
        _ => return None,
    })
}

fn word(rest: &str) -> (Token<'_>, usize) {
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$');
    let length = rest.bytes().take_while(|b| is_part(b)).count();
    let word = &rest[..length];
    let keyword = KEYWORDS.iter().find(|(keyword, _)| word.eq_ignore_ascii_case(keyword));
    (keyword.map_or(Token::Name(word), |&(_, token)| token), length)
}

/// `0`, `17`, `17L`, `1.`, `1.5e-3`, `.5`, `1e9`; of `017` only the `0`.
fn number(rest: &str) -> Option<(Token<'_>, usize)> {
    let bytes = rest.as_bytes();
    let whole = digits(bytes, 0);
    let mut end = whole;
    let mut floating = false;
    if bytes.get(end) == Some(&b'.') {
        let fraction = digits(bytes, end + 1);
        if whole == 0 && fraction == 0 {
            return None;
        }
        (end, floating) = (end + 1 + fraction, true);
    }
    if let Some(exponent) = exponent(bytes, end) {
        (end, floating) = (end + exponent, true);
    }
    if floating {
        return Some((Token::Floating(&rest[..end]), end));
    }
    let length = match (bytes.first(), bytes.get(whole)) {
        (Some(b'0'), _) => 1,
        (_, Some(b'l' | b'L')) => whole + 1,
        _ => whole,
    };
    Some((Token::Decimal(&rest[..length]), length))
}

fn digits(bytes: &[u8], from: usize) -> usize {
    bytes[from.min(bytes.len())..].iter().take_while(|b| b.is_ascii_digit()).count()
}

/// Length of an exponent at `from`.
fn exponent(bytes: &[u8], from: usize) -> Option<usize> {
    if !matches!(bytes.get(from), Some(b'e' | b'E')) {
        return None;
    }
    let sign = usize::from(matches!(bytes.get(from + 1), Some(b'+' | b'-')));
    let digits = digits(bytes, from + 1 + sign);
    (digits > 0).then_some(1 + sign + digits)
}

/// A quote in the text is doubled. When the last one is not closed, the longest text that is closed counts.
fn text(rest: &str) -> Option<(Token<'_>, usize)> {
    let bytes = rest.as_bytes();
    let mut closed = None;
    let mut place = 1;
    while let Some(quote) = bytes[place..].iter().position(|&b| b == b'\'') {
        let quote = place + quote;
        closed = Some(quote);
        if bytes.get(quote + 1) != Some(&b'\'') {
            break;
        }
        place = quote + 2;
    }
    closed.map(|end| (Token::Text(&rest[1..end]), end + 1))
}

/// Length of the blanks and comments at the start of `rest`.
fn skipped(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut place = 0;
    loop {
        let rest = &bytes[place..];
        place += match rest {
            [b' ' | b'\t' | b'\n' | b'\r' | 0x0c, ..] => 1,
            // Without a line end it is no comment but two minus signs.
            [b'-', b'-', comment @ ..] => match comment.iter().position(|b| matches!(b, b'\n' | b'\r')) {
                Some(length) => 2 + length + 1,
                None => return place,
            },
            [b'/', b'*', comment @ ..] => match comment.windows(2).position(|pair| pair == b"*/") {
                Some(length) => 2 + length + 2,
                None => return place,
            },
            _ => return place,
        };
    }
}
