//! Lists of what a rule lets through. A row that is no longer needed fails the rule.

/// Rows of (path prefix, reason).
pub(super) struct Exemptions<'a> {
    rows: Vec<(&'a str, &'a str, bool)>,
}

impl<'a> Exemptions<'a> {
    pub(super) fn new(rows: &[(&'a str, &'a str)]) -> Self {
        Self {
            rows: rows.iter().map(|&(path, why)| (path, why, false)).collect(),
        }
    }

    /// Whether a row covers this path; remembers that the row was needed.
    pub(super) fn covers(&mut self, path: &str) -> bool {
        let row = self.rows.iter_mut().find(|row| path.starts_with(row.0));
        row.is_some_and(|row| {
            row.2 = true;
            true
        })
    }

    /// Rows that covered nothing.
    pub(super) fn unused(&self) -> Vec<String> {
        let unused = self.rows.iter().filter(|row| !row.2);
        unused
            .map(|row| format!("{}: exemption ({}) is no longer needed", row.0, row.1))
            .collect()
    }
}

#[test]
fn a_row_that_covers_nothing_is_reported() {
    let mut rows = Exemptions::new(&[("a/", "old"), ("b/", "older")]);
    assert!(rows.covers("a/x.rs") && !rows.covers("c/x.rs"));
    assert_eq!(rows.unused(), ["b/: exemption (older) is no longer needed"]);
}
