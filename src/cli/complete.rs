//! Names of live objects for completions: quickly or not at all, and never a word of complaint.

use clap::ValueEnum;
use clap_complete::Shell;

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

/// Which names an argument takes.
fn noun_of(arg: &clap::Arg) -> Option<&'static str> {
    let names = [
        "tenant",
        "app",
        "service",
        "policy",
        "invoice",
        "key",
        "run",
        "operation",
        "node",
    ];
    let id = arg.get_id().as_str();
    names
        .into_iter()
        .find(|name| *name == id && arg.is_positional())
}

/// Commands whose first argument is a name: path of words, noun.
fn named(command: &clap::Command, path: &[String], found: &mut Vec<(Vec<String>, &'static str)>) {
    if let Some(noun) = command.get_positionals().next().and_then(noun_of) {
        found.push((path.to_vec(), noun));
    }
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let mut path = path.to_vec();
        path.push(sub.get_name().to_owned());
        if sub.get_name() != "help" {
            named(sub, &path, found);
        }
    }
}

/// A script that asks for names too. PowerShell and Elvish complete commands and options only.
pub(super) fn live(shell: Shell, tree: &clap::Command, script: String) -> String {
    let mut found = Vec::new();
    named(tree, &[], &mut found);
    match shell {
        Shell::Bash => bash(&found, &script),
        Shell::Zsh => zsh(script),
        Shell::Fish => fish(&found, &script),
        _ => script,
    }
}

fn bash(found: &[(Vec<String>, &'static str)], script: &str) -> String {
    let arms: String = found
        .iter()
        .map(|(path, noun)| {
            let pattern = path.join(" ");
            format!(
                "        \"{pattern}\") (( COMP_CWORD == {} )) && noun={noun} ;;\n",
                path.len() + 1
            )
        })
        .collect();
    format!(
        r#"{script}
_nimbus_live() {{
    _nimbus "$@"
    local noun="" cur="${{COMP_WORDS[COMP_CWORD]}}" words="${{COMP_WORDS[*]:1:COMP_CWORD-1}}"
    case "$words" in
{arms}    esac
    if [[ -n "$noun" && "$cur" != -* ]]; then
        COMPREPLY=( $(compgen -W "$(nimbus __complete "$noun" 2>/dev/null)" -- "$cur") )
    fi
}}
complete -F _nimbus_live -o nosort -o bashdefault -o default nimbus
"#
    )
}

/// In zsh an argument says itself how it is completed.
fn zsh(script: String) -> String {
    let mut out = String::with_capacity(script.len() + 1024);
    for line in script.lines() {
        let start = line.trim_start_matches([' ', '\'', ':']);
        let noun = start.split(" -- ").next().unwrap_or_default();
        let known = Noun::from_str(noun, false).is_ok() && line.contains(":_default'");
        if known {
            out.push_str(&line.replace(":_default'", &format!(":_nimbus_live {noun}'")));
        } else {
            out.push_str(line);
        }
        out.push('\n');
    }
    let function =
        "_nimbus_live() {\n    compadd -- ${(f)\"$(nimbus __complete $1 2>/dev/null)\"}\n}\n";
    match out.find("_nimbus() {") {
        Some(at) => {
            out.insert_str(at, &format!("{function}\n"));
            out
        }
        None => out + function,
    }
}

fn fish(found: &[(Vec<String>, &'static str)], script: &str) -> String {
    let lines = found.iter().map(|(path, noun)| {
        let seen: Vec<String> = path
            .iter()
            .map(|word| format!("__fish_seen_subcommand_from {word}"))
            .collect();
        format!(
            "complete -c nimbus -n \"{}\" -f -a \"(nimbus __complete {noun} 2>/dev/null)\"\n",
            seen.join("; and ")
        )
    });
    format!("{script}{}", lines.collect::<String>())
}
