//! What is durable: SQLite or PostgreSQL behind one type, one set of migrations.
//!
//! A group is written in one transaction ([`Commit`]), the leader's epoch checked in it. What is **not**
//! stored: messages between machines and timers (consequences), usage records (derived), reports of the
//! command line.
//!
//! All questions block: ask them on the blocking pool (`runtime::blocking`).

mod access;
mod audit;
mod billing;
mod commit;
mod facts;
mod handle;
mod lab;
mod page;
mod scheduler;
mod tenant;
mod workload;

pub use access::{ApiKeyRow, SigningKeyRow, Subject, UserRow};
pub use audit::{AuditEntry, AuditFilter, AuditVerdict, Broken};
pub use billing::InvoiceFilter;
pub use commit::{
    AuditRow, Commit, DecisionRow, EventRow, IdempotencyKey, IdempotencyRow, OperationRow,
    OutboxRow, ReplicaChange,
};
pub use facts::{
    Answer, DECISIONS_MAX, DeadLetterRow, DecisionFilter, DecisionKind, EVENTS_FOR_S, EventFilter,
    EventsSince, OperationFilter,
};
pub use handle::{Committed, Last, Migrate, OpenError, Store};
pub use lab::{LabFilter, PolicyFilter, PolicyRow, ReportRow, RunRow, ScenarioRow};
pub use page::{By, Found, LIMIT_MAX, Listed, Page, Position, Sort, Value, Visible};
pub use scheduler::{NodeFilter, NodeView};
pub use tenant::{OrgView, TenantFilter, TenantView};
pub use workload::{
    AppFilter, AppView, Phase, ReplicaView, ServiceFilter, ServiceLine, ServiceView,
};

/// The answer of a question whose table is not made yet.
fn pending<T>(asked: &[&dyn std::fmt::Debug]) -> Result<T, nimbus_core::store::StoreError> {
    let why = format!("not answered yet: {asked:?}");
    Err(nimbus_core::store::StoreError::Refused(why))
}
