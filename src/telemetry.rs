//! Logs: lines for people or JSON objects, on stderr, with the fields of their spans.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::{Format, Log};

/// Starts to write logs. Does nothing the second time.
///
/// # Errors
/// The filter cannot be read, in one sentence.
pub fn start(log: &Log) -> Result<(), String> {
    let filter = EnvFilter::try_new(&log.filter);
    let filter = filter.map_err(|error| format!("log.filter: {error}"))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_span_events(FmtSpan::NONE)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // a second start in one process (tests) keeps the first
    let _ = match log.format {
        Format::Text => lines.with_target(false).try_init(),
        Format::Json => lines.json().flatten_event(true).try_init(),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_cannot_be_read_is_refused_with_its_key() {
        let log = Log {
            filter: "nimbus=loud".to_owned(),
            format: Format::Text,
        };
        let error = start(&log).unwrap_err();
        assert!(error.starts_with("log.filter: "), "{error}");
    }
}
