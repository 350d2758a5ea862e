//! The files of the tree, and rules over paths and plain text.

use std::fs;
use std::path::Path;

/// Largest file in the tree.
const BYTES_MAX: u64 = 500 * 1024;

/// Larger files, with the reason.
pub(super) const LARGE: &[(&str, &str)] = &[];

/// Never read: build output and the history.
const SKIPPED: [&str; 2] = ["target", ".git"];

/// Hosts that a text may name: public homes of code, data and formats.
const HOSTS: &[&str] = &[
    "crates.io",
    "docs.rs",
    "github.com",
    "www.apache.org",
    "www.w3.org",
    "json-schema.org",
    "keepachangelog.com",
    "semver.org",
    "ita.ee.lbl.gov",
    "example.com",
    "kubernetes.io",
    "doc.rust-lang.org",
    "127.0.0.1",
    "localhost",
];

/// One file: text is empty if it is not UTF-8.
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
    pub(super) bytes: u64,
}

/// All files, sorted by path.
pub(super) struct Tree {
    pub(super) files: Vec<File>,
}

impl Tree {
    pub(super) fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        collect(root, root, &mut files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        assert!(files.len() > 50, "the tree was not found");
        Self { files }
    }

    pub(super) fn with_extension(&self, extension: &str) -> impl Iterator<Item = &File> {
        let ending = format!(".{extension}");
        self.files
            .iter()
            .filter(move |file| file.path.ends_with(&ending))
    }

    pub(super) fn rust(&self) -> impl Iterator<Item = &File> {
        self.with_extension("rs")
    }

    pub(super) fn paths(&self) -> Vec<&str> {
        self.files.iter().map(|file| file.path.as_str()).collect()
    }

    #[track_caller]
    pub(super) fn text(&self, path: &str) -> &str {
        let file = self.files.iter().find(|file| file.path == path);
        file.map_or_else(|| panic!("{path} is missing"), |file| file.text.as_str())
    }
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                collect(root, &path, files);
            }
        } else if name != ".git" && !ignored(&name) {
            let relative = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            let bytes = fs::read(&path).unwrap();
            files.push(File {
                path: relative,
                bytes: bytes.len() as u64,
                text: String::from_utf8(bytes).unwrap_or_default(),
            });
        }
    }
}

/// What `.gitignore` names beside the folders.
fn ignored(name: &str) -> bool {
    [".tmp", ".pending-snap", ".snap.new"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// A scenario without its golden report, or a golden report without its scenario.
pub(super) fn golden_pairs(paths: &[&str]) -> Vec<String> {
    let stems = |folder: &str, ending: &str| -> Vec<String> {
        let inside = paths
            .iter()
            .filter_map(|path| path.strip_prefix(folder)?.strip_suffix(ending));
        inside
            .filter(|stem| !stem.contains('/'))
            .map(str::to_owned)
            .collect()
    };
    let scenarios = stems("scenarios/", ".toml");
    let golden = stems("scenarios/golden/", ".txt");
    let alone = scenarios.iter().filter(|name| !golden.contains(name));
    let alone = alone.map(|name| format!("scenarios/{name}.toml: has no golden report"));
    let orphan = golden.iter().filter(|name| !scenarios.contains(name));
    let orphan = orphan.map(|name| format!("scenarios/golden/{name}.txt: has no scenario"));
    alone.chain(orphan).collect()
}

/// Links to files that do not exist.
pub(super) fn links(path: &str, text: &str, paths: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        for part in line.split("](").skip(1) {
            let target = part.split([')', '#', ' ']).next().unwrap_or_default();
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let resolved = resolve(path, target);
            let folder = format!("{}/", resolved.trim_end_matches('/'));
            if !paths
                .iter()
                .any(|known| *known == resolved || known.starts_with(&folder))
            {
                found.push(format!("{path}:{}: {target} does not exist", at + 1));
            }
        }
    }
    found
}

fn resolve(from: &str, target: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Files that do not belong into a repository.
pub(super) fn size(path: &str, bytes: u64) -> Vec<String> {
    let large = bytes > BYTES_MAX;
    large
        .then(|| format!("{path}: {bytes} bytes, at most {BYTES_MAX}"))
        .into_iter()
        .collect()
}

/// Lines that end with space, and a file whose last line does not end.
pub(super) fn trailing_space(path: &str, text: &str) -> Vec<String> {
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.ends_with([' ', '\t']));
    let mut found: Vec<String> = lines
        .map(|(at, _)| format!("{path}:{}: trailing space", at + 1))
        .collect();
    if !text.is_empty() && !text.ends_with('\n') {
        found.push(format!("{path}: the last line does not end"));
    }
    found
}

/// Paths of one machine, and hosts that are not public homes.
pub(super) fn places(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let folders = ["work", "root", "home", "Users"].map(|folder| format!("/{folder}/"));
    for (at, line) in text.lines().enumerate() {
        let mut here = |what: &str| found.push(format!("{path}:{}: {what}", at + 1));
        for folder in &folders {
            let machine = line
                .match_indices(folder.as_str())
                .any(|(i, _)| !inside_a_path(line, i));
            if machine {
                here("a path of one machine");
            }
        }
        for part in line.split("://").skip(1) {
            let host = part
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-')
                .next();
            let host = host.unwrap_or_default().trim_end_matches('.');
            if !host.is_empty() && !HOSTS.contains(&host) {
                here(&format!("host {host} is not in the list of public ones"));
            }
        }
    }
    found
}

/// A folder of ours may have such a name too.
fn inside_a_path(line: &str, at: usize) -> bool {
    let before = line[..at].chars().next_back();
    before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-' || c == '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unpaired_scenario_is_found() {
        let paths = [
            "scenarios/a.toml",
            "scenarios/golden/b.txt",
            "scenarios/c.toml",
            "scenarios/golden/c.txt",
        ];
        assert_eq!(golden_pairs(&paths).len(), 2);
    }

    #[test]
    fn a_dead_link_is_found() {
        let text = "[a](../b.md) [c](d.md#part) [e](https://docs.rs/x) [f](#g) [h](sub)";
        let found = links("docs/a.md", text, &["b.md", "docs/sub/x.md"]);
        assert_eq!(found, ["docs/a.md:1: d.md does not exist"]);
    }

    #[test]
    fn a_large_file_and_loose_ends_are_found() {
        assert_eq!(size("a.bin", BYTES_MAX + 1).len(), 1);
        assert_eq!(trailing_space("a.md", "x \ny\t\nz").len(), 3);
    }

    #[test]
    fn a_machine_path_and_a_private_host_are_found() {
        let folder = ["/ho", "me/ann/x"].concat();
        assert_eq!(places("a.md", &format!("see {folder}")).len(), 1);
        let url = ["https:", "//mirror.internal/index"].concat();
        assert_eq!(places("a.toml", &format!("registry = \"{url}\"")).len(), 1);
        assert!(places("a.md", "docs/guides/x https://docs.rs/serde").is_empty());
    }
}
