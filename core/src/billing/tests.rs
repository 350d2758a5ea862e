//! Tests of the billing machine, by subject.

mod audit;
mod harness;

mod metering;
mod restart;
