//! Rules over the text of one Rust file.

use super::imports::NOUNS;
use super::scan;
use super::tree::Tree;

/// Longest file, tests left out.
const LINES_MAX: usize = 600;

/// Refused code: (text, paths that may hold it, why).
const REFUSED: &[(&str, &[&str], &str)] = &[
    ("Validation::default(", &[], "lax defaults"),
    ("Client::try_from(", &[], "retries writes"),
    (
        "catch_unwind(",
        &["src/shell/", "tests/", "sim/src/"],
        "a panic is caught in one place",
    ),
    ("todo!", &[], "finish it or open an issue"),
    ("unimplemented!", &[], "finish it or open an issue"),
    ("dbg!", &[], "left over"),
    (
        "println!",
        &["src/cli/", "src/main.rs", "benches/"],
        "only the command line prints",
    ),
    (
        "print!(",
        &["src/cli/", "src/main.rs", "benches/"],
        "only the command line prints",
    ),
];

/// Notes that belong into an issue.
const NOTES: [&str; 4] = ["TODO", "FIXME", "XXX", "HACK"];

/// File names that collect what belongs elsewhere.
const NAMES: [&str; 6] = [
    "service.rs",
    "utils.rs",
    "util.rs",
    "manager.rs",
    "common.rs",
    "helpers.rs",
];

/// Files that are too long. Tests do not count: `tests.rs`, `tests/`, and an inline module at the end.
pub(super) fn length(path: &str, text: &str) -> Vec<String> {
    if path.starts_with("tests/") || path.ends_with("/tests.rs") || path.contains("/tests/") {
        return Vec::new();
    }
    let lines = text
        .lines()
        .take_while(|line| !line.starts_with("mod tests {"))
        .count();
    let long = lines > LINES_MAX;
    long.then(|| format!("{path}: {lines} lines, at most {LINES_MAX}"))
        .into_iter()
        .collect()
}

/// Files whose first line says nothing about them.
pub(super) fn opens_with_paragraph(path: &str, text: &str) -> Vec<String> {
    let opens = text.starts_with("//! ");
    (!opens)
        .then(|| format!("{path}:1: must open with //!"))
        .into_iter()
        .collect()
}

/// Texts and names that are refused on sight.
pub(super) fn refused(path: &str, text: &str) -> Vec<String> {
    let code = scan::code(text);
    let mut found = Vec::new();
    for (at, line) in code.lines().enumerate() {
        let here = |what: &str| format!("{path}:{}: {what}", at + 1);
        for &(refused, homes, why) in REFUSED {
            let home = homes.iter().any(|home| path.starts_with(home));
            if !home && line.contains(refused) {
                found.push(here(&format!("{refused} ({why})")));
            }
        }
        if line.contains("select!")
            && !code
                .lines()
                .nth(at + 1)
                .is_some_and(|next| next.contains("biased;"))
        {
            found.push(here("select without biased picks a random branch"));
        }
    }
    if !path.starts_with("tests/it/tidy/") {
        found.extend(notes(path, text));
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    if NAMES.contains(&name) {
        found.push(format!("{path}: name it after what it holds"));
    }
    found
}

fn notes(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().enumerate();
    let hits = lines.filter(|(_, line)| {
        let mut words = line.split(|c: char| !c.is_alphanumeric());
        words.any(|word| NOTES.contains(&word))
    });
    hits.map(|(at, _)| format!("{path}:{}: open an issue instead", at + 1))
        .collect()
}

/// What stands right before the text of a message.
const MESSAGES: [&str; 14] = [
    "#[error(",
    "anyhow!(",
    "bail!(",
    "ensure!(",
    ".context(",
    ".expect(",
    "info!(",
    "warn!(",
    "error!(",
    "debug!(",
    ".expect_err(",
    "panic!(",
    "unreachable!(",
    ".with_context(|| format!(",
];

/// Error and log texts that start large or end with a full stop.
pub(super) fn messages(path: &str, text: &str) -> Vec<String> {
    if path.starts_with("tests/") {
        return Vec::new();
    }
    let messages = scan::literals(text).into_iter().filter(|literal| {
        let before = literal.before.trim_end();
        MESSAGES.iter().any(|start| before.ends_with(start))
    });
    let wrong = messages.filter(|message| shouts(&message.text) || message.text.ends_with('.'));
    wrong
        .map(|message| format!("{path}:{}: \"{}\"", message.line, message.text))
        .collect()
}

/// A capital at the start, unless the word is an acronym, a row id or a place for a value.
fn shouts(text: &str) -> bool {
    let word = text
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default();
    let mut chars = word.chars();
    chars.next().is_some_and(char::is_uppercase) && chars.next().is_some_and(char::is_lowercase)
}

/// Nouns that decide on placement or money without refusing floats.
pub(super) fn floats_denied(tree: &Tree) -> Vec<String> {
    let nouns = NOUNS
        .iter()
        .filter(|noun| ["billing", "scheduler", "autoscaler"].contains(*noun));
    let paths = nouns.map(|noun| format!("core/src/{noun}/mod.rs"));
    paths
        .flat_map(|path| float_denied(&path, tree.text(&path)))
        .collect()
}

fn float_denied(path: &str, text: &str) -> Vec<String> {
    let denies = scan::code(text).contains("#![deny(clippy::float_arithmetic)]");
    (!denies)
        .then(|| format!("{path}: must deny clippy::float_arithmetic"))
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found() {
        let long = "x\n".repeat(LINES_MAX + 1);
        assert_eq!(length("core/src/a.rs", &long).len(), 1);
        assert!(length("core/src/a/tests.rs", &long).is_empty());
        let tested = format!("{}mod tests {{\n{long}}}\n", "x\n".repeat(LINES_MAX));
        assert!(length("core/src/a.rs", &tested).is_empty());
    }

    #[test]
    fn a_file_without_its_paragraph_is_found() {
        assert_eq!(opens_with_paragraph("a.rs", "use std::fmt;\n").len(), 1);
    }

    #[test]
    fn each_refused_text_is_found() {
        for (text, _, _) in REFUSED {
            let found = refused("core/src/a.rs", &format!("fn f() {{ {text} }}"));
            assert!(!found.is_empty(), "{text}");
        }
        for note in NOTES {
            assert_eq!(
                refused("core/src/a.rs", &format!("// {note}: later")).len(),
                1
            );
        }
        assert_eq!(refused("core/src/a.rs", "select! {\n  a => b,\n}").len(), 1);
        assert_eq!(refused("core/src/utils.rs", "").len(), 1);
        assert!(refused("core/src/a.rs", "// println!(x)\nlet a = \"dbg!\";").is_empty());
    }

    #[test]
    fn a_loud_message_is_found() {
        for text in [
            "#[error(\"No such node\")]",
            ".expect(\"it is there.\")",
            "bail!(\n  \"Gone\")",
        ] {
            assert_eq!(messages("core/src/a.rs", text).len(), 1, "{text}");
        }
        for text in [
            "#[error(\"CPU is short\")]",
            "x.expect(\"{a} is there\")",
            "f(\"A.\")",
        ] {
            assert!(messages("core/src/a.rs", text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_noun_that_allows_floats_is_found() {
        assert_eq!(
            float_denied("core/src/billing/mod.rs", "//! Bills.\n").len(),
            1
        );
    }
}
