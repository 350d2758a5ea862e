//! An invoice as text: a head, lines that add up, the sums to the right.

use super::format;
use super::measure::{cut, padded, width};
use super::model::{Invoice, InvoiceLine, Money};

/// Columns of an invoice.
const WIDTH: usize = 96;

/// `Invoice 12`, `Draft invoice`, `Credit note 3`.
pub(super) fn title(invoice: &Invoice) -> String {
    let kind = match invoice.kind.as_str() {
        "credit_note" => "Credit note",
        _ => "Invoice",
    };
    match invoice.number {
        Some(number) => format!("{kind} {number}"),
        None => format!("Draft {}", kind.to_lowercase()),
    }
}

/// `2026-11-01 to 2026-12-01`: days where the period has whole days.
pub(super) fn period(invoice: &Invoice) -> String {
    format!(
        "{} to {}",
        day(&invoice.from.to_string()),
        day(&invoice.to.to_string())
    )
}

/// A time without its clock at midnight.
pub(super) fn day(stamp: &str) -> String {
    stamp.strip_suffix("T00:00:00Z").unwrap_or(stamp).to_owned()
}

/// What a line is for: the tenant, then the words.
pub(super) fn what(line: &InvoiceLine) -> String {
    let description = format::visible(&line.description);
    match &line.tenant {
        Some(tenant) => format!("{}: {description}", format::visible(tenant)),
        None => description,
    }
}

/// Where a line comes from.
pub(super) fn proof(line: &InvoiceLine) -> Option<String> {
    let windows = line.windows.as_ref()?;
    let count = format::of(windows.count, "window", "windows");
    let root: String = windows.root.chars().take(12).collect();
    let (first, last) = (windows.first, windows.last);
    Some(format!(
        "{count} from {first} to {last}, root {}",
        format::visible(&root)
    ))
}

/// Sums below the lines: subtotal, then what is not zero, then the total.
pub(super) fn sums(invoice: &Invoice) -> Vec<(&'static str, &Money)> {
    let other = [("Credits", &invoice.credits), ("Tax", &invoice.tax)];
    let mut sums: Vec<(&str, &Money)> = other
        .into_iter()
        .filter(|(_, sum)| sum.minor != 0)
        .collect();
    if !sums.is_empty() {
        sums.insert(0, ("Subtotal", &invoice.subtotal));
    }
    sums.push(("Total", &invoice.total));
    sums
}

/// The invoice in lines of at most 96 columns.
pub(super) fn text(invoice: &Invoice) -> Vec<String> {
    let rule = "─".repeat(WIDTH);
    let name = format!(
        "{} · {}",
        title(invoice),
        format::visible(&invoice.organization)
    );
    let mut lines = vec![
        beside(&name, &period(invoice)),
        rule.clone(),
        row(["", "quantity", "unit", "price", "amount"]),
    ];
    for line in &invoice.lines {
        let amount = format::amount(&line.amount);
        let (quantity, unit) = (format::visible(&line.quantity), format::visible(&line.unit));
        lines.push(row([
            &what(line),
            &quantity,
            &unit,
            &format::visible(&line.price),
            &amount,
        ]));
    }
    lines.push(rule);
    for (label, sum) in sums(invoice) {
        lines.push(beside(
            "",
            &format!("{label}  {}", padded(&format::money(sum), 18, true)),
        ));
    }
    lines
}

fn beside(left: &str, right: &str) -> String {
    let room = WIDTH.saturating_sub(width(right) + 2);
    format!("{}  {right}", padded(&cut(left, room), room, false))
}

fn row(cells: [&str; 5]) -> String {
    let [what, quantity, unit, price, amount] = cells;
    let pad = |text: &str, columns, right| padded(&cut(text, columns), columns, right);
    format!(
        "{}  {}  {}  {}  {}",
        pad(what, 36, false),
        pad(quantity, 16, true),
        pad(unit, 10, false),
        pad(price, 12, true),
        pad(amount, 14, true),
    )
}
