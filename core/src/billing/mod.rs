//! Usage intervals, windows, rates, invoices: money exact to the last unit.
//!
//! Guarantees: for each pod the billed time is its exact lifetime in whole seconds minus what is in doubt,
//! never more (R7); windows of a tenant are disjoint and gapless or marked (I-5); an invoice's total is the
//! sum of its lines; a final invoice never changes (R8).
//! Never: a float, a guess for a gap, a second rounding.
//! Told by: the tenant machine, the cluster, its own timers. Tells: nobody.
#![deny(clippy::float_arithmetic)]

mod account;
mod audit;
mod bill;
mod book;
mod chain;
mod finished;
mod input;
mod invoice;
mod machine;
mod outage;
mod period;
mod price;
mod proof;
mod read;
mod restore;
mod split;
#[cfg(test)]
mod tests;
mod usage;
mod used;

pub use account::{Account, Partial, PeriodUse, Unlimited};
pub use audit::SERVICES_MAX;
pub use chain::{Broken, ContentHash, Run, UsageWindow, WINDOW_S, WindowState, verify};
pub use input::{Answer, Input, Refusal};
pub use invoice::{Invoice, InvoiceLine, InvoiceState, LineKind, Unit, Windows};
pub use machine::{Billing, Config};
pub use period::{OPEN_AFTER_END, Period};
pub use price::{BadCurrency, Code, Currency, Meter, PriceList, quantity_text};
pub use proof::{Chains, Difference, prove};
pub use read::Metered;
pub use restore::AFTER_RESTART;
pub use split::split;
pub use usage::Usage;
pub use used::{UsedBy, used};
