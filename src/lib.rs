//! Shells, backends and edges of Nimbus. Modules only; nothing is re-exported.

pub mod auth;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod http;
pub mod metrics;
pub mod replay;
pub mod runtime;
pub mod shell;
pub mod store;
pub mod system;
pub mod telemetry;
