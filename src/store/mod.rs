//! What is durable: SQLite or PostgreSQL behind one type, one set of migrations.
//!
//! A group is written in one transaction ([`Commit`]), the leader's epoch checked in it. What is **not**
//! stored: messages between machines and timers (consequences), usage records (derived), reports of the
//! command line.
//!
//! All questions block: ask them on the blocking pool (`runtime::blocking`).

mod access;
mod answer;
mod audit;
mod batch;
mod billing;
mod catalogue;
mod commit;
mod conn;
mod facts;
mod fault;
mod group;
mod handle;
mod keyset;
mod lab;
mod migrate;
mod number;
mod page;
mod record;
mod replica;
mod restore;
mod rollout;
mod rows;
mod scheduler;
mod schema;
mod status;
mod tables;
mod tenant;
mod token;
mod transfer;
mod workload;

pub use access::{ApiKeyRow, Subject, UserRow};
pub use answer::Answer;
pub use audit::{AuditEntry, AuditFilter, AuditVerdict, Broken};
pub use billing::InvoiceFilter;
pub use commit::{
    AuditRow, Commit, DecisionRow, EventRow, IdempotencyKey, IdempotencyRow, OperationRow,
    OutboxRow, ReplicaChange,
};
pub use facts::{
    DECISIONS_MAX, DeadLetterRow, DecisionFilter, DecisionKind, EVENTS_FOR_S, EventFilter,
    EventsSince, OperationFilter,
};
pub use group::{Committed, Last};
pub use handle::Store;
pub use lab::{LabFilter, PolicyFilter, PolicyRow, ReportRow, RunRow, ScenarioRow};
pub use migrate::{Migrate, OpenError, Schema, Step};
pub use page::{By, Found, LIMIT_MAX, Listed, Page, Position, Sort, Value, Visible};
pub use restore::Snapshot;
pub use rollout::{Phase, ReplicaView};
pub use scheduler::{NodeFilter, NodeView};
pub use tenant::{OrgView, TenantFilter, TenantView};
pub use token::SigningKeyRow;
pub use transfer::{TransferError, Transferred};
pub use workload::{AppFilter, AppView, ServiceFilter, ServiceLine, ServiceView};

#[cfg(test)]
mod bed;
#[cfg(test)]
mod conformance;
#[cfg(test)]
#[allow(dead_code, reason = "integration tests use more of it")]
#[path = "../../tests/it/postgres.rs"]
mod postgres;
#[cfg(test)]
mod tests;
