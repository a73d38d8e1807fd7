//! Where values come from, and what is said about keys that do not fit.

use std::fmt;
use std::path::{Path, PathBuf};

use super::properties::Properties;
use super::settings::Settings;

/// Where an assignment stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// In a properties file.
    File {
        /// Its path.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// In this environment variable.
    Environment(String),
    /// On the command line.
    CommandLine,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File { path, line } => write!(out, "{}:{line}", path.display()),
            Place::Environment(name) => write!(out, "environment variable {name}"),
            Place::CommandLine => out.write_str("command line"),
        }
    }
}

/// A key that was given a value somewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assignment {
    /// The key as it was written.
    pub key: String,
    /// The value as it was written.
    pub value: String,
    /// Where.
    pub place: Place,
}

/// Assignments in the order in which they apply.
#[derive(Clone, Default, Debug)]
pub struct Sources {
    assignments: Vec<Assignment>,
    file: Option<PathBuf>,
}

impl Sources {
    /// Adds the assignments of a properties file.
    pub fn file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
        let properties = Properties::parse(&text)
            .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
        self.file = Some(path.to_owned());
        for property in properties.0 {
            let place = Place::File { path: path.to_owned(), line: property.line };
            self.assignments.push(Assignment { key: property.key, value: property.value, place });
        }
        Ok(())
    }

    /// Adds the variables whose names begin with `prefix`.
    pub fn environment(&mut self, prefix: &str, variables: impl Iterator<Item = (String, String)>) {
        let mut found: Vec<Assignment> = variables
            .filter_map(|(name, value)| {
                let key = name.strip_prefix(prefix)?.to_owned();
                Some(Assignment { key, value, place: Place::Environment(name) })
            })
            .collect();
        found.sort_by(|a, b| a.key.cmp(&b.key));
        self.assignments.extend(found);
    }

    /// Adds one assignment.
    pub fn assign(&mut self, key: &str, value: &str, place: Place) {
        self.assignments.push(Assignment { key: key.to_owned(), value: value.to_owned(), place });
    }

    /// Applies all assignments to the defaults.
    pub fn load<C: Settings>(&self) -> Result<Loaded<C>, ConfigError> {
        let table = C::table();
        let known = || table.iter().flat_map(|setting| setting.aliases.iter().copied().chain([setting.key]));
        let without_effect = || C::WITHOUT_EFFECT.iter().copied().flatten().map(|java| java.key);
        let mut loaded = Loaded { file: self.file.clone(), ..Loaded::of(C::default()) };
        let mut silent = Vec::new();
        for assignment in &self.assignments {
            let same = |key: &&str| names(&assignment.key, &assignment.place, key);
            if let Some(key) = known().find(same) {
                let value = assignment.value.trim();
                let malformed = |expected| ConfigError::Malformed { assignment: assignment.clone(), expected };
                loaded.config.set(key, value).map_err(malformed)?;
                if !matches!(assignment.place, Place::File { .. }) {
                    loaded.pinned.push((key, assignment.place.clone()));
                }
            } else if let Some(key) = without_effect().find(same) {
                if key == "aclEnable" && assignment.value.trim().eq_ignore_ascii_case("true") {
                    loaded.warnings.push(Warning::NoAccessControl(assignment.place.clone()));
                }
                silent.push(key);
                loaded.others.push((key.to_owned(), assignment.value.clone()));
            } else {
                loaded.warnings.push(Warning::Unknown(assignment.clone()));
                // Other programs have variables with our prefix, too.
                if !matches!(assignment.place, Place::Environment(_)) {
                    loaded.others.push((assignment.key.clone(), assignment.value.clone()));
                }
            }
        }
        if !silent.is_empty() {
            loaded.warnings.push(Warning::WithoutEffect(silent));
        }
        Ok(loaded)
    }
}

/// Whether a key as written means this key. In the environment case and underscores do not count.
fn names(written: &str, place: &Place, key: &str) -> bool {
    match place {
        Place::Environment(_) => written.replace('_', "").eq_ignore_ascii_case(key),
        _ => written == key,
    }
}

/// Settings, and what is to be said about them.
#[derive(Clone, Debug)]
pub struct Loaded<C> {
    /// The settings.
    pub config: C,
    /// What does not fit, but does not stop the start.
    pub warnings: Vec<Warning>,
    /// Assignments without effect, kept because Java's servers show them too when asked for their configuration.
    pub others: Vec<(String, String)>,
    /// Keys that the environment or the command line set: what a file says of them does not count.
    pub pinned: Vec<(&'static str, Place)>,
    /// The file that was read, if one was.
    pub file: Option<PathBuf>,
}

impl<C> From<C> for Loaded<C> {
    fn from(config: C) -> Loaded<C> {
        Loaded::of(config)
    }
}

impl<C> Loaded<C> {
    /// Settings that nobody has anything to say about.
    pub fn of(config: C) -> Loaded<C> {
        Loaded { config, warnings: Vec::new(), others: Vec::new(), pinned: Vec::new(), file: None }
    }
}

/// What does not fit, but does not stop the start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Warning {
    /// A key that neither this server nor Java's knows.
    Unknown(Assignment),
    /// Keys that Java's server knows, but that change nothing here.
    WithoutEffect(Vec<&'static str>),
    /// Access control was asked for and is not there.
    NoAccessControl(Place),
}

impl Warning {
    /// Whether an operator should see it at once. Other programs have environment variables with our prefix, too.
    pub fn is_loud(&self) -> bool {
        match self {
            Warning::Unknown(assignment) => !matches!(assignment.place, Place::Environment(_)),
            Warning::WithoutEffect(_) => false,
            Warning::NoAccessControl(_) => true,
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::Unknown(assignment) => write!(out, "{}: unknown key {}", assignment.place, assignment.key),
            Warning::WithoutEffect(keys) => write!(out, "known keys, no effect here: {}", keys.join(", ")),
            Warning::NoAccessControl(place) => {
                write!(out, "{place}: aclEnable=true has no effect yet, every client has every right")
            }
        }
    }
}

/// Why a server cannot start with these settings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ConfigError {
    /// A file cannot be read, or is not a properties file.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system or the parser says.
        reason: String,
    },
    /// A value is not what its key needs.
    Malformed {
        /// The assignment.
        assignment: Assignment,
        /// What its key needs.
        expected: String,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Unreadable { path, reason } => write!(out, "read {}: {reason}", path.display()),
            ConfigError::Malformed { assignment: Assignment { key, value, place }, expected } => {
                write!(out, "{place}: {key}: \"{value}\" is not {expected}")
            }
        }
    }
}

impl std::error::Error for ConfigError {}
