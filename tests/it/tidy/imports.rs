//! Who may import whom: the layers of core and of the binary's package.

use std::collections::{BTreeMap, BTreeSet};

use super::scan;
use super::tree::Tree;

/// The nouns: modules of core that hold a machine.
pub(super) const NOUNS: [&str; 5] = ["tenant", "workload", "scheduler", "autoscaler", "billing"];

/// Modules of core that every noun may import.
const SHARED: [&str; 11] = [
    "ids", "units", "time", "rng", "machine", "explain", "digest", "store", "cluster", "plan",
    "table",
];

/// Modules of core that stand above all machines.
const ABOVE: [&str; 1] = ["machines"];

/// Shared modules that may name the interface of the nouns: messages are routed and rows are typed there.
const NAME_NOUNS: [&str; 4] = ["machine", "explain", "cluster", "store"];

/// What a module of the binary's package may import of ours; the longest matching prefix decides.
const SRC: &[(&str, &[&str])] = &[
    // leaves
    ("src/main.rs", &["cli", "runtime"]),
    ("src/lib.rs", &[]),
    (
        "src/cli/",
        &[
            "cli",
            "runtime",
            "config",
            "system",
            "replay",
            "store",
            "shell",
            "telemetry",
            "http",
            "auth",
            "cluster",
        ],
    ),
    (
        "src/system",
        &[
            "runtime",
            "config",
            "system",
            "store",
            "shell",
            "cluster",
            "telemetry",
            "metrics",
            "http",
            "auth",
            "replay",
        ],
    ),
    (
        "src/replay/",
        &["runtime", "replay", "store", "shell", "cluster", "metrics"],
    ),
    // edges
    (
        "src/http/",
        &[
            "runtime", "config", "http", "auth", "shell", "store", "cluster", "replay", "metrics",
        ],
    ),
    (
        "src/auth/",
        &["runtime", "config", "auth", "store", "metrics"],
    ),
    // actors
    (
        "src/shell/",
        &["runtime", "config", "shell", "store", "cluster", "metrics"],
    ),
    // backends
    ("src/cluster/", &["runtime", "cluster", "store"]),
    ("src/store/", &["runtime", "store", "metrics", "cluster"]),
    ("src/config/", &["config", "runtime"]),
    ("src/config.rs", &["config", "runtime"]),
    ("src/telemetry.rs", &["config", "runtime"]),
    ("src/metrics.rs", &[]),
    ("src/runtime", &[]),
];

/// Names that `input.rs` of a noun makes public: the only ones that others may use.
pub(super) type Interfaces = BTreeMap<String, BTreeSet<String>>;

/// Reads the interface of every noun.
pub(super) fn interfaces(tree: &Tree) -> Interfaces {
    let of = |noun: &str| {
        let text = tree.text(&format!("core/src/{noun}/input.rs"));
        (noun.to_owned(), public_names(text))
    };
    NOUNS.iter().map(|noun| of(noun)).collect()
}

fn public_names(text: &str) -> BTreeSet<String> {
    let code = scan::code(text);
    let lines = code.lines().filter(|line| line.starts_with("pub "));
    let names = lines.filter_map(|line| {
        let rest = line.strip_prefix("pub ")?.trim_start_matches("const ");
        let mut words = rest.split(|c: char| !c.is_alphanumeric() && c != '_');
        match words.next()? {
            "enum" | "struct" | "type" | "fn" | "trait" => words.next().map(str::to_owned),
            name => Some(name.to_owned()), // a constant
        }
    });
    names.collect()
}

/// All that a file imports against the table.
pub(super) fn check(path: &str, text: &str, interfaces: &Interfaces) -> Vec<String> {
    let used = paths(path, text);
    let mut found = Vec::new();
    for (line, segments) in used {
        let wrong = if let Some(module) = path.strip_prefix("core/src/") {
            core(module, &segments, interfaces)
        } else {
            src(path, &segments)
        };
        if let Some(wrong) = wrong {
            found.push(format!("{path}:{line}: {wrong}"));
        }
    }
    found
}

fn core(module: &str, segments: &[String], interfaces: &Interfaces) -> Option<String> {
    let own = module.split(['/', '.']).next()?;
    let target = segments.first()?.as_str();
    // tests of a noun may join it with others, over the conductor too
    let tests = module.contains("/tests");
    let above = own == "lib" || ABOVE.contains(&own);
    if tests || own == target || above || rows_of(module) == Some(target) {
        return None;
    }
    let is_noun = NOUNS.contains(&target);
    let allowed = match own {
        "conductor" => ["machine", "digest", "time"].contains(&target),
        _ if is_noun => NOUNS.contains(&own) || NAME_NOUNS.contains(&own),
        _ => SHARED.contains(&target),
    };
    if !allowed {
        return Some(format!("{own} may not import {target}"));
    }
    if target == "store" {
        let rows = segments
            .get(1)
            .filter(|s| NOUNS.contains(&s.as_str()) && NOUNS.contains(&own) && *s != own);
        return rows.map(|rows| format!("{own} may not read the rows of {rows}"));
    }
    if !is_noun {
        return None;
    }
    let name = segments[1..].iter().find(|s| *s != "input")?;
    let interface = interfaces.get(target)?;
    let known = interface.contains(name);
    (!known).then(|| format!("{own} may use only the interface of {target}, not {name}"))
}

/// The noun whose rows a file of the store holds: it may use all of that noun.
fn rows_of(module: &str) -> Option<&str> {
    module.strip_prefix("store/")?.split(['/', '.']).next()
}

fn src(path: &str, segments: &[String]) -> Option<String> {
    let row = SRC
        .iter()
        .filter(|row| path.starts_with(row.0))
        .max_by_key(|row| row.0.len());
    let Some((_, allowed)) = row else {
        let own = path.starts_with("src/");
        return own.then(|| "no row in the table of layers".to_owned());
    };
    let target = segments.first()?;
    (!allowed.contains(&target.as_str())).then(|| format!("may not import {target}"))
}

/// Every path of ours in a file, from the crate's root: (line, segments).
fn paths(path: &str, text: &str) -> Vec<(usize, Vec<String>)> {
    let code = scan::code(text);
    let home = home(path);
    let mut found = Vec::new();
    let mut imported: BTreeSet<String> = BTreeSet::new();
    for (start, prefix) in starts(&code, &home) {
        let line = code[..start.0].matches('\n').count() + 1;
        for segments in expand(&code[start.1..], &prefix) {
            if let [only] = segments.as_slice()
                && NOUNS.contains(&only.as_str())
            {
                imported.insert(only.clone());
            }
            found.push((line, segments));
        }
    }
    for module in imported {
        found.extend(uses_of(&code, &module));
    }
    found
}

/// The module path of a file: `core/src/a/b.rs` is `[a, b]`, `core/src/a/mod.rs` is `[a]`.
fn home(path: &str) -> Vec<String> {
    let inside = path.split_once("src/").map_or("", |(_, rest)| rest);
    let inside = inside.trim_end_matches(".rs").trim_end_matches("/mod");
    let parts = inside
        .split('/')
        .filter(|part| !["lib", "main"].contains(part));
    parts.map(str::to_owned).collect()
}

/// Where paths start: after `crate::`, `nimbus::` or a chain of `super::` that reaches the root.
fn starts(code: &str, home: &[String]) -> Vec<((usize, usize), Vec<String>)> {
    let mut found = Vec::new();
    for root in ["crate::", "nimbus::"] {
        for (at, _) in code.match_indices(root) {
            if boundary(code, at) {
                found.push(((at, at + root.len()), Vec::new()));
            }
        }
    }
    let mut at = 0;
    while let Some(i) = code[at..].find("super::") {
        let start = at + i;
        let chain = chain(&code[start..]);
        at = start + chain * "super::".len();
        let depth = home.len() + inline_depth(&code[..start]);
        if boundary(code, start) && chain >= depth && !code[at..].starts_with('*') {
            found.push(((start, at), Vec::new()));
        }
    }
    found
}

fn chain(code: &str) -> usize {
    let mut rest = code;
    let mut count = 0;
    while let Some(after) = rest.strip_prefix("super::") {
        rest = after;
        count += 1;
    }
    count
}

/// 1 inside an inline `mod tests {` (they stand at the end of a file).
fn inline_depth(before: &str) -> usize {
    usize::from(before.contains("mod tests {"))
}

fn boundary(code: &str, at: usize) -> bool {
    let before = code[..at].chars().next_back();
    !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
}

/// Unfolds `a::{b, c::d}` into its paths.
fn expand(code: &str, prefix: &[String]) -> Vec<Vec<String>> {
    if let Some(inner) = code.strip_prefix('{') {
        return group(inner)
            .into_iter()
            .flat_map(|part| expand(part, prefix))
            .collect();
    }
    let end = code
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(code.len());
    if end == 0 {
        return vec![prefix.to_vec()];
    }
    let mut path = prefix.to_vec();
    if &code[..end] != "self" {
        path.push(code[..end].to_owned());
    }
    match code[end..].strip_prefix("::") {
        Some(rest) => expand(rest, &path),
        None => vec![path],
    }
}

/// The parts of a group, without the brace that opened it.
fn group(inner: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut from) = (0, 0);
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                parts.push(inner[from..at].trim());
                from = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// `noun::Name` in a file that imported the noun's module.
fn uses_of(code: &str, module: &str) -> Vec<(usize, Vec<String>)> {
    let pattern = format!("{module}::");
    let at = code
        .match_indices(&pattern)
        .filter(|(at, _)| boundary(code, *at));
    let used = at.flat_map(|(at, _)| {
        let line = code[..at].matches('\n').count() + 1;
        let paths = expand(&code[at..], &[]);
        paths.into_iter().map(move |segments| (line, segments))
    });
    used.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Interfaces {
        let names =
            public_names("pub enum Input {\n}\npub const LIMIT: u32 = 1;\npub(crate) struct No;\n");
        BTreeMap::from([("billing".to_owned(), names)])
    }

    #[track_caller]
    fn refused(path: &str, text: &str) {
        assert_eq!(check(path, text, &sample()).len(), 1, "{path}: {text}");
    }

    #[test]
    fn a_noun_uses_only_the_interface_of_another() {
        refused(
            "core/src/scheduler/pack.rs",
            "use crate::billing::meter::Meter;",
        );
        refused(
            "core/src/scheduler/pack.rs",
            "use crate::{ids, billing};\nfn f(x: billing::Meter) {}",
        );
        refused(
            "core/src/scheduler/pack.rs",
            "use super::super::billing::Meter;",
        );
        refused(
            "core/src/conductor/queue.rs",
            "use crate::{time::Time, units::Cpu};",
        );
        refused("core/src/ids.rs", "use crate::billing::Input;");
        refused(
            "core/src/scheduler/mod.rs",
            "use crate::conductor::Conductor;",
        );
    }

    #[test]
    fn a_layer_imports_only_what_is_below_it() {
        refused("src/runtime.rs", "use crate::cli::Answer;");
        refused("src/unheard_of.rs", "use crate::runtime;");
    }

    #[test]
    fn the_interface_and_shared_modules_pass() {
        let text = "use crate::{billing::{self, Input}, ids::PodNo};\n// crate::billing::Meter\nfn f(x: billing::Input, y: billing::LIMIT) {}";
        assert_eq!(
            check("core/src/scheduler/pack.rs", text, &sample()),
            Vec::<String>::new()
        );
        let inline = "mod tests {\n use super::*;\n use super::super::digest;\n}";
        assert_eq!(
            check("core/src/conductor/queue.rs", inline, &sample()),
            Vec::<String>::new()
        );
    }
}
