//! Subscriptions by tag: `*`, or tags between `||`, compared by the hash that a queue entry carries.

use skylark_protocol::message::java_hash;

/// The expression type of subscriptions by tag.
pub const EXPRESSION_TAG: &str = "TAG";
/// The expression type of subscriptions by property.
pub const EXPRESSION_SQL92: &str = "SQL92";

const ALL: &str = "*";
const SEPARATOR: &str = "||";

/// Which tags a consumer wants. A hash may match more than its tag: clients compare the text again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagFilter {
    /// Every message.
    All,
    /// Messages whose tag has one of these hashes, ascending.
    Codes(Vec<i32>),
}

/// The subscription has no form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionError;

impl TagFilter {
    /// The filter that `subscription` describes. Java: FilterAPI.buildSubscriptionData
    pub fn parse(subscription: Option<&str>) -> Result<TagFilter, SubscriptionError> {
        let text = subscription.unwrap_or_default();
        if text.is_empty() || text == ALL {
            return Ok(TagFilter::All);
        }
        if text.split(SEPARATOR).all(str::is_empty) {
            return Err(SubscriptionError);
        }
        Ok(TagFilter::codes(text.split(SEPARATOR).map(str::trim).filter(|tag| !tag.is_empty()).map(java_hash)))
    }

    /// The filter of a subscription that was announced with its hashes.
    pub fn announced(subscription: &str, codes: impl IntoIterator<Item = i32>) -> TagFilter {
        if subscription == ALL { TagFilter::All } else { TagFilter::codes(codes) }
    }

    fn codes(codes: impl IntoIterator<Item = i32>) -> TagFilter {
        let mut codes: Vec<i32> = codes.into_iter().collect();
        codes.sort_unstable();
        codes.dedup();
        TagFilter::Codes(codes)
    }

    /// Whether a message with this tags code may be wanted. Java compares the low 32 bits.
    #[expect(clippy::cast_possible_truncation, reason = "the low 32 bits are the hash")]
    pub fn wants(&self, tags_code: i64) -> bool {
        match self {
            TagFilter::All => true,
            TagFilter::Codes(codes) => codes.binary_search(&(tags_code as i32)).is_ok(),
        }
    }
}

/// Whether subscriptions of this type are by tag. Java: ExpressionType.isTagType
pub fn is_tag_expression(expression_type: Option<&str>) -> bool {
    matches!(expression_type, None | Some("" | EXPRESSION_TAG))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(subscription: &str, tag: &str, wanted: bool) {
        let filter = TagFilter::parse(Some(subscription)).expect("a good subscription");
        assert_eq!(filter.wants(i64::from(java_hash(tag))), wanted, "{subscription:?} wants {tag:?}");
    }

    #[test]
    fn tags_match_by_hash() {
        check("*", "TagA", true);
        check("", "TagA", true);
        check("TagA", "TagA", true);
        check("TagA || TagB", "TagB", true);
        check("TagA||TagB", "TagC", false);
        check(" ||TagA", "", false);
    }

    #[test]
    fn only_separators_are_no_subscription() {
        assert_eq!(TagFilter::parse(Some("||")), Err(SubscriptionError));
        assert_eq!(TagFilter::parse(None), Ok(TagFilter::All));
    }
}
