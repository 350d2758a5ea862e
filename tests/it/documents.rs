//! The commands that documents show are run, in a folder with a copy of the scenarios.
//!
//! In Markdown a block opened by ```` ```sh ```` holds commands, one a line. `# exit N` at the end of a line
//! says how it ends, if not with 0. A block opened by ```` ```sh slow ```` is run by CI with the release binary.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli;

/// Documents with commands.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guides = fs::read_dir(root.join("docs/guides")).unwrap();
    let mut paths: Vec<PathBuf> = guides.map(|entry| entry.unwrap().path()).collect();
    paths.push(root.join("docs/performance.md"));
    paths.push(root.join("README.md"));
    paths.retain(|path| path.exists());
    paths.sort();
    paths
}

/// Command lines of the blocks opened by `fence`, with their line numbers.
fn commands(text: &str, fence: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut inside = false;
    for (at, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            inside = !inside && line == fence;
        } else if inside && !line.trim().is_empty() {
            found.push((at + 1, line.to_owned()));
        }
    }
    found
}

/// Words of a command line, with quotes as a shell reads them, and the exit code it should end with.
fn words(line: &str) -> (Vec<String>, i32) {
    let (line, code) = line.split_once(" # exit ").unwrap_or((line, "0"));
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in line.chars().chain([' ']) {
        match quote {
            Some(q) if c == q => quote = None,
            Some(_) => word.push(c),
            None if c == '\'' || c == '"' => quote = Some(c),
            None if c == ' ' => words.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
            None => word.push(c),
        }
    }
    (words, code.trim().parse().unwrap())
}

/// The arguments of `nimbus`, or nothing for a command that is run elsewhere.
fn arguments(words: &[String]) -> Option<&[String]> {
    let first: Vec<&str> = words.iter().map(String::as_str).take(4).collect();
    match first.as_slice() {
        ["nimbus", ..] => Some(&words[1..]),
        ["cargo", "run", "--release", "--"] => Some(&words[4..]),
        ["cargo", "test", "--workspace"] => None,
        ["just", recipe, ..] => {
            let file =
                fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("justfile")).unwrap();
            let known = file
                .lines()
                .any(|line| line.split([' ', ':']).next() == Some(recipe));
            assert!(known, "no recipe {recipe}");
            None
        }
        other => panic!("a document shows {other:?}, which nothing runs"),
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Runs the commands of every document, each document in a folder of its own.
fn run_all(fence: &str, binary: &Path) -> usize {
    let mut count = 0;
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        let lines = commands(&text, fence);
        if lines.is_empty() {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        copy(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"),
            &folder.path().join("scenarios"),
        );
        for (at, line) in lines {
            let (words, code) = words(&line);
            let Some(args) = arguments(&words) else {
                continue;
            };
            let output = Command::new(binary)
                .current_dir(folder.path())
                .args(args)
                .output()
                .unwrap();
            let place = format!("{}:{at}: {line}", path.display());
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(code), "{place}\n{said}");
            count += 1;
        }
    }
    count
}

#[test]
fn commands_of_documents_run() {
    let count = run_all("```sh", Path::new(env!("CARGO_BIN_EXE_nimbus")));
    assert!(count > 20, "only {count} commands were found");
}

#[test]
#[ignore = "takes minutes in a debug build; CI runs it with the release binary in NIMBUS_BIN"]
fn slow_commands_of_documents_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let binary = std::env::var("NIMBUS_BIN").unwrap_or_else(|_| "target/release/nimbus".to_owned());
    assert!(run_all("```sh slow", &root.join(binary)) > 0);
}

#[test]
fn the_scenario_of_the_guide_is_right() {
    let guide = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/docs/guides/write-a-scenario.md"
    );
    let text = fs::read_to_string(guide).unwrap();
    let block = text
        .split("```toml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("my-shop.toml"), block).unwrap();
    let output = cli::nimbus(folder.path(), &["replay", "my-shop.toml"]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn quotes_and_exit_codes_are_read() {
    let (found, code) = words("nimbus replay a --limit 'cost <= +2%' # exit 8");
    assert_eq!(
        (found.len(), found[4].as_str(), code),
        (5, "cost <= +2%", 8)
    );
    assert_eq!(
        commands("```sh\na\n```\nb\n```sh slow\nc\n```\n", "```sh"),
        [(2, "a".to_owned())]
    );
}
