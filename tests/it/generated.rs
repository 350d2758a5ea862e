//! Generated files are current.

use std::path::Path;

use crate::cli;

#[test]
fn generated_pages_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for what in [
        "scenario-schema",
        "cli-reference",
        "access",
        "openapi",
        "problems",
    ] {
        let output = cli::nimbus(root, &["gen", what, "--check"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
    }
}

#[test]
fn a_stale_page_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("docs")).unwrap();
    let run = |args: &[&str]| cli::nimbus(folder.path(), args);
    assert_eq!(run(&["gen", "cli-reference"]).status.code(), Some(0));
    assert_eq!(
        run(&["gen", "cli-reference", "--check"]).status.code(),
        Some(0)
    );
    std::fs::write(folder.path().join("docs/cli.md"), "old\n").unwrap();
    let output = run(&["gen", "cli-reference", "--check"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.starts_with("error: docs/cli.md: is not current"),
        "{said}"
    );
}
