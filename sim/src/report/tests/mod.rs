//! Tests of the report: what it says, that it says it the same way twice, and that no input breaks it.

mod arbitrary;
mod sample;

use super::*;
use sample::documents;

/// Writes what people look at, to a folder that `NIMBUS_REPORT_DIR` names at build time; else nothing.
#[test]
fn every_document_renders_in_every_format() {
    for (i, document) in documents().iter().enumerate() {
        for format in Format::ALL {
            let bytes = document.render(format, false);
            assert!(bytes.len() > 200 && bytes.ends_with('\n'), "{i} {format:?}");
            if let Some(folder) = option_env!("NIMBUS_REPORT_DIR") {
                std::fs::write(format!("{folder}/{i}.{}", format.as_str()), bytes).unwrap();
            }
        }
    }
}
