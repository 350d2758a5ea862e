//! Reports: one model, five formats.
//!
//! Guarantees: equal documents give equal bytes in every format, and what may differ between two runs
//! stands under `run` in JSON and nowhere else. No number in JSON is a float. A text that a tenant chose
//! is escaped wherever it goes; the HTML names no network address and needs no script.
//! Never: decides, measures, reads a clock.

mod axis;
mod cell;
mod compare;
mod csv;
mod document;
pub mod explain;
mod figures;
pub mod format;
mod html;
mod invoice;
mod json;
mod markdown;
mod measure;
mod model;
mod page;
mod plot;
mod sample;
mod scatter;
mod sweep;
mod text;
mod view;

pub use compare::{BadLimit, Limit};
pub use document::{BadReport, Format};
pub use model::*;

#[cfg(test)]
mod tests;
