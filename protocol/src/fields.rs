//! Ext fields: the string map of a header, and the typed structs read from it ([`HeaderFields`]).
//!
//! A header of thirteen fields costs two allocations, not twenty-six: names and values lie in one text arena.
//! **Invariant:** names are unique; a later value replaces the earlier one, as in Java's map.

use std::fmt::{self, Display, Write};
use std::ops::Range;

mod typed;

pub use typed::{FieldValue, HeaderFields, field};

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

#[cfg(test)]
mod tests {
    use super::*;

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
