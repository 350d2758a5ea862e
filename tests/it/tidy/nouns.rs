//! One noun, one address in every layer.

use super::exemptions::Exemptions;
use super::imports::NOUNS;

/// Where every noun has a file. `*` stands for the noun. The memory store of sim keeps rows of all nouns
/// alike and has no file per noun.
const ADDRESSES: [&str; 6] = [
    "core/src/*/mod.rs",
    "core/src/*/input.rs",
    "core/src/*/machine.rs",
    "core/src/*/tests.rs",
    "core/src/store/*.rs",
    "benches/*.rs",
];

/// Addresses that a noun does without. May only shrink.
const EXEMPT: &[(&str, &str)] = &[
    (
        "benches/tenant.rs",
        "its cost is part of the whole replays in benches/replay.rs",
    ),
    (
        "benches/workload.rs",
        "its cost is part of the whole replays in benches/replay.rs",
    ),
    (
        "benches/autoscaler.rs",
        "its cost is part of the whole replays in benches/replay.rs",
    ),
];

/// Addresses that are missing, and exemptions that are no longer needed.
pub(super) fn check(paths: &[&str]) -> Vec<String> {
    let mut exempt = Exemptions::new(EXEMPT);
    let mut found = missing(paths);
    found.retain(|address| !exempt.covers(address));
    let mut found: Vec<String> = found
        .into_iter()
        .map(|address| format!("{address}: is missing"))
        .collect();
    found.extend(exempt.unused());
    found
}

fn missing(paths: &[&str]) -> Vec<String> {
    let all = NOUNS.iter().flat_map(|noun| {
        ADDRESSES
            .iter()
            .map(move |address| address.replace('*', noun))
    });
    all.filter(|address| !exists(paths, address)).collect()
}

/// A file may have grown into a folder.
fn exists(paths: &[&str], address: &str) -> bool {
    let folder = address.replace(".rs", "/mod.rs");
    paths.iter().any(|path| *path == address || *path == folder)
}

#[test]
fn a_missing_address_is_found() {
    let all: Vec<String> = missing(&[]);
    assert_eq!(all.len(), NOUNS.len() * ADDRESSES.len());
    let but_one: Vec<&str> = all.iter().map(String::as_str).skip(1).collect();
    assert_eq!(missing(&but_one), ["core/src/tenant/mod.rs"]);
}
