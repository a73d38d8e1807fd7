//! The marks of JSON as fastjson reads and writes it, shared by headers and bodies.
//!
//! Reading is lenient where fastjson is: unquoted keys, single quotes, comments, extra commas. Nothing here builds a tree.
//! **Invariant:** reading recurses at most [`DEPTH_MAX`] deep and reserves nothing by what the text claims.

mod scan;
mod write;
mod marks;

pub(crate) use scan::Scanner;
pub(crate) use write::{Decimal, put_int, put_string};

/// How deep objects and arrays may nest.
pub(crate) const DEPTH_MAX: usize = 128;
