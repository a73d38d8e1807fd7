//! The form of a table of settings; all uses of a key follow from its one line.

use std::ops::RangeInclusive;

use super::value::Value;

/// One line of a table.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The key as Java spells it.
    pub key: &'static str,
    /// Older spellings of the key.
    pub aliases: &'static [&'static str],
    /// What it is for.
    pub meaning: String,
    /// The default, or a word on how it is found.
    pub default: String,
    /// What else the value must be.
    pub range: Option<String>,
    /// Whether a command may change it while the server runs.
    pub live: bool,
}

impl Setting {
    /// Whether the key is written so, or was once.
    pub fn names(&self, key: &str) -> bool {
        self.key == key || self.aliases.contains(&key)
    }
}

/// A key that Java's server knows and that has no effect here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct JavaKey {
    /// The key.
    pub key: &'static str,
    /// Java's default, which answers to "get config" show; None: Java shows nothing before it is set.
    pub default: Option<&'static str>,
    /// Whether a command may change it while the server runs.
    pub live: bool,
}

/// A struct of settings with its table.
pub trait Settings: Default + Clone {
    /// Which server they belong to, for messages.
    const SERVER: &'static str;
    /// Keys that Java's server knows and that have no effect here.
    const WITHOUT_EFFECT: &'static [&'static [JavaKey]];

    /// All lines, in the order of the table.
    fn table() -> Vec<Setting>;

    /// Sets the value of a key of the table, or says what was expected.
    fn set(&mut self, key: &str, text: &str) -> Result<(), String>;

    /// Keys and current values, in the order of the table.
    fn entries(&self) -> Vec<(&'static str, String)>;

    /// The commented example file: every key with its meaning, range and default.
    fn example(title: &str) -> String {
        let mut text = format!("# {title}\n");
        for setting in Self::table() {
            let notes: Vec<String> =
                setting.range.into_iter().chain(setting.live.then(|| "may change while running".to_owned())).collect();
            let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
            text.push_str(&format!("\n# {}{notes}\n#{}={}\n", setting.meaning, setting.key, setting.default));
        }
        text
    }
}

/// Reads a value that must lie in a range.
pub(super) fn parse_in<T: Value + PartialOrd>(text: &str, range: &RangeInclusive<T>) -> Result<T, String> {
    match T::parse(text) {
        Ok(value) if range.contains(&value) => Ok(value),
        Ok(_) => Err(show_range(range)),
        Err(expected) => Err(format!("{expected} {}", show_range(range))),
    }
}

pub(super) fn show_range<T: Value>(range: &RangeInclusive<T>) -> String {
    format!("from {} to {}", range.start().show(), range.end().show())
}

/// Declares a table: `/// meaning`, then `"key" | "older key" => field: Type = default, in range, shown "text";`,
/// with `live` before the key if a command may change it while the server runs.
macro_rules! settings {
    (
        $(#[$attr:meta])*
        pub struct $name:ident for $server:literal, without effect $without_effect:expr;
        $(
            #[doc = $meaning:literal]
            $($live:ident)? $key:literal $(| $alias:literal)* => $field:ident: $type:ty = $default:expr
            $(, in $range:expr)? $(, shown $shown:literal)?;
        )+
    ) => {
        $(#[$attr])*
        #[derive(Clone, PartialEq, Debug)]
        pub struct $name {
            $(#[doc = $meaning] pub $field: $type,)+
        }

        impl Default for $name {
            fn default() -> $name {
                $name { $($field: $default),+ }
            }
        }

        impl $crate::config::Settings for $name {
            const SERVER: &'static str = $server;
            const WITHOUT_EFFECT: &'static [&'static [$crate::config::JavaKey]] = $without_effect;

            fn table() -> Vec<$crate::config::Setting> {
                let defaults = $name::default();
                vec![$($crate::config::Setting {
                    key: $key,
                    aliases: &[$($alias),*],
                    meaning: $meaning.trim().to_owned(),
                    default: settings!(@default defaults.$field $(, $shown)?),
                    range: settings!(@range $type $(, $range)?),
                    live: settings!(@live $($live)?),
                }),+]
            }

            fn set(&mut self, key: &str, text: &str) -> Result<(), String> {
                match key {
                    $($key $(| $alias)* => self.$field = settings!(@parse text, $type $(, $range)?)?,)+
                    _ => return Err("a key of this server".to_owned()),
                }
                Ok(())
            }

            fn entries(&self) -> Vec<(&'static str, String)> {
                vec![$(($key, $crate::config::Value::show(&self.$field))),+]
            }
        }
    };
    (@default $defaults:ident.$field:ident) => { $crate::config::Value::show(&$defaults.$field) };
    (@default $defaults:ident.$field:ident, $shown:literal) => { concat!("<", $shown, ">").to_owned() };
    (@live) => { false };
    (@live live) => { true };
    (@range $type:ty) => { None };
    (@range $type:ty, $range:expr) => { Some($crate::config::settings::show_range::<$type>(&$range)) };
    (@parse $text:ident, $type:ty) => { <$type as $crate::config::Value>::parse($text) };
    (@parse $text:ident, $type:ty, $range:expr) => { $crate::config::settings::parse_in::<$type>($text, &$range) };
}

pub(super) use settings;
