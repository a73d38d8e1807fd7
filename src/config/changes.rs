//! Changes of settings by command: `key=value` lines, checked as a whole before any of them counts, and written to the
//! file that the next start reads.
//!
//! **Invariant:** the file named here was fixed at the start; nothing in a command names one.

use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use skylark_protocol::response_code::{NO_PERMISSION, SYSTEM_ERROR};

use super::file::replace_file;
use super::properties::Properties;
use super::settings::{JavaKey, Settings};
use super::value::Value;

/// Settings after a change, and what of it is to be written down.
#[derive(Clone, Debug)]
pub(super) struct Changes<C> {
    /// The settings with the change.
    pub(super) config: C,
    /// Keys and values, those without effect here too.
    pub(super) values: Vec<(&'static str, String)>,
}

/// Why nothing was changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ChangeError {
    /// The text is no properties file.
    Unreadable,
    /// At least one key may not be changed by command.
    Protected,
    /// A value is not what its key needs.
    Malformed {
        /// The key.
        key: &'static str,
        /// What it needs.
        expected: String,
    },
    /// The file could not be written.
    NotWritten(String),
}

impl ChangeError {
    /// The response code that says so.
    pub fn code(&self) -> i32 {
        if *self == ChangeError::Protected { NO_PERMISSION } else { SYSTEM_ERROR }
    }
}

impl fmt::Display for ChangeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChangeError::Unreadable => out.write_str("string2Properties error"),
            ChangeError::Protected => out.write_str("Can not update config in black list."),
            ChangeError::Malformed { key, expected } => write!(out, "{key}: not {expected}"),
            ChangeError::NotWritten(reason) => write!(out, "write the configuration: {reason}"),
        }
    }
}

impl std::error::Error for ChangeError {}

impl<C: Settings> Changes<C> {
    /// Reads a command against the settings of now. `protected` says of any key, known or not, whether it may not be
    /// changed. Unknown keys are passed over, as Java does.
    pub(super) fn read(now: &C, command: &str, protected: impl Fn(&str) -> bool) -> Result<Changes<C>, ChangeError> {
        let properties = Properties::parse(command).map_err(|_| ChangeError::Unreadable)?;
        if properties.0.iter().any(|property| protected(&property.key)) {
            return Err(ChangeError::Protected);
        }
        let table = C::table();
        let mut changes = Changes { config: now.clone(), values: Vec::new() };
        for property in &properties.0 {
            let value = property.value.trim();
            let setting = table.iter().find(|setting| setting.names(&property.key));
            let (key, taken) = match (setting, java_key::<C>(&property.key)) {
                (Some(setting), _) => (setting.key, changes.config.set(setting.key, value)),
                (None, Some(java)) => (java.key, like_default(java, value)),
                (None, None) => continue,
            };
            let taken = taken.and_then(|()| one_line(value));
            taken.map_err(|expected| ChangeError::Malformed { key, expected })?;
            changes.values.push((key, value.to_owned()));
        }
        Ok(changes)
    }
}

/// The key without effect that is called so.
pub(super) fn java_key<C: Settings>(key: &str) -> Option<&'static JavaKey> {
    C::WITHOUT_EFFECT.iter().copied().flatten().find(|java| java.key == key)
}

/// All keys and values as an answer to "get config": those of the table, Java's without effect, and what else was set.
pub(super) fn report<C: Settings>(config: &C, others: &[(String, String)]) -> String {
    let mut shown: BTreeMap<&str, &str> = BTreeMap::new();
    for java in C::WITHOUT_EFFECT.iter().copied().flatten() {
        shown.extend(java.default.map(|default| (java.key, default)));
    }
    shown.extend(others.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    let entries = config.entries();
    shown.extend(entries.iter().map(|(key, value)| (*key, value.as_str())));
    shown.iter().map(|(key, value)| format!("{key}={value}\n")).collect()
}

/// Changes the lines of these keys in the file, so that a restart with it finds them; comments stay. A file that is
/// not there is made. Blocks for the disk.
pub(super) fn write_down(path: &Path, values: &[(&'static str, String)]) -> Result<(), ChangeError> {
    let not_written = |error: &dyn fmt::Display| ChangeError::NotWritten(error.to_string());
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(not_written(&error)),
    };
    let edited = Properties::edit(&text, values).map_err(|error| not_written(&error))?;
    replace_file(path, edited.as_bytes()).map_err(|error| not_written(&error))
}

/// A key without effect must still hold what a Java broker that reads the file could take.
fn like_default(java: &JavaKey, value: &str) -> Result<(), String> {
    match java.default {
        Some("true" | "false") => bool::parse(value).map(drop),
        Some(number) if number.parse::<i64>().is_ok() => u64::parse(value).map(drop),
        _ => Ok(()),
    }
}

fn one_line(value: &str) -> Result<(), String> {
    if value.contains(char::is_control) { Err("one line without control characters".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::config::BrokerConfig;

    fn read(command: &str) -> Result<Changes<BrokerConfig>, ChangeError> {
        Changes::read(&BrokerConfig::default(), command, |key| key == "secret")
    }

    #[track_caller]
    fn check_refused(command: &str, text: &str, code: i32) {
        let error = read(command).expect_err("refused");
        assert_eq!((error.to_string().as_str(), error.code()), (text, code));
    }

    #[test]
    fn a_command_is_taken_as_a_whole_or_not_at_all() {
        let changes = read("brokerPermission=4\nnoSuchKey=1\nslaveTimeout = 5000 \n").expect("taken");
        assert_eq!(changes.config.broker_permission, 4);
        assert_eq!(changes.values, [("brokerPermission", "4".to_owned()), ("slaveTimeout", "5000".to_owned())]);
        check_refused("brokerPermission=4\nsecret=1", "Can not update config in black list.", NO_PERMISSION);
        check_refused("brokerPermission=9", "brokerPermission: not from 0 to 7", SYSTEM_ERROR);
        check_refused("traceOn=yes", "traceOn: not true or false", SYSTEM_ERROR);
        check_refused("brokerFastFailureEnable=1", "brokerFastFailureEnable: not true or false", SYSTEM_ERROR);
        check_refused("slaveTimeout=-1", "slaveTimeout: not a whole number", SYSTEM_ERROR);
        check_refused("regionId=a\\nb=c", "regionId: not one line without control characters", SYSTEM_ERROR);
        check_refused("a=\\u00g0", "string2Properties error", SYSTEM_ERROR);
    }

    #[test]
    fn a_report_has_what_java_shows_with_the_values_of_now() {
        let others = [("slaveTimeout".to_owned(), "1".to_owned()), ("mine".to_owned(), "2".to_owned())];
        let text = report(&BrokerConfig { broker_permission: 2, ..BrokerConfig::default() }, &others);
        for line in ["brokerPermission=2", "slaveTimeout=1", "mine=2", "sendThreadPoolQueueCapacity=10000"] {
            assert!(text.lines().any(|shown| shown == line), "{line} in {text}");
        }
        assert!(!text.contains("dLegerGroup"), "Java shows no key without a value");
    }
}
