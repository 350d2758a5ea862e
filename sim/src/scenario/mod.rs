//! Scenario files: schema, validation, defaults.
