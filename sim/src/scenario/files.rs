//! Files that a scenario names: found beside it, and hashed.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use nimbus_core::digest;

use super::limits::TRACE_BYTES_MAX;
use super::source::TraceFile;

/// Finds and hashes a file that a scenario names.
///
/// # Errors
/// Why it cannot be read, to stand behind its path.
pub(super) fn open(scenario_file: &str, path: &str) -> Result<TraceFile, String> {
    let found = match Path::new(scenario_file).parent() {
        Some(folder) => folder.join(path),
        None => path.into(),
    };
    let shown = found.display();
    let meta = std::fs::metadata(&found).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            format!("there is no file {shown}: expected a path relative to the scenario's folder")
        }
        _ => format!("{shown}: {error}"),
    })?;
    if !meta.is_file() {
        return Err(format!("{shown} is not a file"));
    }
    if meta.len() > TRACE_BYTES_MAX {
        return Err(format!(
            "{} bytes: expected at most {TRACE_BYTES_MAX}",
            meta.len()
        ));
    }
    let mut bytes = Vec::new();
    File::open(&found)
        .and_then(|file| file.take(TRACE_BYTES_MAX).read_to_end(&mut bytes))
        .map_err(|error| format!("{shown}: {error}"))?;
    Ok(TraceFile {
        path: Arc::from(path),
        sha256: digest::sha256(&bytes),
        found,
    })
}
