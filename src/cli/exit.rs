//! Exit codes, and what a command says when it fails: one table, one line each.

use std::process::ExitCode;

use nimbus_sim::scenario::Problem;
use serde_json::{Value, json};

/// How a command ended. The meaning of a code never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done; for a diff: no difference.
    Done = 0,
    /// Failed; for a diff: differs.
    Failed = 1,
    /// Usage or invalid input.
    Invalid = 2,
    /// Not authenticated, or not allowed.
    Denied = 3,
    /// Not found.
    NotFound = 4,
    /// Conflict: state, version, quota, limit.
    Conflict = 5,
    /// A deadline passed, or the outcome is unknown.
    Unknown = 6,
    /// Unhealthy: `doctor`, or what `--wait` waited for ended in failure.
    Unhealthy = 7,
    /// An expectation or a compared limit was broken.
    Broken = 8,
    /// Not deterministic: hashes differ.
    NotDeterministic = 9,
    /// A diff that could not be made.
    DiffFailed = 10,
    /// Interrupted.
    Interrupted = 130,
}

impl Exit {
    /// Every code with its meaning, as the reference prints it.
    pub(crate) const TABLE: [(Exit, &'static str); 12] = [
        (Exit::Done, "done; for a diff: no difference"),
        (Exit::Failed, "failed; for a diff: differs"),
        (Exit::Invalid, "usage or invalid input"),
        (Exit::Denied, "not authenticated or not allowed"),
        (Exit::NotFound, "not found"),
        (
            Exit::Conflict,
            "conflict: something is there already, or its state, version, quota or a limit forbids it",
        ),
        (
            Exit::Unknown,
            "a deadline passed, or the answer was lost and the outcome is unknown",
        ),
        (
            Exit::Unhealthy,
            "unhealthy: `doctor` found a fault, or what `--wait` waited for failed",
        ),
        (
            Exit::Broken,
            "an expectation or a compared limit was broken, or a golden report differs",
        ),
        (
            Exit::NotDeterministic,
            "not deterministic: two runs of the same input differ",
        ),
        (
            Exit::DiffFailed,
            "general failure in a diff, where 1 means \"differs\"",
        ),
        (
            Exit::Interrupted,
            "interrupted; a report that was left says that it is partial",
        ),
    ];
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// What went wrong: the code is stable and has a page in `docs/problems/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// The command line cannot be understood.
    Usage,
    /// A file says something that it may not say.
    Invalid,
    /// A file cannot be read or written.
    File,
    /// Something is there already.
    AlreadyExists,
    /// A run broke off: an invariant or a limit of the simulation.
    Fault,
    /// What was expected did not come.
    ExpectationBroken,
    /// Two runs of one input differ.
    NotDeterministic,
    /// Two files differ.
    Differs,
    /// No server answers.
    Unreachable,
    /// The answer was lost: it may have been done.
    OutcomeUnknown,
    /// What was waited for did not come in time.
    WaitTimeout,
    /// No such thing, as far as the caller may see.
    NotFound,
    /// No credential, or one that is not taken.
    Unauthenticated,
    /// A fault was found, or what was waited for failed.
    Unhealthy,
    /// What answered is no server of this kind.
    BadAnswer,
}

impl Code {
    /// Every code, as documents list it.
    #[cfg(test)]
    pub(crate) const ALL: [Code; 15] = [
        Code::Usage,
        Code::Invalid,
        Code::File,
        Code::AlreadyExists,
        Code::Fault,
        Code::ExpectationBroken,
        Code::NotDeterministic,
        Code::Differs,
        Code::Unreachable,
        Code::OutcomeUnknown,
        Code::WaitTimeout,
        Code::NotFound,
        Code::Unauthenticated,
        Code::Unhealthy,
        Code::BadAnswer,
    ];

    const fn row(self) -> (&'static str, &'static str, Exit) {
        match self {
            Code::Usage => ("usage", "Usage", Exit::Invalid),
            Code::Invalid => ("invalid", "Invalid input", Exit::Invalid),
            Code::File => ("file", "File cannot be used", Exit::Invalid),
            Code::AlreadyExists => ("already_exists", "Already exists", Exit::Conflict),
            Code::Fault => ("fault", "Run broke off", Exit::Failed),
            Code::ExpectationBroken => ("expectation_broken", "Expectation broken", Exit::Broken),
            Code::NotDeterministic => (
                "not_deterministic",
                "Not deterministic",
                Exit::NotDeterministic,
            ),
            Code::Differs => ("differs", "Differs", Exit::Failed),
            Code::Unreachable => ("unreachable", "No server answers", Exit::Failed),
            Code::OutcomeUnknown => ("outcome_unknown", "Outcome unknown", Exit::Unknown),
            Code::WaitTimeout => ("wait_timeout", "Not ready in time", Exit::Unknown),
            Code::NotFound => ("not_found", "Not found", Exit::NotFound),
            Code::Unauthenticated => ("unauthenticated", "Not authenticated", Exit::Denied),
            Code::Unhealthy => ("unhealthy", "Unhealthy", Exit::Unhealthy),
            Code::BadAnswer => ("bad_answer", "Answer not understood", Exit::Failed),
        }
    }

    /// Its name in JSON.
    pub(crate) const fn name(self) -> &'static str {
        self.row().0
    }

    const fn title(self) -> &'static str {
        self.row().1
    }

    const fn exit(self) -> Exit {
        self.row().2
    }
}

/// A command that did not end well: one code, one line for each thing that is wrong.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    code: Code,
    exit: Exit,
    lines: Vec<Line>,
    problem: Option<Value>,
}

#[derive(Clone, Debug)]
struct Line {
    at: Option<Problem>,
    text: String,
}

impl Failure {
    /// One line.
    pub(crate) fn new(code: Code, text: impl Into<String>) -> Failure {
        let line = Line {
            at: None,
            text: text.into(),
        };
        Failure {
            code,
            exit: code.exit(),
            lines: vec![line],
            problem: None,
        }
    }

    /// Several lines.
    pub(crate) fn lines(code: Code, texts: Vec<String>) -> Failure {
        let lines = texts
            .into_iter()
            .map(|text| Line { at: None, text })
            .collect();
        Failure {
            code,
            exit: code.exit(),
            lines,
            problem: None,
        }
    }

    /// What a server answered: its problem object stays as it is.
    pub(crate) fn answered(problem: Value, exit: Exit, texts: Vec<String>) -> Failure {
        let mut failure = Failure::lines(Code::BadAnswer, texts);
        failure.exit = exit;
        failure.problem = Some(problem);
        failure
    }

    /// The same failure with one more line.
    pub(crate) fn and(mut self, text: impl Into<String>) -> Failure {
        self.lines.push(Line {
            at: None,
            text: text.into(),
        });
        self
    }

    /// Everything that is wrong with a file, a line each.
    pub(crate) fn problems(problems: Vec<Problem>) -> Failure {
        let line = |problem: Problem| Line {
            text: problem.to_string(),
            at: Some(problem),
        };
        let lines = problems.into_iter().map(line).collect();
        Failure {
            code: Code::Invalid,
            exit: Exit::Invalid,
            lines,
            problem: None,
        }
    }

    /// A file that cannot be read or written.
    pub(crate) fn file(path: &std::path::Path, error: &std::io::Error) -> Failure {
        let what = match error.kind() {
            std::io::ErrorKind::NotFound => "no such file".to_owned(),
            std::io::ErrorKind::InvalidData => "is not UTF-8 text".to_owned(),
            _ => error.to_string().to_lowercase(),
        };
        Failure::new(Code::File, format!("{}: {what}", path.display()))
    }

    /// The same failure with another exit code.
    pub(crate) fn exiting(mut self, exit: Exit) -> Failure {
        self.exit = exit;
        self
    }

    /// Its exit code.
    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }

    /// One line for each thing that is wrong.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|line| line.text.as_str())
    }

    /// The problem object.
    pub(crate) fn to_json(&self) -> Value {
        if let Some(problem) = &self.problem {
            let mut problem = problem.clone();
            problem["exit"] = Value::from(self.exit as u8);
            return problem;
        }
        let fields: Vec<Value> = self
            .lines
            .iter()
            .filter_map(|line| line.at.as_ref())
            .map(field)
            .collect();
        let details: Vec<&str> = self.texts().collect();
        let mut object = json!({
            "type": format!("/problems/{}", self.code.name().replace('_', "-")),
            "title": self.code.title(),
            "code": self.code.name(),
            "detail": details.join("; "),
            "exit": self.exit as u8,
        });
        if !fields.is_empty() {
            object["fields"] = Value::Array(fields);
        }
        object
    }
}

fn field(problem: &Problem) -> Value {
    json!({
        "path": problem.key,
        "file": problem.file,
        "line": problem.line,
        "message": problem.message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_page() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/problems");
        for code in Code::ALL {
            let page = format!("{folder}/{}.md", code.name().replace('_', "-"));
            assert!(std::path::Path::new(&page).exists(), "{page}");
        }
    }

    #[test]
    fn the_table_names_each_exit_once_and_in_order() {
        assert!(Exit::TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
