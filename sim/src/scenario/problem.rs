//! What is wrong with a scenario or a trace: file, line, key, value and what was expected, on one line.

use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file as it was named, or `--set` for an override.
    pub file: String,
    /// Line, from 1; 0 if it has none.
    pub line: usize,
    /// Dotted key or column; empty if it is about the whole file.
    pub key: String,
    /// What is wrong and what was expected, lower case, without a final full stop.
    pub message: String,
}

impl Problem {
    /// A problem of a file as a whole.
    #[must_use]
    pub fn of_file(file: &str, message: impl Into<String>) -> Problem {
        Problem {
            file: file.to_owned(),
            line: 0,
            key: String::new(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    /// `file:line: key: message`, without the parts that are not known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for Problem {}
