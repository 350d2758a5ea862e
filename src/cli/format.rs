//! How a command answers: the formats of `-o`, and one value rendered in each of them.

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use jsonpath_rust::JsonPath;
use serde_json::Value;

use super::exit::{Code, Failure};

/// How a command answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// For people.
    Table,
    /// For people with room: more columns.
    Wide,
    /// For programs: one object, or one a line where a command answers several times.
    Json,
    /// The same as YAML.
    Yaml,
    /// Only what other commands take as a name, one a line.
    Name,
    /// What a JSON path selects, one a line.
    JsonPath(String),
}

/// Longest JSON path that is taken.
const PATH_MAX: usize = 1024;

impl Output {
    /// Reads the value of `-o`.
    pub(crate) fn parse(text: &str) -> Option<Output> {
        match text {
            "table" => Some(Output::Table),
            "wide" => Some(Output::Wide),
            "json" => Some(Output::Json),
            "yaml" => Some(Output::Yaml),
            "name" => Some(Output::Name),
            _ => {
                let path = text.strip_prefix("jsonpath=")?;
                let path = rooted(path.trim());
                let readable =
                    path.len() <= PATH_MAX && jsonpath_rust::parser::parse_json_path(&path).is_ok();
                readable.then_some(Output::JsonPath(path))
            }
        }
    }

    /// Whether a program reads the answer.
    pub(crate) fn machine(&self) -> bool {
        !matches!(self, Output::Table | Output::Wide)
    }

    /// One value, ending with a line end if there is anything to say.
    pub(crate) fn render(&self, value: &Value) -> Result<String, Failure> {
        Ok(match self {
            Output::Yaml => yaml(value),
            Output::Name => names(value)
                .iter()
                .map(|name| format!("{name}\n"))
                .collect(),
            Output::JsonPath(path) => select(value, path)?,
            Output::Json | Output::Table | Output::Wide => pretty(value),
        })
    }

    /// One value of many, in a form that can follow others.
    pub(crate) fn line(&self, value: &Value) -> Result<String, Failure> {
        Ok(match self {
            Output::Json => format!("{value}\n"),
            Output::Yaml => format!("---\n{}", yaml(value)),
            _ => self.render(value)?,
        })
    }
}

/// A path as people write it: with braces as in kubectl, or without the root.
fn rooted(path: &str) -> String {
    let inner = path
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .unwrap_or(path);
    match inner.chars().next() {
        Some('$') => inner.to_owned(),
        Some('.' | '[') => format!("${inner}"),
        _ => format!("$.{inner}"),
    }
}

/// Indented JSON with a final line end.
pub(crate) fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn yaml(value: &Value) -> String {
    let text = serde_saphyr::to_string(value).expect("JSON is plain data");
    if text.ends_with('\n') {
        text
    } else {
        text + "\n"
    }
}

fn select(value: &Value, path: &str) -> Result<String, Failure> {
    let found = value
        .query(path)
        .map_err(|error| Failure::new(Code::Usage, format!("-o jsonpath={path}: {error}")))?;
    let line = |value: &&Value| match value {
        Value::String(text) => format!("{text}\n"),
        other => format!("{other}\n"),
    };
    Ok(found.iter().map(line).collect())
}

/// What names a thing to other commands, best first.
const NAMES: [&str; 9] = [
    "slug", "id", "name", "uid", "key", "number", "code", "file", "scenario",
];

/// Names of everything in an answer: of the items of a list, or of the one thing.
fn names(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(names).collect(),
        Value::Object(object) => match object.get("items") {
            Some(Value::Array(items)) => items.iter().flat_map(names).collect(),
            _ => name(value).into_iter().collect(),
        },
        Value::String(text) => vec![text.clone()],
        _ => Vec::new(),
    }
}

/// Tenants go by slug; what is unique only inside its parent goes by id.
fn name(value: &Value) -> Option<String> {
    let parented = ["tenant_id", "app_id", "service_id"]
        .iter()
        .any(|parent| value.get(parent).is_some());
    let order = NAMES.iter().filter(|name| !(parented && **name == "slug"));
    let found = order
        .filter_map(|name| value.get(name))
        .find(|v| !v.is_null())?;
    Some(match found {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

/// Reads `-o` and lists what it takes in help and completions.
#[derive(Clone, Debug)]
pub(crate) struct OutputParser;

const FORMATS: [(&str, &str); 6] = [
    ("table", "for people"),
    ("wide", "for people, with more columns"),
    ("json", "for programs"),
    ("yaml", "for programs, as YAML"),
    ("name", "only names, one a line"),
    (
        "jsonpath=",
        "what a JSON path selects, as in jsonpath=$.items[*].id",
    ),
];

impl TypedValueParser for OutputParser {
    type Value = Output;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Output, clap::Error> {
        let text = value.to_string_lossy();
        Output::parse(&text).ok_or_else(|| {
            let mut error = clap::Error::new(ErrorKind::InvalidValue).with_cmd(command);
            let name = arg.map_or_else(|| "--output".to_owned(), ToString::to_string);
            error.insert(ContextKind::InvalidArg, ContextValue::String(name));
            let value = ContextValue::String(text.into_owned());
            error.insert(ContextKind::InvalidValue, value);
            let valid = FORMATS.iter().map(|(name, _)| (*name).to_owned()).collect();
            error.insert(ContextKind::ValidValue, ContextValue::Strings(valid));
            error
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let values = FORMATS
            .iter()
            .map(|(name, help)| PossibleValue::new(*name).help(*help));
        Some(Box::new(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(output: &str, value: &Value, expected: &str) {
        let output = Output::parse(output).unwrap();
        assert_eq!(output.render(value).unwrap(), expected);
    }

    #[test]
    fn one_value_has_every_form() {
        let list =
            json!({ "items": [{ "id": "ten-1", "slug": "acme" }, { "id": "x", "slug": "umbra" }] });
        check("name", &list, "acme\numbra\n");
        check("jsonpath=$.items[*].id", &list, "ten-1\nx\n");
        check("jsonpath={.items[0].slug}", &list, "acme\n");
        check(
            "jsonpath=items[1]",
            &list,
            "{\"id\":\"x\",\"slug\":\"umbra\"}\n",
        );
        check("yaml", &json!({ "a": [1, "2"] }), "a:\n- 1\n- \"2\"\n");
    }

    #[test]
    fn what_has_a_parent_goes_by_its_id() {
        check(
            "name",
            &json!({ "id": "app-1", "slug": "shop", "tenant_id": "t" }),
            "app-1\n",
        );
        check("name", &json!({ "name": "node-a" }), "node-a\n");
        check("name", &json!([{ "number": 3 }]), "3\n");
    }

    #[test]
    fn an_unreadable_path_is_refused() {
        assert_eq!(Output::parse("jsonpath=$.["), None);
        assert_eq!(Output::parse("xml"), None);
        assert_eq!(
            Output::parse(&format!("jsonpath={}", "a".repeat(PATH_MAX + 1))),
            None
        );
    }
}
