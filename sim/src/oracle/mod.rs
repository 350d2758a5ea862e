//! Invariants, checked against an independent ledger.
