//! One file per resource, named like its segment in the path. Each has its `routes()`.

pub mod actors;
pub mod apps;
pub mod audit;
pub mod auth;
pub mod billing;
pub mod config;
pub mod docs;
pub mod events;
pub mod health;
pub mod keys;
pub mod logs;
pub mod metrics;
pub mod nodes;
pub mod operations;
pub mod problems;
pub mod quota;
pub mod replicas;
pub mod revisions;
pub mod rollouts;
pub mod runs;
pub mod scenarios;
pub mod services;
pub mod tenants;
pub mod version;
pub mod whoami;
