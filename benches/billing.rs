//! Bench of the noun `billing`.

fn main() {}
