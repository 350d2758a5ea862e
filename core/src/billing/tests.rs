//! Tests of the billing machine, by subject.

mod audit;
mod harness;
mod invoices;
mod metering;
mod proof;
mod restart;
