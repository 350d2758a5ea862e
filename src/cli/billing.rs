//! `nimbus billing`: usage, invoices, prices and plans.

use serde_json::{Value, json};

use super::client::{Call, Page, Session, api, segment};
use super::exit::{Code, Exit, Failure};
use super::fields;
use super::table::{Col, Table, cell, col, wide};

const USAGE: &[Col] = &[
    col("TENANT", "tenant"),
    col("CPU MILLICORE-SECONDS", "cpu_millicore_seconds"),
    col("MEMORY MB-SECONDS", "memory_mb_seconds"),
    col("COST", "cost"),
    col("THROUGH", "through"),
    wide("ID", "tenant_id"),
    wide("APP", "app_id"),
    wide("SERVICE", "service_id"),
    wide("FROM", "from"),
    wide("TO", "to"),
    wide("GAPS", "gaps"),
    wide("IN DOUBT", "in_doubt_seconds"),
];

const INVOICES: &[Col] = &[
    col("ID", "id"),
    col("NUMBER", "number"),
    col("STATE", "state"),
    col("FROM", "period.from"),
    col("TOTAL", "total"),
    col("CURRENCY", "currency"),
    wide("TENANT", "tenant_id"),
    wide("ORGANIZATION", "organization_id"),
    wide("KIND", "kind"),
];

const PRICES: &[Col] = &[
    col("ID", "id"),
    col("CURRENCY", "currency"),
    col("FROM", "effective_from"),
    col("VCPU-HOUR", "cpu_vcpu_hour"),
    col("GIB-HOUR", "memory_gib_hour"),
];

const PLANS: &[Col] = &[
    col("CODE", "code"),
    col("NAME", "name"),
    col("PRICE", "price_month"),
    col("ISOLATION", "isolation"),
    col("QUOTA", "quota"),
    wide("ID", "id"),
    wide("LIMITS", "limits"),
    wide("INCLUDED", "included"),
];

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Show what was used, and what it costs so far.
    Usage(Usage),
    /// Show the invoice of a tenant for a month.
    Invoice(Invoice),
    /// List invoices.
    Invoices(Invoices),
    /// Compute an invoice anew from the stored usage and compare.
    Verify(One),
    /// Close an invoice: it gets its number and never changes again.
    Finalize(Finalize),
    /// List prices.
    Prices(Many),
    /// List plans.
    Plans(Many),
}

/// Options of `billing usage`.
#[derive(Debug, clap::Args)]
pub(super) struct Usage {
    /// What a line is about: tenant, app, service or cluster.
    #[arg(long, value_name = "WHAT", value_parser = ["tenant", "app", "service", "cluster"])]
    group_by: Option<String>,
    /// From this time on; by default from the beginning of the month.
    #[arg(long, value_name = "TIME", value_parser = fields::moment)]
    from: Option<String>,
    /// Up to this time; by default until now.
    #[arg(long, value_name = "TIME", value_parser = fields::moment)]
    to: Option<String>,
    #[command(flatten)]
    page: Page,
}

/// Options of `billing invoice`.
#[derive(Debug, clap::Args)]
pub(super) struct Invoice {
    /// Id or slug of a tenant; without it `--tenant`, the context's, or your own.
    tenant: Option<String>,
    /// Month, as in `2026-11`; by default the current one.
    #[arg(long, value_name = "MONTH", value_parser = fields::period)]
    period: Option<String>,
}

/// Options of `billing invoices`.
#[derive(Debug, clap::Args)]
pub(super) struct Invoices {
    /// Only of this organization.
    #[arg(long, value_name = "ORGANIZATION")]
    organization: Option<String>,
    /// Only of this month.
    #[arg(long, value_name = "MONTH", value_parser = fields::period)]
    period: Option<String>,
    /// Only in this state: draft, open, paid or void.
    #[arg(long, value_parser = ["draft", "open", "paid", "void"])]
    state: Option<String>,
    #[command(flatten)]
    page: Page,
}

/// One invoice.
#[derive(Debug, clap::Args)]
pub(super) struct One {
    /// Id of the invoice.
    invoice: String,
}

/// Options of `billing finalize`.
#[derive(Debug, clap::Args)]
pub(super) struct Finalize {
    /// Id of the invoice.
    invoice: String,
    /// Why; it stands in the audit log.
    #[arg(long, value_parser = fields::title)]
    reason: Option<String>,
}

/// A list.
#[derive(Debug, clap::Args)]
pub(super) struct Many {
    #[command(flatten)]
    page: Page,
}

pub(super) fn run(session: &Session<'_>, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Usage(args) => usage(session, args),
        Command::Invoice(args) => invoice(session, args),
        Command::Invoices(args) => invoices(session, args),
        Command::Verify(args) => verify(session, &args.invoice),
        Command::Finalize(args) => finalize(session, args),
        Command::Prices(args) => {
            session.table(Call::get(api("/billing/price-lists")), &args.page, PRICES)
        }
        Command::Plans(args) => session.table(Call::get(api("/billing/plans")), &args.page, PLANS),
    }
}

fn usage(session: &Session<'_>, args: &Usage) -> Result<Exit, Failure> {
    let call = Call::get(api("/billing/usage"))
        .with("tenant_id", session.tenant_option())
        .with("group_by", args.group_by.as_deref())
        .with("from", args.from.as_deref())
        .with("to", args.to.as_deref());
    session.table(call, &args.page, USAGE)
}

fn invoice(session: &Session<'_>, args: &Invoice) -> Result<Exit, Failure> {
    let tenant = session.tenant(args.tenant.as_deref())?;
    let call = Call::get(format!("/billing/invoice/{}", segment(&tenant)))
        .with("period", args.period.as_deref());
    let invoice = session.client.send(&call)?.body;
    if session.console.machine() || !session.console.columns.is_empty() {
        session.console.show(invoice)?;
    } else {
        session.console.print(&page_of(&invoice))?;
    }
    Ok(Exit::Done)
}

/// An invoice as people read it.
fn page_of(invoice: &Value) -> String {
    let at = |key: &str| cell(invoice.get(key));
    let number = match &invoice["number"] {
        Value::Null => String::new(),
        number => format!(" {}", cell(Some(number))),
    };
    let period = &invoice["period"];
    let mut out = format!(
        "{}{number}, {}, {} to {}\n\n",
        at("kind"),
        at("state"),
        cell(period.get("from")),
        cell(period.get("to"))
    );
    let lines: Vec<Vec<String>> = invoice["lines"]
        .as_array()
        .into_iter()
        .flatten()
        .map(line)
        .collect();
    let width = |column: usize| {
        lines
            .iter()
            .map(|l| l[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2), width(3), width(4)];
    for line in &lines {
        let [what, quantity, unit, price, amount] = line.as_slice() else {
            continue;
        };
        let [a, b, c, d, e] = widths;
        out.push_str(&format!(
            "  {what:<a$}  {quantity:>b$} {unit:<c$}  at {price:>d$}  {amount:>e$}\n"
        ));
    }
    for (label, key) in [
        ("subtotal", "subtotal"),
        ("credits", "credits"),
        ("tax", "tax"),
        ("total", "total"),
    ] {
        out.push_str(&format!("  {label:<10} {} {}\n", at(key), at("currency")));
    }
    out
}

fn line(line: &Value) -> Vec<String> {
    let at = |key: &str| cell(line.get(key));
    let what = match line["meter"].as_str() {
        Some(meter) => format!("{} {meter}", at("kind")),
        None => format!("{} {}", at("kind"), at("description")),
    };
    vec![what, at("quantity"), at("unit"), at("price"), at("amount")]
}

fn invoices(session: &Session<'_>, args: &Invoices) -> Result<Exit, Failure> {
    let call = Call::get(api("/billing/invoices"))
        .with("tenant_id", session.tenant_option())
        .with("organization_id", args.organization.as_deref())
        .with("period", args.period.as_deref())
        .with("state", args.state.as_deref());
    let list = session.list(call, &args.page)?;
    session.console.table(Table::of(INVOICES, list))?;
    Ok(Exit::Done)
}

/// 0 if the stored usage gives the same invoice, else 7.
fn verify(session: &Session<'_>, invoice: &str) -> Result<Exit, Failure> {
    let body = session
        .get(&format!("/billing/invoices/{}/verify", segment(invoice)))?
        .body;
    let same = body["ok"] == true;
    let windows = cell(body.get("checked_windows"));
    let text = if same {
        format!("invoice {invoice} is right: {windows} windows compared\n")
    } else {
        String::new()
    };
    let first = cell(body.get("first_difference"));
    session.console.answer(&text, || body)?;
    if same {
        return Ok(Exit::Done);
    }
    let text = format!("invoice {invoice} differs from the stored usage, first at {first}");
    Err(Failure::new(Code::Unhealthy, text))
}

fn finalize(session: &Session<'_>, args: &Finalize) -> Result<Exit, Failure> {
    session.confirm(&format!("finalize invoice {}, for ever", args.invoice))?;
    let path = api(&format!(
        "/billing/invoices/{}/finalize",
        segment(&args.invoice)
    ));
    let body = args
        .reason
        .as_ref()
        .map_or_else(|| json!({}), |reason| json!({ "reason": reason }));
    session.act(
        Call::post(path).body(body),
        &format!("invoice {} finalized", args.invoice),
    )
}

#[test]
fn an_invoice_is_a_page() {
    let invoice = json!({
        "kind": "invoice", "state": "draft", "number": null, "currency": "USD",
        "period": { "from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z" },
        "lines": [
            { "kind": "plan", "description": "Metered", "quantity": "1", "unit": "month", "price": "0.00", "amount": "0.00" },
            { "kind": "usage", "meter": "cpu", "quantity": "93.312", "unit": "vCPU-hour", "price": "0.0404800", "amount": "3.78" },
        ],
        "subtotal": "3.78", "credits": "0.00", "tax": "0.00", "total": "3.78",
    });
    insta::assert_snapshot!(page_of(&invoice), @r"
    invoice, draft, 2026-11-01T00:00:00Z to 2026-12-01T00:00:00Z

      plan Metered       1 month      at      0.00  0.00
      usage cpu     93.312 vCPU-hour  at 0.0404800  3.78
      subtotal   3.78 USD
      credits    0.00 USD
      tax        0.00 USD
      total      3.78 USD
    ");
}
