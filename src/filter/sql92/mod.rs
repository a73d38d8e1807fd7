//! Subscriptions by property: the dialect of SQL92 that the Java broker 4.9 understands, with its verdicts.
//!
//! ```text
//!  text ─► lexer ─► parser ─► ast ─► eval ◄─ properties of a message
//! ```
//!
//! An expression is compiled once and evaluated for each message that may be delivered. What it costs is bounded by the
//! limits below and by one pass over the message's properties.

mod lexer;
mod number;
mod ast;
mod parser;
mod eval;

use std::fmt;

use skylark_protocol::message::properties;

pub use eval::EvaluationError;

use ast::{Condition, Slot};
use eval::Values;

/// Bytes of an expression, at most.
pub const EXPRESSION_BYTES_MAX: usize = 8 << 10;
/// Levels of parentheses and signs in an expression, at most.
const DEPTH_MAX: usize = 64;
/// Operators and operands of an expression, at most.
const NODES_MAX: usize = 1000;
/// Expressions that name no more properties than this are evaluated without an allocation.
const SLOTS_INLINE: usize = 16;

/// A compiled expression.
#[derive(Debug)]
pub struct SqlFilter {
    condition: Condition,
    /// The names of the properties that the expression uses, ascending, and the slot of each.
    names: Box<[(Box<str>, Slot)]>,
}

/// The text is no expression; says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError(String);

impl SqlFilter {
    /// Reads an expression.
    pub fn compile(text: &str) -> Result<SqlFilter, CompileError> {
        if text.len() > EXPRESSION_BYTES_MAX {
            return Err(CompileError::new(format!("An expression has at most {EXPRESSION_BYTES_MAX} bytes.")));
        }
        let (condition, names) = parser::parse(text)?;
        let mut names: Vec<_> = names.into_iter().enumerate().map(|(slot, name)| (name, slot)).collect();
        names.sort_unstable();
        Ok(SqlFilter { condition, names: names.into() })
    }

    /// Whether a message with these properties is wanted: the expression holds. Unknown and failed is unwanted.
    pub fn wants(&self, properties: &str) -> bool {
        self.evaluate(properties) == Ok(Some(true))
    }

    /// What the expression says of a message with these properties; None: unknown.
    pub fn evaluate(&self, properties: &str) -> Result<Option<bool>, EvaluationError> {
        let mut inline = [None; SLOTS_INLINE];
        let mut many = Vec::new();
        let values = match inline.get_mut(..self.names.len()) {
            Some(few) => few,
            None => {
                many.resize(self.names.len(), None);
                &mut many[..]
            }
        };
        for (name, value) in properties::iter(properties) {
            // The last of several properties of one name counts.
            if let Ok(found) = self.names.binary_search_by(|(known, _)| (**known).cmp(name)) {
                values[self.names[found].1] = Some(value);
            }
        }
        Values(values).truth(&self.condition)
    }
}

impl CompileError {
    fn new(why: String) -> CompileError {
        CompileError(why)
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CompileError {}

#[cfg(test)]
mod tests;
