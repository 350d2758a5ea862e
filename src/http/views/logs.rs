//! A line of a replica as it is shown.

use serde::Serialize;
use utoipa::ToSchema;

use crate::cluster::sim::LogLine;

/// A line of a replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Line {
    /// When.
    #[schema(example = "2026-11-01T00:00:00Z")]
    pub time: String,
    /// Name of the replica.
    #[schema(example = "api-17")]
    pub replica: String,
    /// `stdout` for what the program says, `stderr` for what its node says.
    #[schema(example = "stdout")]
    pub stream: &'static str,
    /// The line.
    #[schema(example = "listening")]
    pub line: String,
}

impl Line {
    /// Shows a line of a service.
    #[must_use]
    pub fn of(line: &LogLine, deployment: &str) -> Line {
        Line {
            time: line.time.to_string(),
            replica: super::replica::name(deployment, line.replica),
            stream: line.stream.as_str(),
            line: line.line.clone(),
        }
    }
}
