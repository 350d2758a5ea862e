//! `nimbus app`: what services belong to.

use super::client::{Call, Page, Session, api, segment};
use super::exit::{Code, Exit, Failure};
use super::fields::{self, Fields, Pair};
use super::table::{Col, col, wide};

const COLUMNS: &[Col] = &[
    col("NAME", "slug"),
    col("STATUS", "status"),
    col("SERVICES", "services"),
    col("DESCRIPTION", "description"),
    wide("ID", "id"),
    wide("TENANT", "tenant_id"),
    wide("CREATED", "created_at"),
];

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List apps.
    #[command(alias = "ls")]
    List(List),
    /// Show an app.
    #[command(alias = "describe")]
    Get(Named),
    /// Make an app.
    Create(Create),
    /// Change an app.
    Edit(Edit),
    /// Delete an app and its services.
    Delete(Named),
}

/// Options of `app list`.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    page: Page,
    /// Only apps in this state.
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,
}

/// One app.
#[derive(Debug, clap::Args)]
pub(super) struct Named {
    /// Id or slug.
    app: String,
}

/// Options of `app create`.
#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// Name; the slug is made from it.
    #[arg(value_parser = fields::title)]
    name: String,
    #[command(flatten)]
    shape: Shape,
}

/// Options of `app edit`.
#[derive(Debug, clap::Args)]
pub(super) struct Edit {
    /// Id or slug.
    app: String,
    /// New name.
    #[arg(long, value_parser = fields::title)]
    name: Option<String>,
    #[command(flatten)]
    shape: Shape,
}

/// What an app may be given.
#[derive(Debug, clap::Args)]
struct Shape {
    /// What it is for.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Something to remember about it; repeat for more.
    #[arg(long, value_name = "KEY=VALUE", value_parser = fields::pair)]
    metadata: Vec<Pair>,
    /// A variable of the environment of all its services; repeat for more.
    #[arg(long, value_name = "KEY=VALUE", value_parser = fields::env)]
    env: Vec<Pair>,
}

pub(super) fn run(session: &Session<'_>, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => {
            let call = Call::get(api("/apps"))
                .with("tenant_id", session.tenant_option())
                .with("status", args.status.as_deref());
            session.table(call, &args.page, COLUMNS)
        }
        Command::Get(args) => {
            let app = session.app(&args.app)?;
            session.console.show(app)?;
            Ok(Exit::Done)
        }
        Command::Create(args) => create(session, args),
        Command::Edit(args) => edit(session, args),
        Command::Delete(args) => delete(session, &args.app),
    }
}

fn shaped(fields: Fields, shape: &Shape) -> Fields {
    fields
        .set("description", shape.description.as_deref())
        .pairs("metadata", &shape.metadata)
        .pairs("env", &shape.env)
}

fn create(session: &Session<'_>, args: &Create) -> Result<Exit, Failure> {
    let fields = Fields::default()
        .set("name", Some(args.name.as_str()))
        .set("tenant_id", session.tenant_option());
    let call = Call::post(api("/apps")).body(shaped(fields, &args.shape).into_value());
    session.act(call, &format!("app {} created", args.name))
}

fn edit(session: &Session<'_>, args: &Edit) -> Result<Exit, Failure> {
    let fields = shaped(
        Fields::default().set("name", args.name.as_deref()),
        &args.shape,
    );
    if fields.is_empty() {
        let text = "expected something to change: --name, --description, --metadata or --env";
        return Err(Failure::new(Code::Usage, text));
    }
    let path = path(session, &args.app)?;
    let etag = session.get(&path)?.etag();
    let call = Call::patch(api(&path))
        .body(fields.into_value())
        .if_match(etag);
    session.act(call, &format!("app {} changed", args.app))
}

fn delete(session: &Session<'_>, app: &str) -> Result<Exit, Failure> {
    session.confirm(&format!("delete app {app} and its services"))?;
    let call = Call::delete(api(&path(session, app)?));
    session.act(call, &format!("app {app} is being deleted"))
}

/// Where an app stands, by its id where its slug is not alone.
fn path(session: &Session<'_>, app: &str) -> Result<String, Failure> {
    let found = session.app(app)?;
    let id = found["id"].as_str().unwrap_or(app);
    Ok(format!("/apps/{}", segment(id)))
}
