//! Enums that travel as their names. A name not known is no error: a newer client may send one.

use std::fmt;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use crate::language::Language;

/// An enum that travels as its name.
pub trait Named: Sized + Copy {
    /// The value of a name.
    fn from_name(name: &str) -> Option<Self>;

    /// Its name.
    fn name(self) -> &'static str;
}

macro_rules! named {
    ($($(#[$meta:meta])* $type:ident { $($(#[$doc:meta])* $variant:ident = $name:literal),* $(,)? })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type { $($(#[$doc])* #[doc = concat!("`", $name, "`")] $variant,)* }

        impl Named for $type {
            fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }

            fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    )*};
}

named! {
    /// How a topic filters; only a mark, brokers treat both alike.
    TopicFilterType {
        /// One tag a message.
        SingleTag = "SINGLE_TAG",
        /// More than one.
        MultiTag = "MULTI_TAG",
    }

    /// Who asks for messages: the application or the client.
    ConsumeType {
        /// The application pulls.
        Actively = "CONSUME_ACTIVELY",
        /// The client pulls and pushes to the application.
        Passively = "CONSUME_PASSIVELY",
    }

    /// Who of a group gets a message.
    MessageModel {
        /// Each consumer.
        Broadcasting = "BROADCASTING",
        /// One consumer.
        Clustering = "CLUSTERING",
    }

    /// Where a group without an offset begins.
    ConsumeFromWhere {
        /// The end.
        LastOffset = "CONSUME_FROM_LAST_OFFSET",
        /// Old.
        LastOffsetAndFromMinWhenBootFirst = "CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST",
        /// Old.
        MinOffset = "CONSUME_FROM_MIN_OFFSET",
        /// Old.
        MaxOffset = "CONSUME_FROM_MAX_OFFSET",
        /// The beginning.
        FirstOffset = "CONSUME_FROM_FIRST_OFFSET",
        /// A time.
        Timestamp = "CONSUME_FROM_TIMESTAMP",
    }

    /// What a consumer made of one message.
    ConsumeResult {
        /// Consumed.
        Success = "CR_SUCCESS",
        /// To be consumed later.
        Later = "CR_LATER",
        /// Rolled back, old.
        Rollback = "CR_ROLLBACK",
        /// Committed, old.
        Commit = "CR_COMMIT",
        /// The listener threw.
        ThrowException = "CR_THROW_EXCEPTION",
        /// The listener gave null.
        ReturnNull = "CR_RETURN_NULL",
    }
}

#[expect(clippy::derivable_impls, reason = "the macro declares the variants")]
impl Default for TopicFilterType {
    fn default() -> Self {
        TopicFilterType::SingleTag
    }
}

/// Reads a name; one not known is as good as absent.
pub(super) fn known<'de, D: Deserializer<'de>, T: Named>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(T::from_name(&String::deserialize(deserializer)?))
}

/// Reads a name; one not known is the default.
pub(super) fn known_or_default<'de, D: Deserializer<'de>, T: Named + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(known(deserializer)?.unwrap_or_default())
}

impl Serialize for Language {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Language {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Language::from_name(&String::deserialize(deserializer)?))
    }
}
