//! Free pod slots.

/// Whether `ask` slots are free.
pub(in crate::scheduler) const fn passes(free: i64, ask: i64) -> bool {
    free >= ask
}
