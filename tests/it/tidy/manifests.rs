//! Rules over the manifests.

use super::tree::Tree;

/// What core and sim may depend on. A new entry needs an ADR.
const CLOSED: &[(&str, &[&str])] = &[
    (
        "core/Cargo.toml",
        &[
            "serde",
            "thiserror",
            "rand",
            "rand_chacha",
            "sha2",
            "xxhash-rust",
            "jiff",
        ],
    ),
    (
        "sim/Cargo.toml",
        &[
            "nimbus-core",
            "serde",
            "serde_json",
            "thiserror",
            "rand",
            "sha2",
            "hdrhistogram",
            "toml",
            "schemars",
            "csv",
            "flate2",
            "askama",
            "libm",
        ],
    ),
];

/// Dependencies that differ from the closed lists.
pub(super) fn closed_lists(tree: &Tree) -> Vec<String> {
    let lists = CLOSED.iter();
    lists
        .flat_map(|(path, list)| closed_list(path, tree.text(path), list))
        .collect()
}

fn closed_list(path: &str, text: &str, list: &[&str]) -> Vec<String> {
    let manifest: toml::Table = text.parse().unwrap();
    let none = toml::Table::new();
    let table = manifest
        .get("dependencies")
        .and_then(toml::Value::as_table)
        .unwrap_or(&none);
    let extra = table.keys().filter(|name| !list.contains(&name.as_str()));
    let gone = list.iter().filter(|name| !table.contains_key(**name));
    let extra = extra.map(|name| format!("{path}: {name} is not in the closed list"));
    let gone = gone.map(|name| format!("{path}: {name} is in the closed list, but not used"));
    let other = ["build-dependencies", "target"]
        .into_iter()
        .filter(|key| manifest.contains_key(*key));
    let other = other.map(|key| format!("{path}: [{key}] escapes the closed list"));
    extra.chain(gone).chain(other).collect()
}

/// Packages without the lints of the workspace.
pub(super) fn lints(tree: &Tree) -> Vec<String> {
    let manifests = tree
        .files
        .iter()
        .filter(|file| file.path.ends_with("Cargo.toml"));
    manifests
        .flat_map(|file| lint(&file.path, &file.text))
        .collect()
}

fn lint(path: &str, text: &str) -> Vec<String> {
    let manifest: toml::Table = text.parse().unwrap();
    let inherits = manifest
        .get("lints")
        .and_then(|lints| lints.get("workspace"));
    if inherits == Some(&toml::Value::Boolean(true)) {
        return Vec::new();
    }
    vec![format!("{path}: [lints] workspace = true is missing")]
}

#[test]
fn an_unlisted_dependency_is_found() {
    let text = "[dependencies]\nserde = \"1\"\ntokio = \"1\"\n[build-dependencies]\ncc = \"1\"\n";
    assert_eq!(
        closed_list("core/Cargo.toml", text, &["serde", "jiff"]).len(),
        3
    );
}

#[test]
fn a_member_without_the_lints_is_found() {
    assert_eq!(
        lint("core/Cargo.toml", "[package]\nname = \"x\"\n").len(),
        1
    );
    assert!(lint("core/Cargo.toml", "[lints]\nworkspace = true\n").is_empty());
}
