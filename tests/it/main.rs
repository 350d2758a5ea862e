//! The one integration-test binary: rules over the tree, the command line, documents and scenarios.
#![allow(clippy::unwrap_used, reason = "tests")]

mod autoscaler;
mod cli;
mod documents;
mod generated;
mod replay;
mod scenarios;
mod tidy;
