//! Names of live objects for completions: quickly or not at all, and never a word of complaint.

use clap::ValueEnum;

use super::client::{Call, Client, Remote, Settings, api};
use super::exit::{Exit, Failure};
use super::output::Console;

/// Most names that are offered.
const NAMES_MAX: u32 = 500;

/// Options of `__complete`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Names of what.
    noun: Noun,
}

/// What names can be offered of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Noun {
    /// Tenants, by slug.
    Tenant,
    /// Apps, by slug.
    App,
    /// Services, as APP/SERVICE.
    Service,
    /// Policies, by id.
    Policy,
    /// Invoices, by id.
    Invoice,
    /// API keys, by id.
    Key,
    /// Runs, by id.
    Run,
    /// Operations, by id.
    Operation,
    /// Nodes, by name.
    Node,
    /// Contexts, by name.
    Context,
}

impl Noun {
    /// Where the list stands and which field names its items.
    const fn list(self) -> (&'static str, &'static str) {
        match self {
            Noun::Tenant => ("/tenants", "slug"),
            Noun::App | Noun::Service => ("/apps", "slug"),
            Noun::Policy => ("/policies", "id"),
            Noun::Invoice => ("/billing/invoices", "id"),
            Noun::Key => ("/api-keys", "id"),
            Noun::Run => ("/runs", "id"),
            Noun::Operation => ("/operations", "id"),
            Noun::Node => ("/nodes", "name"),
            Noun::Context => ("", "name"),
        }
    }
}

/// Prints names, one a line. Whatever goes wrong, a shell sees only that there are none.
pub(super) fn run(console: &Console, remote: &Remote, args: &Args) -> Result<Exit, Failure> {
    let names = names(remote, args.noun).unwrap_or_default();
    let text: String = names.iter().map(|name| format!("{name}\n")).collect();
    console.answer(&text, || names.into())?;
    Ok(Exit::Done)
}

fn names(remote: &Remote, noun: Noun) -> Result<Vec<String>, Failure> {
    let settings = Settings::load(remote)?;
    if noun == Noun::Context {
        return Ok(settings.contexts().keys().cloned().collect());
    }
    let (path, field) = noun.list();
    let target = settings.target(remote)?;
    let call = Call::get(api(path))
        .with(
            "tenant_id",
            target.tenant.clone().filter(|_| path == "/apps"),
        )
        .with("limit", Some(NAMES_MAX));
    let body = Client::new(target)?.probe(&call)?.body;
    let items = body["items"].as_array().cloned().unwrap_or_default();
    let name = |item: &serde_json::Value| item[field].as_str().map(str::to_owned);
    if noun != Noun::Service {
        return Ok(items.iter().filter_map(name).collect());
    }
    let services = items.iter().flat_map(|app| {
        let slug = app["slug"].as_str().unwrap_or_default().to_owned();
        let names = app["services"].as_array().cloned().unwrap_or_default();
        names.into_iter().filter_map(move |service| {
            service["name"]
                .as_str()
                .map(|name| format!("{slug}/{name}"))
        })
    });
    Ok(services.collect())
}
