//! A journal under other names decides the same.

use std::fs;
use std::process::Command;

use nimbus_core::time::Span;
use nimbus_sim::run::{Options, Prepared, Source};

use super::*;
use crate::replay::{journal as played, record};

fn recorded(name: &str, folder: &Path) {
    let file = format!("{}/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&file).unwrap();
    let prepared = Prepared::new(&Source { text, file }, &[], None).unwrap();
    let options = Options {
        until: Some(Span::from_secs(4 * 3600)),
        ..Options::normal()
    };
    record::run(&prepared, &options, folder, &mut |_| true).unwrap();
}

fn decisions(folder: &Path) -> (Vec<Decision>, played::Replayed) {
    let mut all = Vec::new();
    let found = played::replay(folder, &mut |_, effect| keep(effect, &mut all), &mut |_| {
        true
    });
    (all, found.unwrap())
}

#[test]
fn decisions_are_equal_but_for_the_names() {
    for name in ["quickstart", "quota-race", "rolling-update", "flap"] {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        recorded(name, &from);
        let copied = export(&from, &to, Some([7; 32])).unwrap();
        assert_eq!(copied.differs, None, "{name}");
        let ((theirs, a), (ours, b)) = (decisions(&from), decisions(&to));
        assert_eq!((a.differs, b.differs), (None, None), "{name}");
        assert_eq!((a.groups, a.inputs), (b.groups, b.inputs), "{name}");
        let names = collect(&from, [7; 32]).unwrap();
        assert_eq!(names.renamed(&theirs), ours, "{name}");
        assert!(!ours.is_empty() && copied.names > 3);
    }
}

#[test]
fn no_name_of_the_original_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    recorded("quickstart", &from);
    export(&from, &to, Some([7; 32])).unwrap();
    let script = format!("zcat {}/chain-*/*.gz 2>/dev/null || true", to.display());
    let text = Command::new("sh").args(["-c", &script]).output().unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.lines().count() > 10);
    let found = texts::Found::default();
    let mut history = History::open(&from).unwrap();
    while let Some((_, step)) = history.next_step().unwrap() {
        if let Step::Group(group) = step {
            found.read(&group.inputs);
        }
    }
    let texts = found.texts();
    assert!(texts.len() > 3);
    for old in texts {
        assert!(!text.contains(&format!("\"{old}\"")), "{old}");
    }
}

#[test]
fn a_copy_under_the_same_names_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    recorded("quota-race", &from);
    export(&from, &to, None).unwrap();
    assert_eq!(decisions(&from).1.hash, decisions(&to).1.hash);
    let again = export(&from, &to, None).unwrap_err().to_string();
    assert_eq!(again, "the folder of the copy is not empty");
}

#[test]
fn names_keep_order_form_and_length() {
    let texts = [
        "a",
        "b-c",
        "nginx:1.25",
        "team",
        "Team_A",
        "x.io/key",
        "a b",
    ];
    let long = "l".repeat(35);
    let set = texts
        .iter()
        .map(ToString::to_string)
        .chain([long.clone(), "admin".into()]);
    let names = Names::new(set.clone().collect(), [1; 32]);
    let mut sorted: Vec<String> = set.filter(|text| text != "admin").collect();
    sorted.sort();
    assert!(sorted.is_sorted_by_key(|text| names.of(text)));
    assert_eq!(names.of(&long).len(), 35);
    assert_eq!(
        (names.of("admin").as_str(), names.of("")),
        ("admin", String::new())
    );
    assert_eq!(names.of("b-c").len(), 15);
    assert!(names.of("a b").contains('!') && names.of("x.io/key").contains(".x/"));
    let other = Names::new([long.clone()].into(), [2; 32]);
    assert_ne!(other.of(&long)[6..], names.of(&long)[6..]);
}
