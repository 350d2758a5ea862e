//! Bench of the noun `kernel`.

fn main() {}
