//! Structs that travel as ext fields.

use super::Fields;
use crate::error::{DecodeError, FieldError};
use crate::json::Decimal;

/// A type the text of an ext field can be read as.
pub trait FieldValue: Sized {
    /// Reads the value from a field's text.
    fn parse(text: &str) -> Result<Self, FieldError>;

    /// Pushes the value under `name`.
    fn write(&self, fields: &mut Fields, name: &str);

    /// What an absent field means: an error, but for `Option`.
    fn absent(name: &'static str) -> Result<Self, DecodeError> {
        Err(DecodeError::MissingField { name })
    }
}

macro_rules! number_fields {
    ($($type:ty: $need:literal, $number:ident, $text:expr;)*) => {$(
        impl FieldValue for $type {
            fn parse(text: &str) -> Result<Self, FieldError> {
                text.parse().map_err(|_| FieldError { need: $need })
            }

            fn write(&self, fields: &mut Fields, name: &str) {
                let $number = *self;
                fields.push(name, &$text);
            }
        }
    )*};
}

number_fields! {
    i32: "a 32-bit number", number, Decimal::new(number.into()).as_str();
    i64: "a 64-bit number", number, Decimal::new(number).as_str();
    u16: "a number of 0 to 65535", number, Decimal::new(number.into()).as_str();
    u32: "an unsigned 32-bit number", number, Decimal::new(number.into()).as_str();
    u64: "an unsigned 64-bit number", number, number.to_string();
    f64: "a decimal number", number, number.to_string();
}

impl FieldValue for bool {
    // Java: Boolean.parseBoolean: whatever is not `true` is false.
    fn parse(text: &str) -> Result<Self, FieldError> {
        Ok(text.eq_ignore_ascii_case("true"))
    }

    fn write(&self, fields: &mut Fields, name: &str) {
        fields.push(name, if *self { "true" } else { "false" });
    }
}

impl FieldValue for String {
    fn parse(text: &str) -> Result<Self, FieldError> {
        Ok(text.to_owned())
    }

    fn write(&self, fields: &mut Fields, name: &str) {
        fields.push(name, self);
    }
}

impl<T: FieldValue> FieldValue for Option<T> {
    fn parse(text: &str) -> Result<Self, FieldError> {
        T::parse(text).map(Some)
    }

    fn write(&self, fields: &mut Fields, name: &str) {
        if let Some(value) = self {
            value.write(fields, name);
        }
    }

    fn absent(_name: &'static str) -> Result<Self, DecodeError> {
        Ok(None)
    }
}

/// A struct that travels as ext fields.
pub trait HeaderFields: Sized {
    /// Reads the struct; fields it does not know are left alone.
    fn decode(fields: &Fields) -> Result<Self, DecodeError>;

    /// Pushes the struct's fields in their order.
    fn encode(&self, fields: &mut Fields);
}

/// Reads one field of a header struct; part of what [`header_fields!`](crate::header_fields) writes.
#[inline]
pub fn field<T: FieldValue>(
    fields: &Fields,
    next: &mut usize,
    name: &'static str,
    default: Option<T>,
) -> Result<T, DecodeError> {
    match (fields.get_from(next, name), default) {
        (Some(text), _) => T::parse(text).map_err(|error| DecodeError::BadField { name, need: error.need }),
        (None, Some(default)) => Ok(default),
        (None, None) => T::absent(name),
    }
}

/// Declares a struct that travels as ext fields: `field = "wireName": Type` with `= default` for an absent field.
///
/// A plain type is required, an `Option` may be absent. The struct is always written with an `extFields` object, even an empty one.
#[macro_export]
macro_rules! header_fields {
    ($(#[$meta:meta])* $name:ident {
        $($(#[$field_meta:meta])* $field:ident = $wire:literal : $type:ty $(= $default:expr)?),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            $(#[doc = concat!("`", $wire, "` on the wire.")] $(#[$field_meta])* pub $field: $type,)*
        }

        impl $crate::fields::HeaderFields for $name {
            #[allow(unused_variables, unused_mut, reason = "a struct without fields reads none")]
            fn decode(fields: &$crate::fields::Fields) -> Result<Self, $crate::error::DecodeError> {
                let mut next = 0;
                Ok($name {
                    $($field: $crate::fields::field(fields, &mut next, $wire, $crate::header_fields!(@default $($default)?))?,)*
                })
            }

            fn encode(&self, fields: &mut $crate::fields::Fields) {
                fields.set_present();
                $($crate::fields::FieldValue::write(&self.$field, fields, $wire);)*
            }
        }
    };
    (@default) => { None };
    (@default $default:expr) => { Some($default) };
}

#[cfg(test)]
mod tests {
    use super::*;

    header_fields! {
        /// A header of each kind of field.
        #[expect(unreachable_pub, reason = "the macro declares public structs")]
        Sample { id = "id": i32, note = "note": Option<String>, order = "order": bool = false }
    }

    #[track_caller]
    fn check(fields: &[(&str, &str)], expected: Result<Sample, DecodeError>) {
        assert_eq!(Sample::decode(&fields.iter().copied().collect()), expected);
    }

    #[test]
    fn reads_typed_fields_in_any_order() {
        check(&[("order", "TRUE"), ("id", "-7")], Ok(Sample { id: -7, note: None, order: true }));
        check(&[("note", ""), ("x", "y"), ("id", "1")], Ok(Sample { id: 1, note: Some(String::new()), order: false }));
        check(&[("note", "n")], Err(DecodeError::MissingField { name: "id" }));
        check(&[("id", "abc")], Err(DecodeError::BadField { name: "id", need: "a 32-bit number" }));
    }
}
