//! The simulated cluster: applies commands, emits events.
