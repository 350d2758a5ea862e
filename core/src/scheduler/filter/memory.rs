//! Free memory.

/// Whether `ask` bytes are free.
pub(in crate::scheduler) const fn passes(free: i64, ask: i64) -> bool {
    free >= ask
}
