//! `nimbus key`: API keys.

use super::client::{Call, Page, Session, api, segment};
use super::exit::{Exit, Failure};
use super::fields::{self, Fields};
use super::table::{Col, col, wide};

const COLUMNS: &[Col] = &[
    col("NAME", "name"),
    col("PREFIX", "prefix"),
    col("SCOPES", "scopes"),
    col("EXPIRES", "expires_at"),
    col("LAST USED", "last_used_at"),
    wide("ID", "id"),
    wide("KIND", "kind"),
    wide("CREATED", "created_at"),
];

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List your keys; never their secrets.
    #[command(alias = "ls")]
    List(List),
    /// Make a key; its secret is shown once.
    Create(Create),
    /// End a key.
    Delete(One),
}

/// Options of `key list`.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    page: Page,
}

/// Options of `key create`.
#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// What it is for.
    #[arg(value_parser = fields::title)]
    name: String,
    /// What it may do, as in `deployments:read,deployments:write`; all that you may if nothing is said.
    #[arg(long, value_delimiter = ',', value_name = "SCOPE,…")]
    scopes: Vec<String>,
    /// Role that it is limited to; never more than your own.
    #[arg(long, value_parser = ["team_admin", "developer", "viewer"])]
    role: Option<String>,
    /// After so many days it ends.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    expires_in_days: Option<u32>,
}

/// One key.
#[derive(Debug, clap::Args)]
pub(super) struct One {
    /// Id of the key.
    key: String,
}

pub(super) fn run(session: &Session<'_>, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => session.table(Call::get(api("/api-keys")), &args.page, COLUMNS),
        Command::Create(args) => create(session, args),
        Command::Delete(args) => {
            session.confirm(&format!("end key {}", args.key))?;
            let call = Call::delete(api(&format!("/api-keys/{}", segment(&args.key))));
            session.act(call, &format!("key {} ended", args.key))
        }
    }
}

fn create(session: &Session<'_>, args: &Create) -> Result<Exit, Failure> {
    let scopes = (!args.scopes.is_empty()).then(|| args.scopes.clone());
    let fields = Fields::default()
        .set("name", Some(args.name.as_str()))
        .set("kind", Some("bearer"))
        .set("scopes", scopes)
        .set("role", args.role.as_deref())
        .set("expires_in_days", args.expires_in_days)
        .set("tenant_id", session.tenant_option());
    let answer = session.write(Call::post(api("/api-keys")).body(fields.into_value()))?;
    let secret = answer.body["key"].as_str().unwrap_or_default().to_owned();
    let text = if session.remote.tries() {
        String::new()
    } else {
        format!("{secret}\n")
    };
    session.console.answer(&text, || answer.body)?;
    session
        .console
        .note("this is shown once; keep it where nobody else reads it");
    Ok(Exit::Done)
}
