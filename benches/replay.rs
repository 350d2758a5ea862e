//! Bench of the noun `replay`.

fn main() {}
