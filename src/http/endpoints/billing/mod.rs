//! Usage, invoices, prices and plans. Every figure comes from the billing machine, rebuilt from the rows of
//! one organization: the same code that bills.

mod catalog;
mod html;
mod invoice;
mod invoices;
mod usage;

use nimbus_core::billing::{Billing, Config, Currency, Period};
use nimbus_core::ids::OrgNo;
use nimbus_core::machine::Outbox;
use nimbus_core::store::StoreError;
use nimbus_core::store::billing::Row;
use nimbus_core::time::Time;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::http::app::App;
use crate::http::problem::Problem;
use crate::store::Store;

/// Routes of this folder.
pub(in crate::http) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(usage::routes())
        .merge(invoices::routes())
        .merge(catalog::routes())
}

/// The billing of one organization as it stands.
struct Ledger {
    /// The rebuilt machine.
    billing: Billing,
    /// What it was rebuilt from.
    rows: Vec<Row>,
    /// The last committed instant: nothing after it was observed.
    now: Time,
}

impl Ledger {
    fn open(store: &Store, config: Config, org: OrgNo) -> Result<Ledger, StoreError> {
        // the rows first: what is committed in between is newer than they are, and open intervals run on
        let rows = store.billing_rows_of(org)?;
        let now = store.last()?.map_or(Time::ZERO, |last| last.now);
        let billing = Billing::restore(config, rows.clone(), now, &mut Outbox::default());
        Ok(Ledger { billing, rows, now })
    }
}

/// An amount of money.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Money {
    /// ISO 4217.
    #[schema(example = "USD")]
    currency: String,
    /// The amount as a decimal number.
    #[schema(example = "12.34")]
    amount: String,
    /// The amount in the currency's minor unit.
    #[schema(example = 1234)]
    amount_minor: i64,
}

impl Money {
    fn of(currency: Currency, minor: i64) -> Money {
        Money {
            currency: currency.code.into(),
            amount: currency.amount(minor),
            amount_minor: minor,
        }
    }
}

/// Reads `2026-11`.
fn month(text: &str) -> Result<Period, Problem> {
    let bad = || Problem::invalid("period", "invalid", "expected a month, as in 2026-11");
    let shape = text.len() == 7 && text.as_bytes()[4] == b'-';
    let time = Time::parse(&format!("{text}-01T00:00:00Z"));
    match time {
        Ok(time) if shape => Ok(Period::month_of(time)),
        _ => Err(bad()),
    }
}
