//! An invoice as it is shown: whole to who pays, its own part to a tenant. JSON, CSV and HTML from one value.

use std::collections::BTreeMap;

use nimbus_core::billing::{
    Config, ContentHash, Invoice, InvoiceLine, InvoiceState, LineKind, Meter,
};
use nimbus_core::ids::{TenantId, TenantNo};
use serde::Serialize;
use utoipa::ToSchema;

use super::catalog::price_list_id;
use crate::http::show::{Stamp, cell};
use crate::store::OrgView;

/// Ids of tenants by ordinal.
pub(super) type Tenants = BTreeMap<TenantNo, TenantId>;

/// From when to when.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Months {
    /// Its first instant.
    #[schema(value_type = String, format = DateTime)]
    from: Stamp,
    /// The first instant after it.
    #[schema(value_type = String, format = DateTime)]
    to: Stamp,
}

/// The recorded windows that a line is made of.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct WindowsView {
    /// Start of the first.
    #[schema(value_type = String, format = DateTime)]
    first: Stamp,
    /// Start of the last.
    #[schema(value_type = String, format = DateTime)]
    last: Stamp,
    /// Hash of the tenant's chain after the last.
    root: String,
}

/// A line.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Line {
    /// `plan`, `usage`, `allowance` or `adjustment`.
    #[schema(value_type = String, example = "usage")]
    kind: LineKind,
    /// What it is for, in words.
    #[schema(example = "cpu")]
    description: String,
    /// Whose use.
    tenant_id: Option<String>,
    /// `cpu` or `memory`.
    #[schema(example = "cpu")]
    meter: Option<&'static str>,
    /// In sold units; the amount comes from the exact quantity.
    #[schema(example = "93.312")]
    quantity: String,
    /// What is sold.
    #[schema(example = "vCPU-hour")]
    unit: &'static str,
    /// Price of one.
    #[schema(example = "0.0404800")]
    price: String,
    /// The amount, rounded here, once.
    #[schema(example = "3.78")]
    amount: String,
    /// The amount in the currency's minor unit.
    #[schema(example = 378)]
    amount_minor: i64,
    /// The recorded windows that it is made of.
    windows: Option<WindowsView>,
}

/// An invoice, or the draft of one.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct InvoiceView {
    /// Its id; null for a draft, which is not kept.
    id: Option<String>,
    /// Who pays.
    organization_id: String,
    /// Whose part this is; null for the whole.
    tenant_id: Option<String>,
    /// `invoice`.
    kind: &'static str,
    /// Its number, gapless; null for a draft.
    number: Option<u64>,
    /// `draft` or `open`.
    #[schema(value_type = String, example = "draft")]
    state: InvoiceState,
    /// What it is about.
    period: Months,
    /// The currency of all amounts.
    #[schema(example = "USD")]
    currency: String,
    /// Lines, by kind, then tenant, then meter.
    lines: Vec<Line>,
    /// Sum of all lines.
    subtotal: String,
    /// Credits.
    credits: String,
    /// Tax.
    tax: String,
    /// What is due.
    total: String,
    /// What is due in the currency's minor unit.
    total_minor: i64,
    /// The prices.
    price_list_id: String,
    /// SHA-256 over the roots of all usage lines of the whole document.
    usage_root_hash: String,
    /// SHA-256 of the whole document once it is final.
    document_hash: Option<String>,
    /// Use counts up to here.
    #[schema(value_type = String, format = DateTime)]
    generated_at: Stamp,
}

/// Of which part of an invoice a view is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// One tenant's lines.
    Tenant(TenantNo),
}

impl InvoiceView {
    /// How an invoice is shown.
    pub(super) fn of(
        invoice: &Invoice,
        part: Part,
        org: &OrgView,
        tenants: &Tenants,
        config: &Config,
    ) -> InvoiceView {
        // an implied organization has one tenant after the other: what it pays, its tenant pays
        let shown = |line: &&InvoiceLine| match part {
            Part::Whole => true,
            Part::Tenant(no) => {
                line.tenant == Some(no) || (line.tenant.is_none() && org.row.implied)
            }
        };
        let lines: Vec<&InvoiceLine> = invoice.lines.iter().filter(shown).collect();
        let sum = lines
            .iter()
            .map(|line| line.amount_minor)
            .fold(0, i64::saturating_add);
        let (subtotal, credits, tax, total) = match part {
            Part::Whole => (
                invoice.subtotal_minor,
                invoice.credits_minor,
                invoice.tax_minor,
                invoice.total_minor,
            ),
            Part::Tenant(_) => (sum, 0, 0, sum),
        };
        let amount = |minor: i64| invoice.currency.amount(minor);
        InvoiceView {
            id: invoice.id.map(|id| id.to_string()),
            organization_id: org.row.id.to_string(),
            tenant_id: match part {
                Part::Whole => None,
                Part::Tenant(no) => named(tenants, no),
            },
            kind: "invoice",
            number: invoice.number,
            state: invoice.state,
            period: Months {
                from: invoice.period.from.into(),
                to: invoice.period.to.into(),
            },
            currency: invoice.currency.code.into(),
            lines: lines
                .iter()
                .map(|line| line_view(line, invoice, tenants))
                .collect(),
            subtotal: amount(subtotal),
            credits: amount(credits),
            tax: amount(tax),
            total: amount(total),
            total_minor: total,
            price_list_id: price_list_id(config).to_string(),
            usage_root_hash: invoice.usage_root_hash.to_string(),
            document_hash: invoice.document_hash.as_ref().map(ContentHash::to_string),
            generated_at: invoice.through.into(),
        }
    }

    /// Whether there is anything in it for this part.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// One row a line, with the head of the document in each.
    pub(super) fn csv(&self) -> String {
        let mut text = String::from(
            "invoice,number,state,period_from,period_to,organization,kind,description,tenant,meter,quantity,unit,price,amount,currency\r\n",
        );
        let number = self.number.map(|number| number.to_string());
        for line in &self.lines {
            // what clients can name is text and is guarded; figures of ours are written as they are
            let row = [
                cell(self.id.as_deref().unwrap_or_default()),
                number.clone().unwrap_or_default(),
                cell(word(&self.state)),
                self.period.from.to_string(),
                self.period.to.to_string(),
                cell(&self.organization_id),
                cell(word(&line.kind)),
                cell(&line.description),
                cell(line.tenant_id.as_deref().unwrap_or_default()),
                cell(line.meter.unwrap_or_default()),
                line.quantity.clone(),
                cell(line.unit),
                line.price.clone(),
                line.amount.clone(),
                cell(&self.currency),
            ];
            text.push_str(&row.join(","));
            text.push_str("\r\n");
        }
        text
    }

    /// A page for a browser or a printer.
    pub(super) fn html(&self) -> String {
        let head = super::html::Head {
            title: match self.number {
                Some(number) => format!("Invoice {number}"),
                None => "Draft invoice".to_owned(),
            },
            facts: vec![
                ("Id", self.id.clone().unwrap_or_else(|| "–".to_owned())),
                ("State", word(&self.state).to_owned()),
                ("Organization", self.organization_id.clone()),
                (
                    "Tenant",
                    self.tenant_id.clone().unwrap_or_else(|| "all".to_owned()),
                ),
                ("From", self.period.from.to_string()),
                ("To", self.period.to.to_string()),
                ("Prices", self.price_list_id.clone()),
                ("Use through", self.generated_at.to_string()),
                ("Hash of use", self.usage_root_hash.clone()),
                (
                    "Hash of the document",
                    self.document_hash.clone().unwrap_or_else(|| "–".to_owned()),
                ),
            ],
        };
        let row = |line: &Line| {
            [
                word(&line.kind).to_owned(),
                line.description.clone(),
                line.tenant_id.clone().unwrap_or_default(),
                line.quantity.clone(),
                line.unit.to_owned(),
                line.price.clone(),
                line.amount.clone(),
            ]
        };
        let rows: Vec<[String; 7]> = self.lines.iter().map(row).collect();
        let sums = [
            ("Subtotal", &self.subtotal),
            ("Credits", &self.credits),
            ("Tax", &self.tax),
            ("Total", &self.total),
        ];
        super::html::page(&head, &rows, &sums, &self.currency)
    }
}

fn line_view(line: &InvoiceLine, invoice: &Invoice, tenants: &Tenants) -> Line {
    let price = i64::try_from(line.price_micro_minor).unwrap_or(i64::MAX);
    Line {
        kind: line.kind,
        description: match (line.plan, line.meter) {
            (Some(plan), _) => plan.as_str().to_owned(),
            (None, Some(meter)) => meter.as_str().to_owned(),
            (None, None) => String::new(),
        },
        tenant_id: line.tenant.and_then(|no| named(tenants, no)),
        meter: line.meter.map(Meter::as_str),
        quantity: line.quantity_text(),
        unit: line.unit.as_str(),
        price: match line.kind {
            // the price of a plan is a round sum
            LineKind::Plan => invoice.currency.amount(price / 1_000_000),
            _ => invoice.currency.price(price),
        },
        amount: invoice.currency.amount(line.amount_minor),
        amount_minor: line.amount_minor,
        windows: line.windows.map(|windows| WindowsView {
            first: windows.first.into(),
            last: windows.last.into(),
            root: windows.root.to_string(),
        }),
    }
}

fn named(tenants: &Tenants, no: TenantNo) -> Option<String> {
    tenants.get(&no).map(TenantId::to_string)
}

/// The word of a value on the wire.
pub(super) trait Word {
    /// The word.
    fn word(&self) -> &'static str;
}

fn word(value: &impl Word) -> &'static str {
    value.word()
}

impl Word for InvoiceState {
    fn word(&self) -> &'static str {
        match self {
            InvoiceState::Draft => "draft",
            InvoiceState::Open => "open",
        }
    }
}

impl Word for LineKind {
    fn word(&self) -> &'static str {
        match self {
            LineKind::Plan => "plan",
            LineKind::Usage => "usage",
            LineKind::Allowance => "allowance",
            LineKind::Adjustment => "adjustment",
        }
    }
}
