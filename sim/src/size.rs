//! Sizing: the smallest count of each pool that meets the objective.
