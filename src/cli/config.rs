//! `nimbus config`: the effective configuration of the service, and where each value comes from.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::exit::{Exit, Failure};
use super::output::Console;
use super::serve;
use crate::config::{Loaded, Origin};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Print the effective configuration.
    View {
        /// Say where each value comes from.
        #[arg(long)]
        origins: bool,
        #[command(flatten)]
        serve: serve::Args,
    },
    /// Check that the service would take the configuration.
    Check {
        #[command(flatten)]
        serve: serve::Args,
    },
}

pub(super) fn run(
    console: &Console,
    file: Option<&Path>,
    command: &Command,
) -> Result<Exit, Failure> {
    match command {
        Command::View { origins, serve } => view(console, &serve.load(file)?, *origins),
        Command::Check { serve } => {
            let loaded = serve.load(file)?;
            let changed = loaded
                .origins
                .values()
                .filter(|(_, from)| *from != Origin::Default);
            let changed = changed.count();
            let text = format!("the configuration is fine; {changed} values are set\n");
            console.answer(&text, || json!({ "valid": true, "set": changed }))?;
            Ok(Exit::Done)
        }
    }
}

fn view(console: &Console, loaded: &Loaded, origins: bool) -> Result<Exit, Failure> {
    let lines = loaded
        .origins
        .iter()
        .map(|(key, (value, origin))| match origins {
            true => format!("{key} = {value}    # {origin}\n"),
            false => format!("{key} = {value}\n"),
        });
    let text: String = lines.collect();
    console.answer(&text, || {
        let row = |(key, (value, origin)): (&String, &(String, Origin))| {
            let shown = match origins {
                true => json!({ "value": value, "origin": origin.to_string() }),
                false => json!(value),
            };
            (key.clone(), shown)
        };
        Value::Object(loaded.origins.iter().map(row).collect::<Map<_, _>>())
    })?;
    Ok(Exit::Done)
}
