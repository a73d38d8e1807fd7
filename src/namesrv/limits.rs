//! What the NameServer takes from strangers; beyond it a request is answered with code 1.

use std::time::Duration;

use crate::config::NamesrvConfig;
use crate::remoting::{Limits, Refusal};

/// Characters of a broker, cluster, namespace or key name, and of an address.
const NAME_LENGTH_MAX: usize = 255;
/// The retry topic of a consumer group with the longest name. A topic of a user has at most 127 characters.
const TOPIC_LENGTH_MAX: usize = "%RETRY%".len() + NAME_LENGTH_MAX;

/// Filter servers of one broker; only brokers of 4.2 and older have any.
pub(super) const FILTER_SERVERS_MAX: usize = 1000;

pub(super) fn of_connections(config: &NamesrvConfig) -> Limits {
    Limits {
        connections_max: config.max_connections,
        idle_max: Duration::from_secs(config.idle_seconds_max),
        unsent_bytes_max: config.max_unsent_bytes_per_connection,
        ..Limits::default()
    }
}

/// A name of a broker, cluster, namespace or key, or an address: not empty, not too long, one line.
pub(super) fn check_name(what: &str, name: &str) -> Result<(), Refusal> {
    check(what, name, NAME_LENGTH_MAX)
}

pub(super) fn check_topic(name: &str) -> Result<(), Refusal> {
    check("topic", name, TOPIC_LENGTH_MAX)
}

pub(super) fn check_count(what: &str, count: usize, max: usize) -> Result<(), Refusal> {
    if count <= max { Ok(()) } else { Err(Refusal::system_error(format_args!("too many {what}: the limit is {max}"))) }
}

fn check(what: &str, name: &str, length_max: usize) -> Result<(), Refusal> {
    let fault = if name.is_empty() {
        "is empty".to_owned()
    } else if name.chars().count() > length_max {
        format!("is longer than {length_max} characters")
    } else if name.contains(char::is_control) {
        "contains control characters".to_owned()
    } else {
        return Ok(());
    };
    Err(Refusal::system_error(format_args!("the {what} name {fault}")))
}
