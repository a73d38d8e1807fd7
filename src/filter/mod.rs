//! From the facts of a message to whether a consumer wants it. Knows neither topics nor peers nor the store.
//!
//! A subscription is read once, by its type, into a [`Filter`]. Tags are decided from the queue entry alone; an SQL92
//! expression needs the properties of the record.

mod tags;
mod sql92;

use std::fmt;

pub use sql92::{CompileError, EXPRESSION_BYTES_MAX, EvaluationError, SqlFilter};
pub use tags::{EXPRESSION_SQL92, EXPRESSION_TAG, SubscriptionError, TagFilter, is_tag_expression};

/// Which messages of a topic a consumer wants.
#[derive(Debug)]
pub enum Filter {
    /// Those with certain tags, or all.
    Tag(TagFilter),
    /// Those whose properties an expression holds for.
    Sql(SqlFilter),
}

/// Why a subscription is no filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilterError {
    /// A subscription by tag without form.
    Tags(SubscriptionError),
    /// No expression where one is needed.
    Missing,
    /// Expressions of this type are not known.
    UnknownType(String),
    /// The expression cannot be read.
    Sql(CompileError),
}

impl Filter {
    /// Every message.
    pub const ALL: Filter = Filter::Tag(TagFilter::All);

    /// The filter that a text of some type describes; no type means tags.
    pub fn parse(expression_type: Option<&str>, text: Option<&str>) -> Result<Filter, FilterError> {
        match expression_type {
            by_tag if is_tag_expression(by_tag) => TagFilter::parse(text).map(Filter::Tag).map_err(FilterError::Tags),
            _ if text.unwrap_or_default().is_empty() => Err(FilterError::Missing),
            Some(EXPRESSION_SQL92) => {
                SqlFilter::compile(text.unwrap_or_default()).map(Filter::Sql).map_err(FilterError::Sql)
            }
            other => Err(FilterError::UnknownType(other.unwrap_or_default().to_owned())),
        }
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FilterError::Tags(_) => f.write_str("subString split error"),
            FilterError::Missing => f.write_str("Expression can't be null!"),
            FilterError::UnknownType(name) => write!(f, "There are no filters of type {name}"),
            FilterError::Sql(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FilterError {}
