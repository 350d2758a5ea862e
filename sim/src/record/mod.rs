//! What a run measures: histograms, series, counters.
