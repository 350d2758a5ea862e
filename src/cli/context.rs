//! `nimbus context` and `configure`: addresses and users of servers under names.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::json;

use super::client::{Context, Credential, Remote, Settings, address};
use super::exit::{Code, Exit, Failure};
use super::output::{self, Console};
use super::table::Table;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List contexts.
    #[command(alias = "ls")]
    List,
    /// Make a context the current one.
    Use(Named),
    /// Make a context, or change it: with `--server`, `--tenant` and `--ca`.
    Set(Set),
    /// Delete a context and its token.
    Delete(Named),
}

/// One context.
#[derive(Debug, clap::Args)]
pub(super) struct Named {
    /// Name of the context.
    name: String,
}

/// Options of `context set`.
#[derive(Debug, clap::Args)]
pub(super) struct Set {
    /// Name of the context.
    name: String,
    /// File with certificates to trust beside the system's, in PEM form.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Make it the current one too.
    #[arg(long = "use")]
    current: bool,
}

/// Options of `configure`.
#[derive(Debug, clap::Args)]
pub(super) struct Configure {
    /// Client file: JSON with `api_url`, and `tls_ca`, `token` or `api_key` if there is one.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// Name of the context that is made.
    #[arg(default_value = "imported")]
    name: String,
}

pub(super) fn run(console: &Console, remote: &Remote, command: &Command) -> Result<Exit, Failure> {
    let mut settings = Settings::load(remote)?;
    match command {
        Command::List => list(console, &settings),
        Command::Use(args) => {
            settings.use_context(&args.name)?;
            said(console, &args.name, "is the current context")
        }
        Command::Set(args) => {
            let context = changed(&settings, remote, args)?;
            settings.set(&args.name, context, args.current)?;
            said(console, &args.name, "is kept")
        }
        Command::Delete(args) => {
            settings.remove(&args.name)?;
            said(console, &args.name, "is deleted, its token too")
        }
    }
}

fn said(console: &Console, name: &str, what: &str) -> Result<Exit, Failure> {
    console.answer(
        &format!("context {name} {what}\n"),
        || json!({ "name": name }),
    )?;
    Ok(Exit::Done)
}

fn changed(settings: &Settings, remote: &Remote, args: &Set) -> Result<Context, Failure> {
    let mut context = settings
        .contexts()
        .get(&args.name)
        .cloned()
        .unwrap_or_default();
    if let Some(server) = &remote.server {
        context.server = Some(address(server)?);
    }
    if let Some(tenant) = &remote.tenant {
        context.tenant = Some(tenant.clone()).filter(|tenant| !tenant.is_empty());
    }
    if let Some(ca) = &args.ca {
        context.ca = Some(absolute(ca)?);
    }
    if context == Context::default() {
        let text = format!("context {}: expected --server, --tenant or --ca", args.name);
        return Err(Failure::new(Code::Usage, text));
    }
    Ok(context)
}

fn absolute(path: &std::path::Path) -> Result<PathBuf, Failure> {
    path.canonicalize()
        .map_err(|error| Failure::file(path, &error))
}

fn list(console: &Console, settings: &Settings) -> Result<Exit, Failure> {
    let mut table = Table::new(&["current", "name", "server", "tenant", "token"]);
    for (name, context) in settings.contexts() {
        let current = settings.current() == Some(name);
        let token = match settings.credential(name) {
            Ok(None) => "none",
            Ok(Some(_)) => "kept",
            Err(_) => "unusable; see nimbus doctor --local",
        };
        table.row(vec![
            if current { "*" } else { "" }.to_owned(),
            name.clone(),
            context.server.clone().unwrap_or_default(),
            context.tenant.clone().unwrap_or_default(),
            token.to_owned(),
        ]);
    }
    console.table(table)?;
    Ok(Exit::Done)
}

/// A client file of another system. Keys that sign requests are not taken over: nothing here signs requests.
#[derive(Debug, Deserialize)]
struct Foreign {
    api_url: String,
    tls_ca: Option<String>,
    token: Option<String>,
    api_key: Option<String>,
    access_key: Option<String>,
}

/// Makes a context from a client file.
pub(super) fn configure(
    console: &Console,
    remote: &Remote,
    args: &Configure,
) -> Result<Exit, Failure> {
    let text = output::read(&args.from)?;
    let bad = |error: serde_json::Error| {
        Failure::new(Code::Invalid, format!("{}: {error}", args.from.display()))
    };
    let foreign: Foreign = serde_json::from_str(&text).map_err(bad)?;
    let mut settings = Settings::load(remote)?;
    let server = address(&foreign.api_url)?;
    let mut context = Context {
        server: Some(server.clone()),
        ..Context::default()
    };
    if let Some(pem) = &foreign.tls_ca {
        let path = settings.path().with_file_name(format!("{}.pem", args.name));
        settings.set(&args.name, context.clone(), true)?; // makes the folder
        output::write(&path, pem.as_bytes())?;
        context.ca = Some(path);
    }
    settings.set(&args.name, context, true)?;
    if let Some(token) = foreign.token.or(foreign.api_key) {
        let credential = Credential {
            token,
            server,
            expires_at: None,
        };
        settings.keep(&args.name, &credential)?;
    }
    if foreign.access_key.is_some() {
        console.note("access_key and secret_key were left out: sign in with `nimbus login`");
    }
    said(console, &args.name, "is the current context")
}
