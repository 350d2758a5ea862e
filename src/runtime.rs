//! Clock, process figures and signals: nowhere else.
