//! A deterministic world for the machines of Nimbus to decide in. Synchronous; contains no policy.
//!
//! [`scenario`] says what is there and what happens, [`trace`] and [`load`] bring the demand, [`world`]
//! plays the cluster, [`driver`] runs the machines over it, [`oracle`] checks the invariants, [`record`]
//! keeps what is measured, [`report`] shows it, [`sweep`] and [`size`] run many.

pub mod driver;
pub mod load;
pub mod oracle;
pub mod record;
pub mod report;
pub mod run;
pub mod scenario;
pub mod size;
pub mod store;
pub mod sweep;
pub mod trace;
pub mod world;
