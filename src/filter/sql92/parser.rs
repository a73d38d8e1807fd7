//! The grammar, one function a rule, from the loosest binding one to the tightest. Java: SelectorParser
//!
//! **Invariant:** the tree is small and shallow whatever the text: both are counted while it grows.

use super::ast::{Condition, Operand, Order, Slot};
use super::lexer::{Lexer, Token};
use super::number::{Number, read_double};
use super::{CompileError, DEPTH_MAX, NODES_MAX};

/// Reads an expression; also the property names that it uses, each once. What follows a complete expression is ignored,
/// as Java ignores it, except that the first token behind must be one.
pub(super) fn parse(text: &str) -> Result<(Condition, Vec<Box<str>>), CompileError> {
    let lexer = Lexer::new(text);
    let mut parser = Parser { lexer, ahead: None, names: Vec::new(), nodes: 0, depth: 0, chained: 0 };
    let condition = parser.any()?.into_condition()?;
    Ok((condition, parser.names))
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    /// A token that was looked at and not yet taken.
    ahead: Option<Token<'a>>,
    names: Vec<Box<str>>,
    nodes: usize,
    depth: usize,
    /// `=`, `<>` and IS whose left side is another one of them, in all: they make the tree deep without nesting.
    chained: usize,
}

impl<'a> Parser<'a> {
    fn peek(&mut self) -> Result<Token<'a>, CompileError> {
        match self.ahead {
            Some(token) => Ok(token),
            None => Ok(*self.ahead.insert(self.lexer.next()?)),
        }
    }

    fn take(&mut self) -> Result<Token<'a>, CompileError> {
        let token = self.peek()?;
        self.ahead = None;
        Ok(token)
    }

    fn accept(&mut self, wanted: Token<'_>) -> Result<bool, CompileError> {
        let found = self.peek()? == wanted;
        if found {
            self.ahead = None;
        }
        Ok(found)
    }

    fn expect(&mut self, wanted: Token<'_>, name: &str) -> Result<(), CompileError> {
        if self.accept(wanted)? { Ok(()) } else { Err(self.lexer.unexpected(name)) }
    }

    fn count_node(&mut self) -> Result<(), CompileError> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(CompileError::new(format!("An expression has at most {NODES_MAX} parts.")));
        }
        Ok(())
    }

    /// `all OR all ...`
    fn any(&mut self) -> Result<Operand, CompileError> {
        let first = self.all()?;
        if self.peek()? != Token::Or {
            return Ok(first);
        }
        let mut conditions = vec![first.into_condition()?];
        while self.accept(Token::Or)? {
            self.count_node()?;
            conditions.push(self.all()?.into_condition()?);
        }
        Ok(Condition::Any(conditions).into())
    }

    /// `equality AND equality ...`
    fn all(&mut self) -> Result<Operand, CompileError> {
        let first = self.equality()?;
        if self.peek()? != Token::And {
            return Ok(first);
        }
        let mut conditions = vec![first.into_condition()?];
        while self.accept(Token::And)? {
            self.count_node()?;
            conditions.push(self.equality()?.into_condition()?);
        }
        Ok(Condition::All(conditions).into())
    }

    /// `comparison = comparison`, `<>`, `IS NULL`, `IS NOT NULL`
    fn equality(&mut self) -> Result<Operand, CompileError> {
        let mut left = self.comparison()?;
        let mut is_first = true;
        loop {
            let operator = self.peek()?;
            if !matches!(operator, Token::Equal | Token::NotEqual | Token::Is) {
                return Ok(left);
            }
            self.take()?;
            self.count_node()?;
            self.chained += usize::from(!is_first);
            self.check_depth(self.chained)?;
            is_first = false;
            let condition = match operator {
                Token::Equal => Condition::equal(left, self.comparison()?)?,
                Token::NotEqual => Condition::equal(left, self.comparison()?)?.not(),
                _ => self.null_test(left)?,
            };
            left = condition.into();
        }
    }

    /// What follows IS.
    fn null_test(&mut self, left: Operand) -> Result<Condition, CompileError> {
        let negated = self.accept(Token::Not)?;
        self.expect(Token::Null, if negated { "NULL" } else { "NULL or NOT NULL" })?;
        let condition = Condition::IsNull(Box::new(left));
        Ok(if negated { condition.not() } else { condition })
    }

    /// `unary < unary` and its like, `[NOT] BETWEEN unary AND unary`, `[NOT] IN ('text', ...)`
    fn comparison(&mut self) -> Result<Operand, CompileError> {
        let mut left = self.unary()?;
        loop {
            let order = match self.peek()? {
                Token::Less => Order::Less,
                Token::LessOrEqual => Order::LessOrEqual,
                Token::Greater => Order::Greater,
                Token::GreaterOrEqual => Order::GreaterOrEqual,
                Token::Not | Token::Between | Token::In => {
                    left = self.range_or_list(left)?.into();
                    continue;
                }
                _ => return Ok(left),
            };
            self.take()?;
            self.count_node()?;
            left = Condition::order(order, left, self.unary()?)?.into();
        }
    }

    fn range_or_list(&mut self, left: Operand) -> Result<Condition, CompileError> {
        self.count_node()?;
        let negated = self.accept(Token::Not)?;
        if self.accept(Token::Between)? {
            let low = self.unary()?;
            self.expect(Token::And, "AND")?;
            let high = self.unary()?;
            return if negated { Condition::not_between(left, low, high) } else { Condition::between(left, low, high) };
        }
        self.expect(Token::In, "BETWEEN or IN")?;
        let condition = Condition::is_in(left, self.texts()?)?;
        // Unknown stays unknown under NOT, so that this is what NOT IN means.
        Ok(if negated { condition.not() } else { condition })
    }

    /// `('text', ...)`
    fn texts(&mut self) -> Result<Vec<Box<str>>, CompileError> {
        self.expect(Token::Open, "\"(\"")?;
        let mut texts = Vec::new();
        loop {
            let Token::Text(text) = self.take()? else { return Err(self.lexer.unexpected("a text in quotes")) };
            self.count_node()?;
            texts.push(unquoted(text));
            if !self.accept(Token::Comma)? {
                break;
            }
        }
        self.expect(Token::Close, "\",\" or \")\"")?;
        Ok(texts)
    }

    /// `+ unary`, `- unary`, `NOT unary`, or a primary. All nesting passes here.
    fn unary(&mut self) -> Result<Operand, CompileError> {
        self.count_node()?;
        self.depth += 1;
        self.check_depth(self.depth)?;
        let operand = match self.take()? {
            Token::Plus => self.unary()?,
            Token::Minus => Operand::Negated(Box::new(self.unary()?)),
            Token::Not => self.unary()?.into_condition()?.not().into(),
            Token::Open => {
                let inner = self.any()?;
                self.expect(Token::Close, "\")\"")?;
                inner
            }
            token => self.primary(token)?,
        };
        self.depth -= 1;
        Ok(operand)
    }

    fn primary(&mut self, token: Token<'_>) -> Result<Operand, CompileError> {
        Ok(match token {
            Token::Text(text) => Operand::Text(unquoted(text)),
            Token::Decimal(literal) => Operand::Number(Number::from_decimal(literal).ok_or_else(|| {
                CompileError::new(format!("For input string: {literal:?}, which is beyond {}", i64::MAX))
            })?),
            Token::Floating(literal) => floating(literal)?,
            Token::True => Condition::Literal(Some(true)).into(),
            Token::False => Condition::Literal(Some(false)).into(),
            Token::Null => Condition::Literal(None).into(),
            Token::Name(name) => Operand::Property(self.slot(name)),
            _ => return Err(self.lexer.unexpected("an operand")),
        })
    }

    fn slot(&mut self, name: &str) -> Slot {
        self.names.iter().position(|known| **known == *name).unwrap_or_else(|| {
            self.names.push(name.into());
            self.names.len() - 1
        })
    }

    fn check_depth(&self, depth: usize) -> Result<(), CompileError> {
        if depth > DEPTH_MAX {
            return Err(CompileError::new(format!("An expression is at most {DEPTH_MAX} levels deep.")));
        }
        Ok(())
    }
}

/// A literal with point or exponent. Zero is refused: Java wants one that is at least its smallest positive double.
fn floating(literal: &str) -> Result<Operand, CompileError> {
    match read_double(literal) {
        Some(value) if value > f64::MAX => {
            Err(CompileError::new(format!("{literal} is greater than 1.7976931348623157E308")))
        }
        Some(value) if value > 0.0 => Ok(Operand::Number(Number::Double(value))),
        Some(_) => Err(CompileError::new(format!("{literal} is less than 4.9E-324"))),
        None => Err(CompileError::new(format!("For input string: {literal:?}"))),
    }
}

/// The text that a literal stands for.
fn unquoted(text: &str) -> Box<str> {
    text.replace("''", "'").into()
}
