//! The one integration-test binary: rules over the tree, the command line, documents and scenarios.
#![allow(clippy::unwrap_used, reason = "tests")]

mod autoscaler;
mod cli;
mod client;
mod documents;
mod generated;
mod harness;
mod http_services;
mod http_tenants;
mod journal;
mod replay;
mod scenarios;
mod shadow;
mod simulate;
mod tidy;
