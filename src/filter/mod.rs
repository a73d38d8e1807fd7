//! From the facts of a message to whether a consumer wants it. Knows neither topics nor peers nor the store.

mod tags;

pub use tags::{EXPRESSION_SQL92, EXPRESSION_TAG, SubscriptionError, TagFilter, is_tag_expression};
