//! Tests of tokens, keys and whoever reads them.

mod small;
mod tokens;
