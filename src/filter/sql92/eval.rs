//! Whether an expression holds for a message, by the values that its properties have. Java: the `evaluate` methods
//!
//! True, false or unknown: a comparison with a missing property is unknown, NOT keeps it so, AND and OR decide without
//! it where they can. Values are texts, and become numbers beside a number; a text that is none ends the evaluation
//! with an error, unless an earlier part of AND or OR already decided.

use std::cmp::Ordering;

use super::ast::{Condition, Operand, Order, Slot};
use super::number::{Number, compare_doubles, read_double};

/// The expression has no answer for this message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvaluationError {
    /// A text stands where a number is needed.
    NotANumber,
    /// TRUE or FALSE is compared with a text to the right of it.
    TextBesideBoolean,
}

#[derive(Clone, Copy)]
enum Value<'a> {
    Null,
    Boolean(bool),
    Number(Number),
    Text(&'a str),
}

/// One message's values of the properties that the expression names, by slot.
pub(super) struct Values<'a>(pub(super) &'a [Option<&'a str>]);

impl Values<'_> {
    pub(super) fn truth(&self, condition: &Condition) -> Result<Option<bool>, EvaluationError> {
        Ok(match condition {
            Condition::Literal(value) => *value,
            Condition::Cast(slot) => self.property(*slot).map(|_| false),
            Condition::Not(inner) => self.truth(inner)?.map(|value| !value),
            Condition::In { property, texts } => {
                self.property(*property).map(|value| texts.binary_search_by(|text| (**text).cmp(value)).is_ok())
            }
            Condition::IsNull(operand) => Some(matches!(self.value(operand)?, Value::Null)),
            Condition::Equal(operands) => self.equal(&operands[0], &operands[1])?,
            Condition::Order(order, operands) => self.order(*order, &operands[0], &operands[1])?,
            Condition::Between(operands) => {
                let [value, low, high] = &**operands;
                match self.order(Order::GreaterOrEqual, value, low)? {
                    Some(false) => Some(false),
                    first => both(first, self.order(Order::LessOrEqual, value, high)?),
                }
            }
            Condition::NotBetween(operands) => {
                let [value, low, high] = &**operands;
                match self.order(Order::Less, value, low)? {
                    Some(true) => Some(true),
                    first => either(first, self.order(Order::Greater, value, high)?),
                }
            }
            Condition::All(conditions) => self.first(false, conditions)?,
            Condition::Any(conditions) => self.first(true, conditions)?,
        })
    }

    /// `decisive` if one of the conditions is; those behind it are not evaluated.
    fn first(&self, decisive: bool, conditions: &[Condition]) -> Result<Option<bool>, EvaluationError> {
        let mut otherwise = Some(!decisive);
        for condition in conditions {
            match self.truth(condition)? {
                Some(value) if value == decisive => return Ok(Some(decisive)),
                Some(_) => {}
                None => otherwise = None,
            }
        }
        Ok(otherwise)
    }

    /// Two missing values are equal; one beside a value is unknown on the left, unequal on the right.
    fn equal(&self, left: &Operand, right: &Operand) -> Result<Option<bool>, EvaluationError> {
        Ok(match (self.value(left)?, self.value(right)?) {
            (Value::Null, Value::Null) => Some(true),
            (Value::Null, _) => None,
            (_, Value::Null) => Some(false),
            (left, right) => Some(compare(left, right)?.is_eq()),
        })
    }

    /// Two texts have the order of the numbers that they are, while `=` compares them as texts.
    fn order(&self, order: Order, left: &Operand, right: &Operand) -> Result<Option<bool>, EvaluationError> {
        let left = self.value(left)?;
        if matches!(left, Value::Null) {
            return Ok(None);
        }
        let ordering = match (left, self.value(right)?) {
            (_, Value::Null) => return Ok(None),
            (Value::Text(left), Value::Text(right)) => {
                let read = |text| read_double(text).ok_or(EvaluationError::NotANumber);
                compare_doubles(read(left)?, read(right)?)
            }
            (left, right) => compare(left, right)?,
        };
        Ok(Some(order.holds(ordering)))
    }

    fn value<'b>(&'b self, operand: &'b Operand) -> Result<Value<'b>, EvaluationError> {
        Ok(match operand {
            Operand::Text(text) => Value::Text(text),
            Operand::Number(number) => Value::Number(*number),
            Operand::Property(slot) => self.property(*slot).map_or(Value::Null, Value::Text),
            Operand::Negated(inner) => match self.value(inner)? {
                Value::Number(number) => Value::Number(number.negated()),
                // The text of a property is none, even where it reads as one.
                _ => Value::Null,
            },
            Operand::Condition(condition) => self.truth(condition)?.map_or(Value::Null, Value::Boolean),
        })
    }

    fn property(&self, slot: Slot) -> Option<&str> {
        self.0.get(slot).copied().flatten()
    }
}

/// Java: ComparisonExpression.__compare, which calls what cannot be compared less.
fn compare(left: Value<'_>, right: Value<'_>) -> Result<Ordering, EvaluationError> {
    let read = |number: Number, text| number.read_alike(text).ok_or(EvaluationError::NotANumber);
    Ok(match (left, right) {
        (Value::Text(left), Value::Text(right)) => left.cmp(right),
        (Value::Boolean(left), Value::Boolean(right)) => left.cmp(&right),
        (Value::Number(left), Value::Number(right)) => left.compare(right),
        (Value::Number(left), Value::Text(right)) => left.compare(read(left, right)?),
        (Value::Text(left), Value::Number(right)) => read(right, left)?.compare(right),
        (Value::Text(left), Value::Boolean(right)) => left.eq_ignore_ascii_case("true").cmp(&right),
        (Value::Boolean(_), Value::Text(_)) => return Err(EvaluationError::TextBesideBoolean),
        (Value::Boolean(_), Value::Number(_)) | (Value::Number(_), Value::Boolean(_)) => Ordering::Less,
        (Value::Null, _) | (_, Value::Null) => Ordering::Less,
    })
}

/// AND of two that are not false alone.
fn both(first: Option<bool>, second: Option<bool>) -> Option<bool> {
    if second == Some(false) { second } else { first.and(second) }
}

/// OR of two, the first not true.
fn either(first: Option<bool>, second: Option<bool>) -> Option<bool> {
    if second == Some(true) { second } else { first.and(second) }
}
