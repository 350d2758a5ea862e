//! Free cpu.

/// Whether `ask` millicores are free. A node that holds more than it offers has less than nothing free.
pub(in crate::scheduler) const fn passes(free: i64, ask: i64) -> bool {
    free >= ask
}
