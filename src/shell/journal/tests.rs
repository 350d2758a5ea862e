//! The journal, written, torn, filled up and read again.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nimbus_core::cluster::Event;
use nimbus_core::digest::EventHash;
use nimbus_core::ids::TenantNo;
use nimbus_core::machine::Message;
use nimbus_core::machines::Config;
use nimbus_core::store::Row;
use nimbus_core::store::workload::TenantState;
use nimbus_core::time::Time;
use nimbus_core::{store, tenant};
use proptest::prelude::*;

use super::*;
use crate::shell::group::Input;

fn identity() -> Identity {
    Identity {
        build: "test".to_owned(),
        config_hash: entry::config_hash(&Config::default()),
    }
}

fn snapshot(last_group: u64) -> Snapshot {
    Snapshot {
        last_group,
        now: Time(5),
        round: 3,
        deliveries: 9,
        hashes: [EventHash(u128::MAX); 6],
        build: "test".to_owned(),
        config_hash: identity().config_hash,
        config: Config::default(),
        scenario: None,
        rows: vec![Row::Workload(store::workload::Row::Tenant {
            tenant: TenantNo(3),
            state: TenantState::Active,
        })],
    }
}

fn group(seq: u64) -> Group {
    let tenant = TenantNo(u32::try_from(seq).unwrap());
    let failed = Event::SpaceFailed {
        tenant,
        retryable: true,
        reason: format!("\"{seq}\"\n").as_str().into(),
    };
    Group {
        seq,
        now: Time(1_790_000_000_000_000 + i64::try_from(seq).unwrap()),
        seed: u128::MAX - u128::from(seq),
        inputs: vec![
            Input::Asked {
                message: Message::Tenant(tenant::Input::SpaceGone { tenant }),
                by: "admin".into(),
                request: "req".into(),
            },
            Input::Seen(failed),
        ],
        dead: Vec::new(),
        hash: EventHash(u128::from(seq) << 100),
    }
}

fn restored(last_group: u64) -> Restored {
    Restored {
        last_group,
        now: group(last_group).now,
        hash: group(last_group).hash,
    }
}

fn open(folder: &Path, options: Options) -> Files {
    Files::open(folder, options, &identity()).unwrap()
}

/// A journal with a chain and groups 1..=`groups`, closed as a killed process leaves it.
fn written(folder: &Path, groups: u64) -> PathBuf {
    let mut files = open(folder, Options::default());
    files.begin(&snapshot(0)).unwrap();
    for seq in 1..=groups {
        files.append(&group(seq)).unwrap();
    }
    std::mem::forget(files); // what is dropped ends its segment
    folder.join("chain-000001/000001.jsonl.gz")
}

fn groups_of(path: &Path) -> (Vec<u64>, Ending) {
    let mut reader = Reader::open(path).unwrap();
    let mut groups = Vec::new();
    while let Some(line) = reader.next_line().unwrap() {
        if let Entry::Group(found) = line.entry {
            assert_eq!(*found, group(found.seq));
            groups.push(found.seq);
        }
    }
    (groups, reader.ending().clone())
}

fn shell(script: &str, folder: &Path) -> String {
    let mut command = Command::new("sh");
    let output = command.args(["-c", script]).current_dir(folder);
    let output = output.output().unwrap();
    assert!(output.status.success(), "{script}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_is_appended_is_read_back_and_a_restart_begins_a_segment() {
    let folder = tempfile::tempdir().unwrap();
    let first = written(folder.path(), 3);
    assert_eq!(groups_of(&first), (vec![1, 2, 3], Ending::Open));
    let mut files = open(folder.path(), Options::default());
    assert!(!files.due());
    assert_eq!(groups_of(&first).1, Ending::Whole);
    files.restored(&restored(2)).unwrap();
    files.append(&group(3)).unwrap();
    let chain = chains(folder.path()).unwrap().pop().unwrap();
    assert_eq!(chain.segments.len(), 2);
    let mut reader = Reader::open(&chain.segments[1].1).unwrap();
    let mut entries = Vec::new();
    while let Some(line) = reader.next_line().unwrap() {
        entries.push(line.entry);
    }
    let head = Entry::Segment {
        format: 1,
        chain: 1,
        segment: 2,
        after: 3,
    };
    let mark = Entry::Restored(restored(2));
    assert_eq!(entries, [head, mark, Entry::Group(Box::new(group(3)))]);
}

#[test]
fn zcat_and_jq_read_it() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), 2);
    open(folder.path(), Options::default());
    let text = shell("zcat chain-000001/*.jsonl.gz", folder.path());
    let seqs: Vec<_> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter_map(|line| line["group"]["seq"].as_u64())
        .collect();
    assert_eq!(seqs, [1, 2]);
    if Command::new("jq").arg("--version").output().is_ok() {
        let script = "zcat chain-000001/*.gz | jq -r 'select(.group).group.hash'";
        let hashes = shell(script, folder.path());
        assert_eq!(hashes, format!("{}\n{}\n", group(1).hash, group(2).hash));
    }
}

#[test]
fn files_are_for_their_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("journal");
    let segment = written(&inside, 1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&segment), 0o600);
    assert_eq!(
        (mode(&inside), mode(segment.parent().unwrap())),
        (0o700, 0o700)
    );
}

#[test]
fn a_full_disk_is_told_leaves_nothing_torn_and_passes() {
    for room in [0, 1, 40] {
        let folder = tempfile::tempdir().unwrap();
        let mut files = open(folder.path(), Options::default());
        files.begin(&snapshot(0)).unwrap();
        files.append(&group(1)).unwrap();
        files.full_after = Some(room);
        let error = files.append(&group(2)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        let first = folder.path().join("chain-000001/000001.jsonl.gz");
        assert_eq!(groups_of(&first), (vec![1], Ending::Whole));
        files.append(&group(2)).unwrap();
        files.append(&group(3)).unwrap();
        let second = first.with_file_name("000002.jsonl.gz");
        assert_eq!(groups_of(&second), (vec![2, 3], Ending::Open));
    }
}

#[test]
fn a_folder_that_takes_nothing_is_told_and_a_later_append_works() {
    let folder = tempfile::tempdir().unwrap();
    let small = Options {
        segment_text: 1,
        ..Options::default()
    };
    let mut files = open(folder.path(), small);
    files.begin(&snapshot(0)).unwrap();
    files.append(&group(1)).unwrap();
    let (here, away) = (folder.path().join("chain-000001"), folder.path().join("x"));
    fs::rename(&here, &away).unwrap();
    assert!(files.append(&group(2)).is_err());
    assert!(files.append(&group(2)).is_err());
    fs::rename(&away, &here).unwrap();
    files.append(&group(2)).unwrap();
    assert_eq!(
        groups_of(&here.join("000002.jsonl.gz")),
        (vec![2], Ending::Whole)
    );
}

#[test]
fn groups_follow_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = open(folder.path(), Options::default());
    files.begin(&snapshot(7)).unwrap();
    let error = files.append(&group(9)).unwrap_err().to_string();
    assert_eq!(error, "group 9 cannot follow group 7");
    files.append(&group(8)).unwrap();
    files.append(&group(8)).unwrap();
}

#[test]
fn another_build_a_damaged_segment_or_a_gap_begins_a_chain() {
    let folder = tempfile::tempdir().unwrap();
    let segment = written(folder.path(), 3);
    let other = Identity {
        build: "other".to_owned(),
        ..identity()
    };
    assert!(
        Files::open(folder.path(), Options::default(), &other)
            .unwrap()
            .due()
    );
    let mut files = open(folder.path(), Options::default());
    files.restored(&restored(4)).unwrap();
    assert!(files.due(), "group 4 is not in the journal");
    let mut files = open(folder.path(), Options::default());
    let stranger = Restored {
        hash: EventHash(1),
        ..restored(3)
    };
    files.restored(&stranger).unwrap();
    assert!(files.due(), "the store is another one");
    let mut bytes = fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(&segment, &bytes).unwrap();
    let mut files = open(folder.path(), Options::default());
    if files.due() {
        files.begin(&snapshot(3)).unwrap();
        assert_eq!(chains(folder.path()).unwrap().len(), 2);
    }
}

#[test]
fn old_and_many_chains_go_whole_and_the_present_one_stays() {
    let folder = tempfile::tempdir().unwrap();
    let tight = Options {
        chain_bytes: 1,
        keep_bytes: 1,
        ..Options::default()
    };
    let mut files = open(folder.path(), tight);
    for last in 0..4 {
        assert!(files.due());
        files.begin(&snapshot(last)).unwrap();
        files.append(&group(last + 1)).unwrap();
    }
    let left = chains(folder.path()).unwrap();
    assert_eq!(
        left.iter().map(|chain| chain.number).collect::<Vec<_>>(),
        [4]
    );
    let aged = Options {
        chain_age: Duration::ZERO,
        ..Options::default()
    };
    assert!(open(folder.path(), aged).due());
}

#[test]
fn a_line_that_was_changed_is_found() {
    let mut text = Vec::new();
    entry::write(&Entry::Restored(restored(7)), 3, &mut text);
    text.pop();
    assert_eq!(entry::read(&text), Ok((3, Entry::Restored(restored(7)))));
    for place in 0..text.len() {
        let mut bad = text.clone();
        bad[place] ^= 1;
        assert!(entry::read(&bad).is_err(), "{place}");
    }
}

/// A journal of 12 groups, and for each the length of the file behind it.
fn lengths() -> (Vec<u8>, Vec<u64>) {
    let folder = tempfile::tempdir().unwrap();
    let mut files = open(folder.path(), Options::default());
    files.begin(&snapshot(0)).unwrap();
    let path = folder.path().join("chain-000001/000001.jsonl.gz");
    let ends = (1..=12).map(|seq| {
        files.append(&group(seq)).unwrap();
        fs::metadata(&path).unwrap().len()
    });
    let ends = ends.collect();
    (fs::read(path).unwrap(), ends)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn cut_anywhere_all_whole_groups_before_are_read_and_the_rest_goes(place in 0usize..100_000, garbage in 0usize..600) {
        static WRITTEN: std::sync::LazyLock<(Vec<u8>, Vec<u64>)> = std::sync::LazyLock::new(lengths);
        let (bytes, ends) = &*WRITTEN;
        let place = place % (bytes.len() + 1);
        let folder = tempfile::tempdir().unwrap();
        let chain = folder.path().join("chain-000001");
        fs::create_dir(&chain).unwrap();
        let path = chain.join("000001.jsonl.gz");
        let mut torn = bytes[..place].to_vec();
        torn.resize(place + garbage, 0); // what a lost write leaves in a file that had grown
        fs::write(&path, &torn).unwrap();
        let whole = ends.iter().filter(|end| **end <= place as u64).count() as u64;
        let (groups, ending) = groups_of(&path);
        // the last group may be readable although the end of its flush is lost
        prop_assert!(groups.len() as u64 >= whole && groups.len() as u64 <= whole + 1);
        prop_assert!(ending != Ending::Whole);
        let mut files = open(folder.path(), Options::default());
        if !files.due() {
            let (again, ending) = groups_of(&path);
            prop_assert_eq!(again, groups.clone());
            prop_assert_eq!(ending, Ending::Whole);
            files.append(&group(groups.len() as u64 + 1)).unwrap();
        } else {
            prop_assert!(whole == 0);
            files.begin(&snapshot(0)).unwrap();
        }
    }
}
