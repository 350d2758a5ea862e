//! Reports: one model, five formats.
