//! Who gets in, and what everybody sees: tokens, keys, tickets, and every operation of the document for every
//! kind of caller.

mod matrix;
mod town;
mod ways;
