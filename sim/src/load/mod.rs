//! Load curves: requests per second over time.
