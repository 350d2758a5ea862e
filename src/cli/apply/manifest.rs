//! Documents of YAML files, checked as a whole before anything is asked.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::kinds::{KINDS, Kind};
use crate::cli::exit::{Code, Failure};

/// Largest file, bytes.
const FILE_MAX: u64 = 256 * 1024;
/// Deepest nesting of a document.
const DEPTH_MAX: usize = 32;
/// Most values of a file.
const NODES_MAX: usize = 10_000;
/// Most documents of a file.
const DOCUMENTS_MAX: usize = 1_000;

/// One document.
#[derive(Debug)]
pub(super) struct Manifest {
    /// What it describes.
    pub(super) kind: &'static Kind,
    /// Its fields, without `kind`.
    pub(super) fields: Map<String, Value>,
    /// File and number, for messages.
    pub(super) place: String,
}

impl Manifest {
    /// A field as text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }

    /// Its name, with the app in front for a service.
    pub(super) fn name(&self) -> String {
        let name = self.text("name").unwrap_or_default();
        match self.text("app") {
            Some(app) => format!("{app}/{name}"),
            None => name.to_owned(),
        }
    }

    /// `service shop/api`.
    pub(super) fn title(&self) -> String {
        format!("{} {}", self.kind.name.to_lowercase(), self.name())
    }
}

/// Reads all files; says everything that is wrong with them at once.
pub(super) fn read(files: &[PathBuf]) -> Result<Vec<Manifest>, Failure> {
    let mut manifests = Vec::new();
    let mut wrong = Vec::new();
    for path in files {
        let documents = documents(&text_of(path)?)
            .map_err(|why| Failure::new(Code::Invalid, format!("{}: {why}", path.display())))?;
        for (at, document) in documents.into_iter().enumerate() {
            let place = format!("{}: document {}", path.display(), at + 1);
            match document {
                Value::Null => {}
                document => match manifest(document, &place) {
                    Ok(manifest) => manifests.push(manifest),
                    Err(texts) => wrong.extend(texts),
                },
            }
        }
    }
    if !wrong.is_empty() {
        return Err(Failure::lines(Code::Invalid, wrong));
    }
    if manifests.is_empty() {
        return Err(Failure::new(
            Code::Invalid,
            "no document with a kind was found",
        ));
    }
    Ok(manifests)
}

fn text_of(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let limit = FILE_MAX + 1;
    let read = if path == Path::new("-") {
        std::io::stdin().take(limit).read_to_string(&mut text)
    } else {
        let file = std::fs::File::open(path).map_err(|error| Failure::file(path, &error))?;
        file.take(limit).read_to_string(&mut text)
    };
    read.map_err(|error| Failure::file(path, &error))?;
    if text.len() as u64 > FILE_MAX {
        let why = format!("{}: larger than {FILE_MAX} bytes", path.display());
        return Err(Failure::new(Code::Invalid, why));
    }
    Ok(text)
}

/// All documents of a text, under a budget: no aliases, no depth, no size.
fn documents(text: &str) -> Result<Vec<Value>, String> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH_MAX,
            max_nodes: NODES_MAX,
            max_events: NODES_MAX * 3,
            max_documents: DOCUMENTS_MAX,
            max_aliases: 0,
            max_anchors: 0,
            flow_nesting_limit: DEPTH_MAX,
        },
        with_snippet: false,
        strict_booleans: true,
    };
    let found = serde_saphyr::from_multiple_with_options(text, options);
    found.map_err(|error| error.to_string().to_lowercase().replace('\n', " "))
}

/// A document with every field known and right, or all that is wrong with it.
fn manifest(document: Value, place: &str) -> Result<Manifest, Vec<String>> {
    let Value::Object(mut fields) = document else {
        return Err(vec![format!("{place}: expected keys and values")]);
    };
    let name = fields.remove("kind");
    let kind = name.as_ref().and_then(Value::as_str);
    let found = KINDS.iter().find(|known| Some(known.name) == kind);
    let Some(kind) = found else {
        let known: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        let known = known.join(", ");
        return Err(vec![match kind {
            Some(kind) => format!("{place}: kind {kind}: expected one of {known}"),
            None => format!("{place}: kind is missing: expected one of {known}"),
        }]);
    };
    let mut wrong = Vec::new();
    for (name, value) in &fields {
        match kind.fields.iter().find(|field| field.name == name) {
            None => {
                let known: Vec<&str> = kind.fields.iter().map(|field| field.name).collect();
                let text = format!("{place}: {name}: unknown field of {}", kind.name);
                wrong.push(format!("{text}; expected one of {}", known.join(", ")));
            }
            Some(field) if !value.is_null() => {
                if let Err(why) = (field.check)(value) {
                    wrong.push(format!("{place}: {name}: {why}"));
                }
            }
            Some(_) => {}
        }
    }
    let missing = kind.fields.iter().filter(|field| field.required);
    for field in missing.filter(|field| fields.get(field.name).is_none_or(Value::is_null)) {
        wrong.push(format!("{place}: {} is missing", field.name));
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    Ok(Manifest {
        kind,
        fields,
        place: place.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Vec<String> {
        match documents(text) {
            Err(why) => vec![why],
            Ok(found) => found
                .into_iter()
                .filter_map(|document| manifest(document, "a.yaml: document 1").err())
                .flatten()
                .collect(),
        }
    }

    #[test]
    fn a_good_document_passes() {
        let text = "kind: App\nname: shop\n---\nkind: Service\napp: shop\nname: api\nimage: nginx\nreplicas: 2\nenv: {A: \"1\"}\n";
        assert_eq!(check(text), Vec::<String>::new());
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let text = "kind: Service\napp: shop\nname: API\ncpu_limit: 1\nreplicas: 5000\nenv: {A: 1}\nimgae: x\n";
        let wrong = check(text).join("\n");
        for part in [
            "name: expected 1 to 30",
            "cpu_limit: expected a text",
            "replicas: expected 0 to 1000",
            "env: A: expected a text",
            "imgae: unknown field",
            "image is missing",
        ] {
            assert!(wrong.contains(part), "{part}: {wrong}");
        }
        assert!(check("name: x\n")[0].contains("kind is missing"));
        assert!(check("kind: Pod\n")[0].contains("kind Pod: expected one of"));
    }

    #[test]
    fn bombs_are_refused() {
        let aliases = "a: &a [x]\nb: [*a, *a]\n";
        let deep = format!("a: {}{}\n", "[".repeat(100), "]".repeat(100));
        let many = format!("a: [{}]\n", "x,".repeat(NODES_MAX + 1));
        let twice = "kind: App\nname: a\nname: b\n";
        for text in [aliases, &deep, &many, twice] {
            assert!(documents(text).is_err(), "{}", &text[..20.min(text.len())]);
        }
    }
}
