//! Sweeps: many runs of one scenario over a grid of parameters.
