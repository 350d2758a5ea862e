//! Tests of the workload machine, driven by the conductor beside a tenant machine and a cluster that are
//! only played.

mod apps;
mod bench;
mod cluster;
mod deploys;
mod derived;
mod ends;
mod property;
mod rollouts;
mod runs;
