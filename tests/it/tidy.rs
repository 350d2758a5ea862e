//! Rules over the text of the tree. Each rule is a function over text, with a sample that breaks it.
//!
//! It reads text, so an import through a re-export would escape: hence no re-exports in `src/lib.rs`.

mod exemptions;
mod homes;
mod imports;
mod manifests;
mod nouns;
mod scan;
mod texts;
mod tree;

use exemptions::Exemptions;
use tree::Tree;

/// What a rule found: `path:line: what is wrong`.
type Findings = Vec<String>;

#[track_caller]
fn clean(rule: &str, findings: &Findings) {
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}

/// Applies a rule to every Rust file, leaving out what an exemption names, and refuses rows that are
/// no longer needed.
#[track_caller]
fn rust_files(rule: &str, exempt: &[(&str, &str)], check: impl Fn(&str, &str) -> Findings) {
    let tree = Tree::read();
    let mut exempt = Exemptions::new(exempt);
    let mut findings = Findings::new();
    for file in tree.rust() {
        let found = check(&file.path, &file.text);
        if !found.is_empty() && !exempt.covers(&file.path) {
            findings.extend(found);
        }
    }
    findings.extend(exempt.unused());
    clean(rule, &findings);
}

#[test]
fn imports_follow_the_layers() {
    let tree = Tree::read();
    let interfaces = imports::interfaces(&tree);
    rust_files("import direction", &[], |path, text| {
        imports::check(path, text, &interfaces)
    });
}

#[test]
fn crates_and_std_modules_stay_at_home() {
    rust_files("homes", &[], homes::check);
}

#[test]
fn core_and_sim_depend_on_their_closed_lists() {
    let tree = Tree::read();
    clean("dependencies", &manifests::closed_lists(&tree));
}

#[test]
fn every_member_takes_the_lints_of_the_workspace() {
    let tree = Tree::read();
    clean("lints", &manifests::lints(&tree));
}

#[test]
fn every_noun_has_its_addresses() {
    let tree = Tree::read();
    clean("addresses", &nouns::check(&tree.paths()));
}

#[test]
fn files_stay_under_their_length() {
    rust_files("file length", &[], texts::length);
}

#[test]
fn every_rust_file_opens_with_a_paragraph() {
    rust_files("module comment", &[], texts::opens_with_paragraph);
}

#[test]
fn refused_texts_are_absent() {
    rust_files("refused texts", &[], texts::refused);
}

#[test]
fn messages_start_small_and_end_without_a_full_stop() {
    rust_files("messages", &[], texts::messages);
}

#[test]
fn deciding_nouns_refuse_floats() {
    let tree = Tree::read();
    clean("floats", &texts::floats_denied(&tree));
}

#[test]
fn scenarios_and_golden_reports_pair_up() {
    let tree = Tree::read();
    clean("golden reports", &tree::golden_pairs(&tree.paths()));
}

#[test]
fn links_in_documents_lead_somewhere() {
    let tree = Tree::read();
    let paths = tree.paths();
    let findings = tree
        .with_extension("md")
        .flat_map(|file| tree::links(&file.path, &file.text, &paths))
        .collect();
    clean("links", &findings);
}

#[test]
fn files_are_small_and_lines_end_clean() {
    let tree = Tree::read();
    let mut exempt = Exemptions::new(tree::LARGE);
    let mut findings = Findings::new();
    for file in &tree.files {
        let found = tree::size(&file.path, file.bytes);
        if !found.is_empty() && !exempt.covers(&file.path) {
            findings.extend(found);
        }
        findings.extend(tree::trailing_space(&file.path, &file.text));
    }
    findings.extend(exempt.unused());
    clean("size and trailing space", &findings);
}

#[test]
fn no_machine_path_and_no_private_host_is_named() {
    let tree = Tree::read();
    let findings = tree
        .files
        .iter()
        .flat_map(|file| tree::places(&file.path, &file.text))
        .collect();
    clean("machine paths and hosts", &findings);
}
