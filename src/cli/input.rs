//! What a command is given: scenario files, bundled scenarios by name, policies, `--set`.

use std::path::{Path, PathBuf};

use nimbus_sim::scenario::{self, Override, Problem, Scenario};

use super::exit::{Code, Failure};
use super::output;

/// Scores that `--compare` takes by name.
pub(super) const SCORES: [&str; 4] = ["busiest_cpu", "best_fit", "first_fit", "spread"];

/// Scenarios inside the binary: those that need no trace file. (name, text).
pub(super) const BUNDLED: &[(&str, &str)] = &[
    ("dev", crate::cluster::sim::DEV),
    ("flap", include_str!("../../scenarios/flap.toml")),
    (
        "fleet-100k",
        include_str!("../../scenarios/fleet-100k.toml"),
    ),
    ("proration", include_str!("../../scenarios/proration.toml")),
    (
        "quickstart",
        include_str!("../../scenarios/quickstart.toml"),
    ),
    (
        "quota-race",
        include_str!("../../scenarios/quota-race.toml"),
    ),
    (
        "rolling-update",
        include_str!("../../scenarios/rolling-update.toml"),
    ),
];

/// Where scenarios stand beside the working folder.
pub(super) const FOLDER: &str = "scenarios";

/// A scenario's text and the name it goes by in messages.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) file: String,
    pub(super) text: String,
    /// Where it stands on disk; `None` for a bundled one.
    pub(super) path: Option<PathBuf>,
}

impl Source {
    /// Finds a scenario: a file, or the bare name of one in `scenarios/` or inside the binary.
    pub(super) fn find(input: &str) -> Result<Source, Failure> {
        let path = Path::new(input);
        let bare = !input.contains(['/', '\\']) && path.extension().is_none();
        if bare && !path.is_file() {
            return by_name(input);
        }
        Ok(Source {
            file: input.to_owned(),
            text: output::read(path)?,
            path: Some(path.to_owned()),
        })
    }

    /// Reads it, with overrides; its traces are not read.
    pub(super) fn parse(&self, overrides: &[Override]) -> Result<Scenario, Failure> {
        scenario::parse_with(&self.text, &self.file, overrides).map_err(Failure::problems)
    }

    /// As the simulator takes it.
    pub(super) fn simulated(&self) -> nimbus_sim::run::Source {
        nimbus_sim::run::Source {
            text: self.text.clone(),
            file: self.file.clone(),
        }
    }

    /// The golden report beside it, if it has a place for one.
    pub(super) fn golden(&self) -> Option<PathBuf> {
        let path = self.path.as_ref()?;
        let name = path.file_stem()?.to_str()?;
        Some(path.parent()?.join("golden").join(format!("{name}.txt")))
    }
}

fn by_name(name: &str) -> Result<Source, Failure> {
    let path = Path::new(FOLDER).join(format!("{name}.toml"));
    if path.is_file() {
        return Ok(Source {
            file: path.display().to_string(),
            text: output::read(&path)?,
            path: Some(path),
        });
    }
    let bundled = BUNDLED.iter().find(|(known, _)| *known == name);
    bundled.map_or_else(
        || Err(unknown(name)),
        |(_, text)| {
            let file = format!("{name}.toml");
            Ok(Source {
                file,
                text: (*text).to_owned(),
                path: None,
            })
        },
    )
}

fn unknown(name: &str) -> Failure {
    let text = format!(
        "{name}: no such file and no scenario of this name; `nimbus scenario list` shows them"
    );
    Failure::new(Code::File, text)
}

/// Reads `key=value`.
pub(super) fn key_value(text: &str) -> Result<Override, String> {
    Override::parse(text).map_err(|problem| problem.message)
}

/// One side of a comparison: a score's name, a policy file, or `key=value,…`.
pub(super) fn side(text: &str) -> Result<Vec<Override>, Failure> {
    if SCORES.contains(&text) {
        return Ok(vec![Override {
            key: "scheduler.score".into(),
            value: text.into(),
        }]);
    }
    if text.ends_with(".toml") {
        return policy(Path::new(text));
    }
    let pairs = text.split(',').map(|pair| {
        key_value(pair).map_err(|_| {
            let scores = SCORES.join(", ");
            Failure::new(
                Code::Usage,
                format!(
                    "{text}: expected a score ({scores}), a policy file (.toml) or key=value,…"
                ),
            )
        })
    });
    pairs.collect()
}

/// Reads a policy file: tables of the scenario with the values to replace.
pub(super) fn policy(path: &Path) -> Result<Vec<Override>, Failure> {
    let text = output::read(path)?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error
            .span()
            .map_or(0, |span| text[..span.start].matches('\n').count() + 1);
        Failure::problems(vec![Problem {
            file: path.display().to_string(),
            line,
            key: String::new(),
            message: error.message().to_lowercase().replace('\n', " "),
        }])
    })?;
    let mut overrides = Vec::new();
    flatten("", &toml::Value::Table(table), &mut overrides);
    Ok(overrides)
}

fn flatten(prefix: &str, value: &toml::Value, overrides: &mut Vec<Override>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let dot = if prefix.is_empty() { "" } else { "." };
                flatten(&format!("{prefix}{dot}{key}"), value, overrides);
            }
        }
        value => overrides.push(Override {
            key: prefix.to_owned(),
            value: value.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_is_a_score_a_file_or_pairs() {
        assert_eq!(side("best_fit").unwrap()[0].key, "scheduler.score");
        let pairs = side("a.b=1,c=x").unwrap();
        assert_eq!(
            (pairs[0].key.as_str(), pairs[1].value.as_str()),
            ("a.b", "x")
        );
        assert!(side("worst_fit").is_err());
        assert!(side("=1").is_err());
    }

    #[test]
    fn a_policy_file_becomes_dotted_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.toml");
        std::fs::write(
            &path,
            "[scheduler]\nscore = \"spread\"\n[autoscaler.web]\nup_percent = 80\n",
        )
        .unwrap();
        let overrides = policy(&path).unwrap();
        let pairs: Vec<_> = overrides
            .iter()
            .map(|o| (o.key.as_str(), o.value.as_str()))
            .collect();
        assert_eq!(
            pairs,
            [
                ("autoscaler.web.up_percent", "80"),
                ("scheduler.score", "\"spread\"")
            ]
        );
        std::fs::write(&path, "\n[scheduler\n").unwrap();
        let text = policy(&path)
            .unwrap_err()
            .texts()
            .next()
            .unwrap()
            .to_owned();
        assert!(text.contains("p.toml:2: "), "{text}");
    }

    #[test]
    fn an_unknown_name_says_where_names_are_listed() {
        let failure = Source::find("no-such-thing").unwrap_err();
        assert!(failure.texts().next().unwrap().contains("scenario list"));
    }
}
