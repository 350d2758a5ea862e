//! What is durable: SQLite or PostgreSQL behind one type, one set of migrations.
//!
//! A group is written in one transaction ([`Commit`]), the leader's epoch checked in it. What is **not**
//! stored: messages between machines and timers (consequences), usage records (derived), reports.

mod commit;

pub use commit::{
    AuditRow, Commit, DecisionRow, EventRow, IdempotencyKey, IdempotencyRow, OperationRow,
    OutboxRow, ReplicaChange,
};
