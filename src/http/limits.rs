//! Every limit of the edge; set in the configuration.

pub use crate::config::Limits;
