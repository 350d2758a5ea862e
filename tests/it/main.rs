//! The one integration-test binary: rules over the tree, the command line, documents and scenarios.
#![allow(clippy::unwrap_used, reason = "tests")]

mod autoscaler;
mod cli;
mod client;
mod dev;
mod documents;
mod generated;
mod guides;
mod harness;
mod http_services;
mod http_tenants;
mod journal;
mod kill;
#[allow(dead_code, reason = "the store's own tests use more of it")]
mod postgres;
mod replay;
mod scenarios;
mod serve;
mod shadow;
mod simulate;
mod store;
mod sync;
mod tidy;
