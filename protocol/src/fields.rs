//! Ext fields: the string map of a header, and the typed structs read from it.
//!
//! A header of thirteen fields costs two allocations, not twenty-six: names and values lie in one text arena.
//! **Invariant:** names are unique; a later value replaces the earlier one, as in Java's map.

use std::fmt::{self, Display, Write};
use std::ops::Range;

use crate::error::{DecodeError, FieldError};
use crate::json::Decimal;

/// The most ext fields a header may have.
pub const FIELDS_MAX: usize = 1024;

/// Where in the arena the name and the value of one field lie.
#[derive(Clone, Copy)]
struct Span {
    name: (u32, u32),
    value: (u32, u32),
}

/// The ext fields of a header in the order they were pushed. Absent and empty are different on the wire.
#[derive(Clone, Default)]
pub struct Fields {
    arena: String,
    spans: Vec<Span>,
    /// A bit for each name shape seen: a name whose bit is clear is certainly new.
    shapes: u64,
    present: bool,
}

impl Fields {
    /// An empty map with room for `text` bytes of names and values in `count` fields.
    pub fn with_capacity(text: usize, count: usize) -> Fields {
        Fields { arena: String::with_capacity(text), spans: Vec::with_capacity(count), shapes: 0, present: false }
    }

    /// The value of a field.
    #[inline]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.place(name).map(|place| self.value(&self.spans[place]))
    }

    /// As [`get`](Self::get), looking first at `*next`: fields read in the order they were written are found at once.
    #[inline]
    pub fn get_from(&self, next: &mut usize, name: &str) -> Option<&str> {
        if let Some(span) = self.spans.get(*next)
            && self.name(span) == name
        {
            *next += 1;
            return Some(self.value(span));
        }
        let place = self.place(name)?;
        *next = place + 1;
        Some(self.value(&self.spans[place]))
    }

    /// Sets a field.
    pub fn push(&mut self, name: &str, value: &str) {
        if self.spans.capacity() == 0 {
            // The fields of most answers: one allocation each for text and spans instead of one for every doubling.
            self.arena.reserve(192);
            self.spans.reserve(8);
        }
        let start = self.mark();
        self.arena.push_str(name);
        let middle = self.mark();
        self.arena.push_str(value);
        self.close(start, middle);
    }

    /// Sets a field to a value's text, written straight into the arena.
    pub fn push_display(&mut self, name: &str, value: impl Display) {
        let start = self.mark();
        self.arena.push_str(name);
        let middle = self.mark();
        // A String takes whatever is written to it; only the value itself could refuse, and then its text ends there.
        let _ = write!(self.arena, "{value}");
        self.close(start, middle);
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.spans.iter().map(|span| (self.name(span), self.value(span)))
    }

    /// Makes an empty map be written as `{}` instead of being left out.
    pub fn set_present(&mut self) {
        self.present = true;
    }

    /// Whether the map is written at all: it has a field or was set present.
    pub fn is_present(&self) -> bool {
        self.present || !self.spans.is_empty()
    }

    /// Whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Bytes of all names and values.
    pub fn text_len(&self) -> usize {
        self.arena.len()
    }

    /// An empty map whose arena begins with `text`, for fields that lie in it: see [`close_over`](Self::close_over).
    pub(crate) fn over(text: &str) -> Fields {
        // What must be unescaped goes behind the text and is no longer than it.
        let mut fields = Fields::with_capacity(2 * text.len(), 16);
        fields.arena.push_str(text);
        fields
    }

    /// Where the next text will begin. With [`arena`](Self::arena) and [`close`](Self::close) this lets the header
    /// scanners unescape straight into the arena.
    #[inline]
    pub(crate) fn mark(&self) -> u32 {
        position(self.arena.len())
    }

    /// The text behind all fields, to append a name and then a value to.
    #[inline]
    pub(crate) fn arena(&mut self) -> &mut String {
        &mut self.arena
    }

    /// Drops text appended since `mark`.
    pub(crate) fn rewind(&mut self, mark: u32) {
        self.arena.truncate(mark as usize);
    }

    /// Makes the text appended since `start` a field: its name up to `middle`, its value from there.
    #[inline]
    pub(crate) fn close(&mut self, start: u32, middle: u32) {
        self.add(Span { name: (start, middle), value: (middle, self.mark()) });
    }

    /// Makes two stretches of the arena a field.
    #[inline]
    pub(crate) fn close_over(&mut self, name: Range<usize>, value: Range<usize>) {
        let stretch = |range: Range<usize>| (position(range.start), position(range.end));
        self.add(Span { name: stretch(name), value: stretch(value) });
    }

    #[inline]
    fn add(&mut self, span: Span) {
        let name = self.name(&span);
        let shape = shape_bit(name);
        match self.place(name) {
            Some(place) => self.spans[place] = span,
            None => self.spans.push(span),
        }
        self.shapes |= shape;
    }

    /// Which span has a name.
    #[inline]
    fn place(&self, name: &str) -> Option<usize> {
        if self.shapes & shape_bit(name) == 0 {
            return None;
        }
        self.spans.iter().position(|span| self.name(span) == name)
    }

    #[inline]
    fn name(&self, span: &Span) -> &str {
        &self.arena[span.name.0 as usize..span.name.1 as usize]
    }

    #[inline]
    fn value(&self, span: &Span) -> &str {
        &self.arena[span.value.0 as usize..span.value.1 as usize]
    }
}

/// A place in the arena.
#[inline]
fn position(at: usize) -> u32 {
    // Arenas come from headers of at most 1 MiB and from answers a broker builds; 4 GiB is out of reach.
    u32::try_from(at).expect("an arena of ext fields stays below 4 GiB")
}

/// Names of equal text have equal bits.
#[inline]
fn shape_bit(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let first = bytes.first().copied().unwrap_or(0);
    let last = bytes.last().copied().unwrap_or(0);
    let shape = u32::from(first) | u32::from(last) << 8 | (bytes.len() as u32) << 16;
    // The top six bits of a product with the golden ratio: names of one letter fall apart.
    1 << (shape.wrapping_mul(0x9e37_79b1) >> 26)
}

impl PartialEq for Fields {
    /// Equal names, values and order; room and replaced text do not count.
    fn eq(&self, other: &Self) -> bool {
        self.is_present() == other.is_present() && self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for Fields {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut fields = Fields::default();
        for (name, value) in pairs {
            fields.push(name.as_ref(), value.as_ref());
        }
        fields
    }
}

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

    #[test]
    fn a_later_value_replaces_the_earlier() {
        let mut fields = Fields::default();
        for (name, value) in [("a", "1"), ("b", "2"), ("a", "3")] {
            fields.push(name, value);
        }
        assert_eq!(fields.iter().collect::<Vec<_>>(), [("a", "3"), ("b", "2")]);
    }

    #[test]
    fn empty_and_absent_differ() {
        let mut fields = Fields::default();
        assert!(!fields.is_present());
        fields.set_present();
        assert!(fields.is_present());
        assert_ne!(fields, Fields::default());
    }
}
