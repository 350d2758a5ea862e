//! `nimbus tenant`: who shares the platform.

use serde_json::{Value, json};

use super::client::{Call, Page, Session, api, segment};
use super::events;
use super::exit::{Code, Exit, Failure};
use super::fields::{self, Fields, Pair};
use super::table::{Col, col, wide};
use super::why;

const COLUMNS: &[Col] = &[
    col("NAME", "slug"),
    col("STATUS", "status"),
    col("PLAN", "plan"),
    col("CPU", "used.cpu_m"),
    col("OF", "quota.cpu_m"),
    col("MEMORY", "used.memory_mb"),
    col("OF", "quota.memory_mb"),
    col("PODS", "used.pods"),
    wide("ID", "id"),
    wide("ORGANIZATION", "organization_id"),
    wide("NAMESPACE", "namespace"),
    wide("CREATED", "created_at"),
];

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List tenants.
    #[command(alias = "ls")]
    List(List),
    /// Show a tenant.
    #[command(alias = "describe")]
    Get(One),
    /// Make a tenant.
    Create(Create),
    /// Change a tenant.
    Edit(Edit),
    /// Delete a tenant and all that it has.
    Delete(Named),
    /// Stop all that a tenant runs; what it has stays.
    Suspend(Why),
    /// Start a suspended tenant again.
    Resume(Why),
    /// Show what a tenant has used.
    Usage(Usage),
    /// Show what a tenant may use, and uses.
    Quota(One),
    /// List what happened to a tenant.
    Events(Many),
    /// List what was decided for a tenant.
    Decisions(Decisions),
}

/// Options of `tenant list`.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    page: Page,
    /// Only tenants of this organization.
    #[arg(long, value_name = "ORGANIZATION")]
    organization: Option<String>,
    /// Only tenants in this state.
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,
    /// Only tenants with this label, as KEY=VALUE.
    #[arg(long, value_name = "KEY=VALUE", value_parser = fields::pair)]
    label: Option<Pair>,
}

/// One tenant, or the one that is meant.
#[derive(Debug, clap::Args)]
pub(super) struct One {
    /// Id or slug; without it `--tenant`, the context's, or your own.
    tenant: Option<String>,
}

/// One tenant.
#[derive(Debug, clap::Args)]
pub(super) struct Named {
    /// Id or slug.
    tenant: String,
}

/// One tenant and a list.
#[derive(Debug, clap::Args)]
pub(super) struct Many {
    /// Id or slug; without it `--tenant`, the context's, or your own.
    tenant: Option<String>,
    #[command(flatten)]
    page: Page,
}

/// Options of `tenant create`.
#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// Name; the slug is made from it.
    #[arg(value_parser = fields::title)]
    name: String,
    /// Short name for addresses: small letters, digits, hyphens.
    #[arg(long, value_parser = fields::tenant_slug)]
    slug: Option<String>,
    /// Organization that it belongs to; without it a new one is made.
    #[arg(long, value_name = "ORGANIZATION")]
    organization: Option<String>,
    /// Plan of the new organization.
    #[arg(long)]
    plan: Option<String>,
    #[command(flatten)]
    shape: Shape,
}

/// Options of `tenant edit`.
#[derive(Debug, clap::Args)]
pub(super) struct Edit {
    /// Id or slug.
    tenant: String,
    /// New name.
    #[arg(long, value_parser = fields::title)]
    name: Option<String>,
    #[command(flatten)]
    shape: Shape,
    /// Lower the quota even below what is used; growth is closed then.
    #[arg(long)]
    force: bool,
}

/// What a tenant may be given.
#[derive(Debug, clap::Args)]
struct Shape {
    /// What it may use, as in `cpu=4,memory=8Gi,pods=20`; the plan's if nothing is said.
    #[arg(long, value_name = "NAME=AMOUNT,…", value_parser = fields::quota)]
    quota: Option<Value>,
    /// How far it is kept apart: shared, namespace or dedicated.
    #[arg(long)]
    isolation: Option<String>,
    /// A label; repeat for more.
    #[arg(long, value_name = "KEY=VALUE", value_parser = fields::pair)]
    label: Vec<Pair>,
}

/// Options of `tenant suspend` and `resume`.
#[derive(Debug, clap::Args)]
pub(super) struct Why {
    /// Id or slug.
    tenant: String,
    /// Why; it stands in the audit log.
    #[arg(long, value_parser = fields::title)]
    reason: Option<String>,
}

/// Options of `tenant usage`.
#[derive(Debug, clap::Args)]
pub(super) struct Usage {
    /// Id or slug; without it `--tenant`, the context's, or your own.
    tenant: Option<String>,
    /// From this time on; by default from the beginning of the month.
    #[arg(long, value_name = "TIME", value_parser = fields::moment)]
    from: Option<String>,
    /// Up to this time; by default until now.
    #[arg(long, value_name = "TIME", value_parser = fields::moment)]
    to: Option<String>,
}

/// Options of `tenant decisions`.
#[derive(Debug, clap::Args)]
pub(super) struct Decisions {
    /// Id or slug; without it `--tenant`, the context's, or your own.
    tenant: Option<String>,
    /// Only of this kind: place, queue, scale, …
    #[arg(long)]
    kind: Option<String>,
    /// Only what was decided since this time.
    #[arg(long, value_name = "TIME", value_parser = fields::moment)]
    since: Option<String>,
    #[command(flatten)]
    page: Page,
}

pub(super) fn run(session: &Session<'_>, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list(session, args),
        Command::Get(args) => session.show(&path(session, args.tenant.as_deref(), "")?),
        Command::Create(args) => create(session, args),
        Command::Edit(args) => edit(session, args),
        Command::Delete(args) => delete(session, &args.tenant),
        Command::Suspend(args) => state(session, args, "suspend", "suspended"),
        Command::Resume(args) => state(session, args, "resume", "resumed"),
        Command::Usage(args) => usage(session, args),
        Command::Quota(args) => session.show(&path(session, args.tenant.as_deref(), "/quota")?),
        Command::Events(args) => {
            let path = path(session, args.tenant.as_deref(), "/events")?;
            session.table(Call::get(api(&path)), &args.page, events::COLUMNS)
        }
        Command::Decisions(args) => decisions(session, args),
    }
}

fn path(session: &Session<'_>, named: Option<&str>, rest: &str) -> Result<String, Failure> {
    let tenant = session.tenant(named)?;
    Ok(format!("/tenants/{}{rest}", segment(&tenant)))
}

fn list(session: &Session<'_>, args: &List) -> Result<Exit, Failure> {
    let label = args
        .label
        .as_ref()
        .map(|(key, value)| format!("{key}={value}"));
    let call = Call::get(api("/tenants"))
        .with("organization_id", args.organization.as_deref())
        .with("status", args.status.as_deref())
        .with("label", label);
    session.table(call, &args.page, COLUMNS)
}

fn shaped(fields: Fields, shape: &Shape) -> Fields {
    fields
        .set("quota", shape.quota.clone())
        .set("isolation", shape.isolation.as_deref())
        .pairs("labels", &shape.label)
}

fn create(session: &Session<'_>, args: &Create) -> Result<Exit, Failure> {
    let fields = Fields::default()
        .set("name", Some(args.name.as_str()))
        .set("slug", args.slug.as_deref())
        .set("organization_id", args.organization.as_deref())
        .set("plan", args.plan.as_deref());
    let call = Call::post(api("/tenants")).body(shaped(fields, &args.shape).into_value());
    session.act(call, &format!("tenant {} created", args.name))
}

fn edit(session: &Session<'_>, args: &Edit) -> Result<Exit, Failure> {
    let fields = shaped(
        Fields::default().set("name", args.name.as_deref()),
        &args.shape,
    );
    if fields.is_empty() {
        let text = "expected something to change: --name, --quota, --isolation or --label";
        return Err(Failure::new(Code::Usage, text));
    }
    let body = fields.set("force", args.force.then_some(true)).into_value();
    let path = format!("/tenants/{}", segment(&args.tenant));
    let etag = session.get(&path)?.etag();
    let call = Call::patch(api(&path)).body(body).if_match(etag);
    session.act(call, &format!("tenant {} changed", args.tenant))
}

fn delete(session: &Session<'_>, tenant: &str) -> Result<Exit, Failure> {
    session.confirm(&format!("delete tenant {tenant} and all that it has"))?;
    let call = Call::delete(api(&format!("/tenants/{}", segment(tenant))));
    session.act(call, &format!("tenant {tenant} is being deleted"))
}

fn state(session: &Session<'_>, args: &Why, verb: &str, done: &str) -> Result<Exit, Failure> {
    let path = api(&format!("/tenants/{}/{verb}", segment(&args.tenant)));
    let reason = args
        .reason
        .as_deref()
        .unwrap_or("asked for on the command line");
    let call = Call::post(path).body(json!({ "reason": reason }));
    session.act(call, &format!("tenant {} {done}", args.tenant))
}

fn usage(session: &Session<'_>, args: &Usage) -> Result<Exit, Failure> {
    let path = path(session, args.tenant.as_deref(), "/usage")?;
    let call = Call::get(api(&path))
        .with("from", args.from.as_deref())
        .with("to", args.to.as_deref());
    let answer = session.client.send(&call)?;
    session.print(answer)
}

fn decisions(session: &Session<'_>, args: &Decisions) -> Result<Exit, Failure> {
    let path = path(session, args.tenant.as_deref(), "/decisions")?;
    let call = Call::get(api(&path))
        .with("kind", args.kind.as_deref())
        .with("since", args.since.as_deref());
    session.table(call, &args.page, why::COLUMNS)
}
