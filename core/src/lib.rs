//! The machines and decisions of Nimbus: no clock, no I/O, no async.
//!
//! Read in this order: [`machine`] (what a machine is), [`conductor`] (who orders them), [`cluster`] (the
//! boundary), then the nouns: [`tenant`], [`workload`], [`scheduler`], [`autoscaler`], [`billing`].
//! [`machines`] is all of them together, [`access`] who may ask them for what. Shared values: [`ids`], [`units`], [`time`], [`plan`], [`explain`]; machinery: [`digest`], [`rng`],
//! [`table`], [`store`].

pub mod access;
pub mod autoscaler;
pub mod billing;
pub mod cluster;
pub mod conductor;
pub mod digest;
pub mod explain;
pub mod ids;
pub mod machine;
pub mod machines;
pub mod plan;
pub mod rng;
pub mod scheduler;
pub mod store;
pub mod table;
pub mod tenant;
pub mod time;
pub mod units;
pub mod workload;
