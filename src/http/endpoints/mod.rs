//! One file per resource, named like its segment in the path. Each has its `routes()`.

pub mod auth;
pub mod keys;
pub mod problems;
pub mod version;
pub mod whoami;
