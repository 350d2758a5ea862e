//! One file a group of sections: table → typed values, defaults filled in.

pub(super) mod action;
pub(super) mod cluster;
pub(super) mod expect;
pub(super) mod head;
pub(super) mod load;
pub(super) mod rules;
pub(super) mod tenancy;
pub(super) mod workload;
