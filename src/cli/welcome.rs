//! What `nimbus` alone says: what to do first.

use serde_json::json;

use super::exit::{Exit, Failure};
use super::output::Console;

const TEXT: &str = "\
Nimbus rehearses a multi-tenant control plane for Kubernetes: the code that decides
in production decides here in a simulated cluster, in seconds.

Start here:
  nimbus replay quickstart             three tenants, one day, a report with invoices
  nimbus scenario list                 the scenarios that are there
  nimbus scenario new my-shop          a scenario of your own to change
  nimbus plan size my-shop.toml        the smallest fleet that does the work

All commands: nimbus --help    One of them: nimbus replay --help
";

const FIRST: [&str; 4] = [
    "nimbus replay quickstart",
    "nimbus scenario list",
    "nimbus scenario new my-shop",
    "nimbus plan size my-shop.toml",
];

pub(super) fn welcome(console: &Console) -> Result<Exit, Failure> {
    console.answer(
        TEXT,
        || json!({ "version": env!("CARGO_PKG_VERSION"), "start_with": FIRST }),
    )?;
    Ok(Exit::Done)
}
