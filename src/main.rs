//! The `skylark` binary.

fn main() {}
