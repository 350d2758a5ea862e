//! What the reading of one scenario carries along: its file, its overrides, and what is wrong so far.

use super::Override;
use super::limits;
use super::problem::Problem;
use super::tree::Place;

/// Collects problems.
pub(super) struct Ctx<'a> {
    pub(super) file: &'a str,
    pub(super) overrides: &'a [Override],
    found: Vec<(Place, String, String)>,
}

impl<'a> Ctx<'a> {
    pub(super) fn new(file: &'a str, overrides: &'a [Override]) -> Ctx<'a> {
        Ctx {
            file,
            overrides,
            found: Vec::new(),
        }
    }

    pub(super) fn problem(
        &mut self,
        place: Place,
        key: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.found.push((place, key.into(), message.into()));
    }

    /// How many problems there are so far.
    pub(super) fn count(&self) -> usize {
        self.found.len()
    }

    /// All problems in order of place.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        self.found.sort_by_key(|(place, _, _)| *place);
        self.found.dedup(); // an override of several entries is wrong once
        let left = self.found.len().saturating_sub(limits::PROBLEMS_MAX);
        self.found.truncate(limits::PROBLEMS_MAX);
        let mut problems: Vec<Problem> = self
            .found
            .into_iter()
            .map(|(place, key, message)| {
                let (file, line) = match place {
                    Place::Line(line) => (self.file.to_owned(), line),
                    Place::Preset => (self.file.to_owned(), 0),
                    Place::Set(index) => (shown(self.overrides, index), 0),
                };
                Problem {
                    file,
                    line,
                    key,
                    message,
                }
            })
            .collect();
        if left > 0 {
            problems.push(Problem::of_file(
                self.file,
                format!("and {left} more problems"),
            ));
        }
        problems
    }
}

fn shown(overrides: &[Override], index: usize) -> String {
    overrides.get(index).map_or_else(
        || "--set".to_owned(),
        |set| {
            format!(
                "--set {}={}",
                set.key,
                set.value.chars().take(60).collect::<String>()
            )
        },
    )
}

/// Words that are looked at for the nearest: a file may hold ten thousand names, each wrong.
const NEAREST_OF: usize = 500;

/// The nearest of some words to a wrong one, if it is near: its beginning, or at most a third is wrong.
pub(super) fn nearest<'w>(wrong: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    words
        .take(NEAREST_OF)
        .map(|word| {
            let begins = wrong.len() > 1 && word.starts_with(wrong);
            (if begins { 0 } else { distance(wrong, word) }, word)
        })
        .min()
        .filter(|(edits, word)| *edits <= wrong.len().max(word.len()).div_ceil(3))
        .map(|(_, word)| word)
}

/// Edits of single bytes, Levenshtein 1966; texts longer than 60 bytes are infinitely far.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 60 || b.len() > 60 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let best = (diagonal + usize::from(x != y))
                .min(row[j] + 1)
                .min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = best;
        }
    }
    row[b.len()]
}
