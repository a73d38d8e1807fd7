//! What an expression is once it has been read. That a condition is not an operand of `>`, and the like, is decided by
//! the constructors here: they refuse what Java refuses when it builds the same. Java: ComparisonExpression, UnaryExpression

use std::cmp::Ordering;

use super::CompileError;
use super::number::Number;

/// Which of the expression's property names is meant.
pub(super) type Slot = usize;

/// What has a value.
#[derive(Debug)]
pub(super) enum Operand {
    Text(Box<str>),
    Number(Number),
    Property(Slot),
    Negated(Box<Operand>),
    Condition(Box<Condition>),
}

/// What is true, false or unknown.
#[derive(Debug)]
pub(super) enum Condition {
    /// TRUE, FALSE or NULL.
    Literal(Option<bool>),
    /// A property where a condition is needed: texts are not true, so it never is.
    Cast(Slot),
    Not(Box<Condition>),
    In {
        property: Slot,
        /// Ascending.
        texts: Box<[Box<str>]>,
    },
    IsNull(Box<Operand>),
    Equal(Box<[Operand; 2]>),
    Order(Order, Box<[Operand; 2]>),
    /// The value, the least and the greatest that it may be.
    Between(Box<[Operand; 3]>),
    /// Outside of the two. Not the negation of `Between`: it is unknown and fails in other cases.
    NotBetween(Box<[Operand; 3]>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

/// Which order two operands must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    pub(super) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Order::Less => ordering.is_lt(),
            Order::LessOrEqual => ordering.is_le(),
            Order::Greater => ordering.is_gt(),
            Order::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

impl Operand {
    /// The operand as something true or false; numbers and texts are neither.
    pub(super) fn into_condition(self) -> Result<Condition, CompileError> {
        match self {
            Operand::Condition(condition) => Ok(*condition),
            Operand::Property(slot) => Ok(Condition::Cast(slot)),
            other => Err(refused(format_args!("Expression will not result in a boolean value: {}", other.name()))),
        }
    }

    fn is_literal(&self) -> bool {
        match self {
            Operand::Text(_) | Operand::Number(_) => true,
            Operand::Condition(condition) => matches!(**condition, Condition::Literal(_)),
            Operand::Property(_) | Operand::Negated(_) => false,
        }
    }

    fn literal_condition(&self) -> Option<Option<bool>> {
        match self {
            Operand::Condition(condition) => match **condition {
                Condition::Literal(value) => Some(value),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the operand may stand beside `<` and its like.
    fn check_has_order(&self) -> Result<(), CompileError> {
        match self {
            Operand::Text(_) | Operand::Condition(_) => {
                Err(refused(format_args!("Value {} cannot be compared.", self.name())))
            }
            Operand::Number(_) | Operand::Property(_) | Operand::Negated(_) => Ok(()),
        }
    }

    /// The operand in the words of an error.
    fn name(&self) -> String {
        match self {
            Operand::Text(text) => format!("'{text}'"),
            Operand::Number(Number::Int(value)) => value.to_string(),
            Operand::Number(Number::Long(value)) => value.to_string(),
            Operand::Number(Number::Double(value)) => value.to_string(),
            Operand::Property(_) => "of a property".to_owned(),
            Operand::Negated(_) => "of a minus sign".to_owned(),
            Operand::Condition(_) => match self.literal_condition() {
                Some(Some(true)) => "TRUE".to_owned(),
                Some(Some(false)) => "FALSE".to_owned(),
                Some(None) => "NULL".to_owned(),
                None => "of a condition".to_owned(),
            },
        }
    }
}

impl From<Condition> for Operand {
    fn from(condition: Condition) -> Operand {
        Operand::Condition(Box::new(condition))
    }
}

impl Condition {
    pub(super) fn not(self) -> Condition {
        Condition::Not(Box::new(self))
    }

    /// `left = right`. A left TRUE or FALSE beside a literal of another kind is refused, a right one is not.
    pub(super) fn equal(left: Operand, right: Operand) -> Result<Condition, CompileError> {
        if left.literal_condition() == Some(None) || right.literal_condition() == Some(None) {
            return Err(refused(format_args!("'NULL' cannot be compared.")));
        }
        if left.literal_condition().is_some() && right.is_literal() && right.literal_condition().is_none() {
            return Err(refused(format_args!("{} cannot be compared with {}", left.name(), right.name())));
        }
        Ok(Condition::Equal(Box::new([left, right])))
    }

    pub(super) fn order(order: Order, left: Operand, right: Operand) -> Result<Condition, CompileError> {
        left.check_has_order()?;
        right.check_has_order()?;
        Ok(Condition::Order(order, Box::new([left, right])))
    }

    pub(super) fn between(value: Operand, low: Operand, high: Operand) -> Result<Condition, CompileError> {
        if let (Operand::Number(least), Operand::Number(greatest)) = (&low, &high)
            && least.compare(*greatest).is_gt()
        {
            return Err(refused(format_args!(
                "Illegal values of between, left value({}) must less than or equal to right value({})",
                low.name(),
                high.name()
            )));
        }
        Condition::check_bounds([value, low, high]).map(Condition::Between)
    }

    /// Unlike those of `between`, the bounds may be the wrong way round.
    pub(super) fn not_between(value: Operand, low: Operand, high: Operand) -> Result<Condition, CompileError> {
        Condition::check_bounds([value, low, high]).map(Condition::NotBetween)
    }

    fn check_bounds(operands: [Operand; 3]) -> Result<Box<[Operand; 3]>, CompileError> {
        operands.iter().try_for_each(Operand::check_has_order)?;
        Ok(Box::new(operands))
    }

    pub(super) fn is_in(left: Operand, mut texts: Vec<Box<str>>) -> Result<Condition, CompileError> {
        let Operand::Property(property) = left else {
            return Err(refused(format_args!("Expected a property for In expression, got: {}", left.name())));
        };
        texts.sort_unstable();
        Ok(Condition::In { property, texts: texts.into() })
    }
}

fn refused(why: std::fmt::Arguments<'_>) -> CompileError {
    CompileError::new(why.to_string())
}
