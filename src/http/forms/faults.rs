//! All fields at fault at once: a client should not learn of them one by one.

use crate::http::problem::{Code, Problem};

/// Most faults that one answer names.
const MOST: usize = 50;

/// Fields at fault so far.
#[derive(Debug, Default)]
pub struct Faults(Option<Problem>);

impl Faults {
    /// None yet.
    #[must_use]
    pub fn new() -> Faults {
        Faults::default()
    }

    /// One more.
    pub fn add(&mut self, path: &str, code: &str, message: impl Into<String>) {
        let message = message.into();
        self.0 = Some(match self.0.take() {
            None => Problem::invalid(path, code, message),
            Some(problem) if problem.fields.len() < MOST => problem.field(path, code, message),
            Some(problem) => problem,
        });
    }

    /// One more, if something does not hold.
    pub fn unless(&mut self, holds: bool, path: &str, code: &str, message: &str) {
        if !holds {
            self.add(path, code, message);
        }
    }

    /// The value, or what is wrong with a field.
    pub fn take<T, E: ToString>(&mut self, path: &str, value: Result<T, E>) -> Option<T> {
        value
            .map_err(|error| self.add(path, "invalid", error.to_string()))
            .ok()
    }

    /// Takes over what another check found.
    pub fn join(&mut self, problem: Problem) {
        for field in problem.fields {
            self.add(&field.path, &field.code, field.message);
        }
    }

    /// 422 with all of them, if there are any.
    ///
    /// # Errors
    /// The problem.
    pub fn done(self) -> Result<(), Problem> {
        match self.0 {
            None => Ok(()),
            Some(mut problem) => {
                if problem.fields.len() > 1 {
                    let paths: Vec<&str> = problem.fields.iter().map(|f| &*f.path).collect();
                    problem.detail =
                        format!("{} fields are refused: {}", paths.len(), paths.join(", "));
                }
                debug_assert_eq!(problem.code, Code::Invalid);
                Err(problem)
            }
        }
    }
}
