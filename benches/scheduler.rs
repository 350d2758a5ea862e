//! Bench of the noun `scheduler`.

fn main() {}
