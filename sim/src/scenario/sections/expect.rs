//! `[expect]`.

use crate::scenario::model::{Expect, Org, Payer, Tenant};
use crate::scenario::reader::Reader;
use crate::scenario::tree::Value;
use crate::scenario::value;

/// What must hold in the end. `exponent` is that of the currency.
pub(in crate::scenario) fn read(
    mut r: Reader<'_, '_>,
    orgs: &[Org],
    tenants: &[Tenant],
    exponent: u32,
) -> Expect {
    let expect = Expect {
        peak_nodes_max: r.count("peak_nodes_max"),
        peak_nodes_min: r.count("peak_nodes_min"),
        violations_max: r.share("violations_max"),
        violations_min: r.share("violations_min"),
        refused_min: r.count("refused_min"),
        refused_max: r.count("refused_max"),
        placed_min: r.count("placed_min"),
        placed_max: r.count("placed_max"),
        waiting_max: r.count("waiting_max"),
        scale_actions_min: r.count("scale_actions_min"),
        scale_actions_max: r.count("scale_actions_max"),
        pending_p99_max: r.span("pending_p99_max"),
        invoices: invoices(&mut r, orgs, tenants, exponent),
        event_hash: r.get("event_hash", |item, form| {
            let text = value::text(item, form)?;
            let digits = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
            match u128::from_str_radix(&text, 16) {
                Ok(hash) if digits => Ok(hash),
                _ => Err(value::unexpected(item, form)),
            }
        }),
    };
    for (least, most, key) in [
        (
            expect.peak_nodes_min,
            expect.peak_nodes_max,
            "peak_nodes_min",
        ),
        (
            expect.violations_min.map(u64::from),
            expect.violations_max.map(u64::from),
            "violations_min",
        ),
        (expect.refused_min, expect.refused_max, "refused_min"),
        (expect.placed_min, expect.placed_max, "placed_min"),
        (
            expect.scale_actions_min,
            expect.scale_actions_max,
            "scale_actions_min",
        ),
    ] {
        if let (Some(least), Some(most)) = (least, most)
            && least > most
        {
            r.wrong(key, "is above its _max");
        }
    }
    r.finish();
    expect
}

fn invoices(
    r: &mut Reader<'_, '_>,
    orgs: &[Org],
    tenants: &[Tenant],
    exponent: u32,
) -> Vec<(Payer, i64)> {
    let form = r.form("invoices");
    let Some(item) = r.take("invoices") else {
        return Vec::new();
    };
    let Value::Table(table) = &item.value else {
        let fault = value::unexpected(&item, form);
        r.wrong_at(fault.place, "invoices", fault.message);
        return Vec::new();
    };
    let mut invoices = Vec::new();
    for (name, item) in table {
        let key = format!("invoices.{name}");
        let payer = orgs
            .iter()
            .position(|org| *org.name == **name)
            .map(Payer::Org)
            .or_else(|| {
                let own = |tenant: &Tenant| *tenant.name == **name && tenant.org.is_none();
                tenants.iter().position(own).map(Payer::Tenant)
            });
        match (
            payer,
            value::amount(item, crate::scenario::form::Form::Price, exponent, 0),
        ) {
            (Some(payer), Ok(minor)) => {
                invoices.push((payer, i64::try_from(minor).unwrap_or(i64::MAX)))
            }
            (None, _) => r.wrong_at(
                item.place,
                &key,
                "is not the name of an [[org]] or of a tenant without one",
            ),
            (_, Err(fault)) => r.wrong_at(fault.place, &key, fault.message),
        }
    }
    invoices
}
