//! The conductor with faults on all sides.
