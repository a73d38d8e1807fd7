//! The types a setting can have, and their text form.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

/// A type that a setting can have.
pub trait Value: Sized {
    /// Reads the text of a setting; the error says what was expected.
    fn parse(text: &str) -> Result<Self, String>;
    /// The text that [`Value::parse`] reads as this value.
    fn show(&self) -> String;
}

macro_rules! parsed_values {
    ($($type:ty: $expected:literal),+ $(,)?) => {
        $(impl Value for $type {
            fn parse(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_| $expected.to_owned())
            }
            fn show(&self) -> String {
                self.to_string()
            }
        })+
    };
}

parsed_values! {
    u8: "a whole number",
    u16: "a whole number",
    u32: "a whole number",
    u64: "a whole number",
    usize: "a whole number",
    i32: "a whole number",
    i64: "a whole number",
    IpAddr: "an IP address",
}

impl Value for bool {
    fn parse(text: &str) -> Result<bool, String> {
        match text.to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("true or false".to_owned()),
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for String {
    fn parse(text: &str) -> Result<String, String> {
        Ok(text.to_owned())
    }

    fn show(&self) -> String {
        self.clone()
    }
}

impl Value for PathBuf {
    fn parse(text: &str) -> Result<PathBuf, String> {
        if text.is_empty() { Err("a path".to_owned()) } else { Ok(PathBuf::from(text)) }
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

/// Empty text is no value.
impl<T: Value> Value for Option<T> {
    fn parse(text: &str) -> Result<Option<T>, String> {
        if text.is_empty() { Ok(None) } else { T::parse(text).map(Some) }
    }

    fn show(&self) -> String {
        self.as_ref().map(T::show).unwrap_or_default()
    }
}

macro_rules! named_values {
    ($(#[$attr:meta])* $name:ident { $($(#[$variant_attr:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$attr])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum $name { $($(#[$variant_attr])* $variant),+ }

        impl Value for $name {
            fn parse(text: &str) -> Result<$name, String> {
                match text {
                    $($text => Ok($name::$variant),)+
                    _ => Err(format!("one of {}", [$($text),+].join(", "))),
                }
            }
            fn show(&self) -> String {
                match self { $($name::$variant => $text),+ }.to_owned()
            }
        }
    };
}

named_values! {
    /// What a broker is to its group.
    BrokerRole {
        /// Takes messages; does not wait for a slave.
        AsyncMaster = "ASYNC_MASTER",
        /// Takes messages; answers when a slave has them.
        SyncMaster = "SYNC_MASTER",
        /// Copies a master.
        Slave = "SLAVE",
    }
}

named_values! {
    /// When a message counts as stored.
    FlushDiskType {
        /// When it is in the log; the disk follows shortly.
        AsyncFlush = "ASYNC_FLUSH",
        /// When the disk has it.
        SyncFlush = "SYNC_FLUSH",
    }
}

/// Delays of the levels 1, 2, ..., written `1s 5s 10m 2h 1d`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DelayLevels {
    text: String,
    millis: Vec<u64>,
}

impl DelayLevels {
    /// The delays in milliseconds; level 1 is the first.
    pub fn millis(&self) -> &[u64] {
        &self.millis
    }

    fn level(text: &str) -> Option<u64> {
        let unit = match text.chars().last()? {
            's' => 1000,
            'm' => 60 * 1000,
            'h' => 60 * 60 * 1000,
            'd' => 24 * 60 * 60 * 1000,
            _ => return None,
        };
        text[..text.len() - 1].parse::<u64>().ok()?.checked_mul(unit)
    }
}

impl Value for DelayLevels {
    fn parse(text: &str) -> Result<DelayLevels, String> {
        let millis: Option<Vec<u64>> = text.split_whitespace().map(DelayLevels::level).collect();
        match millis {
            Some(millis) if !millis.is_empty() => Ok(DelayLevels { text: text.to_owned(), millis }),
            _ => Err("delays such as 1s 5m 2h 1d, separated by blanks".to_owned()),
        }
    }

    fn show(&self) -> String {
        self.text.clone()
    }
}

/// Hours of the day, written `04` or `04;16`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hours(Vec<u8>);

impl Hours {
    /// Whether this hour, 0 to 23, is one of them.
    pub fn contains(&self, hour: u8) -> bool {
        self.0.contains(&hour)
    }
}

impl Value for Hours {
    fn parse(text: &str) -> Result<Hours, String> {
        let hours: Option<Vec<u8>> =
            text.split(';').map(|hour| hour.trim().parse().ok().filter(|hour| *hour < 24)).collect();
        hours.map(Hours).ok_or_else(|| "hours from 00 to 23, separated by ;".to_owned())
    }

    fn show(&self) -> String {
        self.0.iter().map(|hour| format!("{hour:02}")).collect::<Vec<_>>().join(";")
    }
}

impl fmt::Display for BrokerRole {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.show())
    }
}

impl fmt::Display for FlushDiskType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.show())
    }
}
