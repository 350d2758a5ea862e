//! Readers of recorded history, one file per format.
