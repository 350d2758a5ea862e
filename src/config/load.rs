//! Reading the configuration: defaults, a file, variables, flags; and where each value came from.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use config::{ConfigError, File, FileFormat, Value, ValueKind};

use super::{Config, Kind, Speed};

/// Every key with its default and what it means.
pub const MANUAL: &str = include_str!("default.toml");

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The file.
    File(String),
    /// A variable.
    Variable(String),
    /// A flag of the command line.
    Flag(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(file) => write!(f, "file {file}"),
            Origin::Variable(name) => write!(f, "variable {name}"),
            Origin::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// The configuration, and where its values came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The configuration; its parts go together.
    pub config: Config,
    /// For each key, its value as text and its origin, in order.
    pub origins: BTreeMap<String, (String, Origin)>,
}

/// What is wrong with the configuration: one sentence for each thing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct BadConfig(pub Vec<String>);

impl From<ConfigError> for BadConfig {
    fn from(error: ConfigError) -> BadConfig {
        BadConfig(vec![error.to_string()])
    }
}

/// Reads the configuration. `variable` gives the environment, `flags` are (key, value, name of the flag).
///
/// # Errors
/// A file that cannot be read, an unknown key, a value that does not fit, parts that do not go together.
pub fn load(
    file: Option<&Path>,
    variable: impl Fn(&str) -> Option<String>,
    flags: &[(&str, String, &str)],
) -> Result<Loaded, BadConfig> {
    let mut builder = config::Config::builder();
    builder = builder.add_source(File::from_str(MANUAL, FileFormat::Toml));
    let mut given = BTreeMap::new();
    if let Some(path) = file {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|error| BadConfig(vec![format!("{}: {error}", path.display())]))?;
        let source = config::Config::builder().add_source(File::from_str(&text, FileFormat::Toml));
        let source = source.build().map_err(|error| named(path, &error))?;
        flatten("", source.cache.clone(), &mut given);
        builder = builder.add_source(source);
    }
    let mut known = BTreeMap::new();
    let manual = config::Config::builder().add_source(File::from_str(MANUAL, FileFormat::Toml));
    flatten("", manual.build()?.cache, &mut known);
    let mut origins = BTreeMap::new();
    for (key, default) in &known {
        let name = format!("NIMBUS_{}", key.replace('.', "_").to_uppercase());
        let flag = flags.iter().rev().find(|(of, _, _)| of == key);
        let origin = if let Some((_, value, flag)) = flag {
            builder = builder.set_override(key, fit(value, default))?;
            Origin::Flag((*flag).to_owned())
        } else if let Some(value) = variable(&name) {
            builder = builder.set_override(key, fit(&value, default))?;
            Origin::Variable(name)
        } else if given.contains_key(key) {
            Origin::File(file.map_or_else(String::new, |path| path.display().to_string()))
        } else {
            Origin::Default
        };
        origins.insert(key.clone(), origin);
    }
    let built = builder.build()?;
    let config: Config = built.clone().try_deserialize()?;
    config.check().map_err(BadConfig)?;
    let mut values = BTreeMap::new();
    flatten("", built.cache, &mut values);
    let shown = origins.into_iter().map(|(key, origin)| {
        let value = values.get(&key).map(show).unwrap_or_default();
        (key, (value, origin))
    });
    Ok(Loaded {
        config,
        origins: shown.collect(),
    })
}

fn named(path: &Path, error: &ConfigError) -> BadConfig {
    BadConfig(vec![format!("{}: {error}", path.display())])
}

/// Every key with its value: `server.listen`, …
fn flatten(prefix: &str, value: Value, into: &mut BTreeMap<String, Value>) {
    match value.kind {
        ValueKind::Table(table) => {
            for (key, value) in table {
                let key = if prefix.is_empty() {
                    key
                } else {
                    format!("{prefix}.{key}")
                };
                flatten(&key, value, into);
            }
        }
        _ => {
            into.insert(prefix.to_owned(), value);
        }
    }
}

/// A text as a value of the kind of the default; what does not fit stays a text, and is refused by its type.
fn fit(text: &str, default: &Value) -> ValueKind {
    match &default.kind {
        ValueKind::Boolean(_) => text
            .parse()
            .map_or_else(|_| text.into(), ValueKind::Boolean),
        ValueKind::I64(_) => text.parse().map_or_else(|_| text.into(), ValueKind::I64),
        ValueKind::Array(_) => {
            let items = text.split(',').filter(|item| !item.is_empty());
            let items: Vec<Value> = items.map(|item| Value::new(None, item)).collect();
            ValueKind::Array(items)
        }
        _ => text.into(),
    }
}

fn show(value: &Value) -> String {
    match &value.kind {
        ValueKind::Array(items) => items.iter().map(show).collect::<Vec<_>>().join(","),
        _ => value.to_string(),
    }
}

impl FromStr for Kind {
    type Err = String;
    fn from_str(text: &str) -> Result<Kind, String> {
        match text {
            "sim" => Ok(Kind::Sim),
            _ => Err(format!("\"{text}\" is no kind of cluster: expected sim")),
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("sim")
    }
}

impl FromStr for Speed {
    type Err = String;
    fn from_str(text: &str) -> Result<Speed, String> {
        let times = || {
            text.parse()
                .ok()
                .filter(|times| (1..=100_000).contains(times))
        };
        match text {
            "max" => Ok(Speed::Max),
            "paused" => Ok(Speed::Paused),
            _ => times().map(Speed::Times).ok_or_else(|| {
                format!("\"{text}\" is no speed: expected 1..100000, max or paused")
            }),
        }
    }
}

impl std::fmt::Display for Speed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Speed::Times(times) => write!(f, "{times}"),
            Speed::Max => f.write_str("max"),
            Speed::Paused => f.write_str("paused"),
        }
    }
}

/// Texts of which the empty one means "not set".
pub(super) mod unset {
    use std::fmt::Display;
    use std::path::PathBuf;
    use std::str::FromStr;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    /// What stands in such a text.
    pub(in crate::config) trait Text: Sized {
        fn read(text: String) -> Result<Self, String>;
        fn show(&self) -> String;
    }

    macro_rules! parsed {
        ($($kind:ty),*) => {
            $(impl Text for $kind {
                fn read(text: String) -> Result<Self, String> {
                    <$kind>::from_str(&text).map_err(|error| error.to_string())
                }
                fn show(&self) -> String {
                    self.to_string()
                }
            })*
        };
    }

    parsed! { super::Kind, super::Speed, std::net::SocketAddr, String }

    impl Text for PathBuf {
        fn read(text: String) -> Result<Self, String> {
            Ok(text.into())
        }
        fn show(&self) -> String {
            self.display().to_string()
        }
    }

    /// Writes the text, or an empty one.
    pub(in crate::config) fn serialize<T: Text, S: Serializer>(
        value: &Option<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let text: &dyn Display = &value.as_ref().map(Text::show).unwrap_or_default();
        to.collect_str(text)
    }

    /// Reads a text; the empty one is nothing.
    pub(in crate::config) fn deserialize<'de, T: Text, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<T>, D::Error> {
        let text = String::deserialize(from)?;
        if text.is_empty() {
            return Ok(None);
        }
        T::read(text).map(Some).map_err(D::Error::custom)
    }
}
