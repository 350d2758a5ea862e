//! A journal as a scenario, run again.

use nimbus_core::time::Span;
use nimbus_sim::run::{Options, Prepared, Running, Source};
use nimbus_sim::scenario::Override;

use super::*;
use crate::replay::record;

fn prepared(file: &Path, set: &[Override]) -> Prepared {
    let text = fs::read_to_string(file).unwrap();
    let file = file.display().to_string();
    Prepared::new(&Source { text, file }, set, None).unwrap()
}

/// Decisions of a run.
fn decided(file: &Path, set: &[Override]) -> Counts {
    let options = Options {
        keep_all: true,
        ..Options::normal()
    };
    let mut running = Running::new(&prepared(file, set), &options);
    let mut counts = Counts::default();
    while running.step().unwrap() {}
    for (_, decision) in &running.driver.recorder.ring {
        counts.take(decision);
    }
    counts
}

fn recorded(name: &str, hours: i64) -> (tempfile::TempDir, Regenerated) {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{}/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let options = Options {
        until: Some(Span::from_secs(hours * 3600)),
        ..Options::normal()
    };
    let journal = folder.path().join("journal");
    record::run(
        &prepared(Path::new(&file), &[]),
        &options,
        &journal,
        &mut |_| true,
    )
    .unwrap();
    let told = scenario(&journal, &folder.path().join("told")).unwrap();
    (folder, told)
}

#[test]
fn an_unchanged_policy_decides_as_recorded() {
    for (name, hours) in [("quickstart", 8), ("rolling-update", 1)] {
        let (_folder, told) = recorded(name, hours);
        assert_eq!(told.left_out, 0, "{name}");
        assert_eq!(decided(&told.file, &[]), told.recorded, "{name}");
    }
}

#[test]
fn another_policy_decides_otherwise() {
    let (_folder, told) = recorded("quickstart", 8);
    let set = [Override {
        key: "autoscaler.up_percent".into(),
        value: "90".into(),
    }];
    let changed = decided(&told.file, &set);
    assert!(changed.scaled < told.recorded.scaled, "{changed:?}");
}
