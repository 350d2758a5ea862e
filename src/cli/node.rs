//! `nimbus node`: nodes of the cluster.

use super::client::{Call, Page, Session, api, segment};
use super::exit::{Exit, Failure};
use super::table::{Col, col, wide};

const COLUMNS: &[Col] = &[
    col("NAME", "name"),
    col("STATUS", "status"),
    col("CPU", "used.cpu_m"),
    col("OF", "allocatable.cpu_m"),
    col("MEMORY", "used.memory_mb"),
    col("OF", "allocatable.memory_mb"),
    col("PODS", "used.pods"),
    wide("POOL", "pool"),
    wide("ID", "id"),
    wide("LABELS", "labels"),
];

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List nodes.
    #[command(alias = "ls")]
    List(List),
    /// Show a node.
    #[command(alias = "describe")]
    Get(One),
}

/// Options of `node list`.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    page: Page,
}

/// One node.
#[derive(Debug, clap::Args)]
pub(super) struct One {
    /// Id or name.
    node: String,
}

pub(super) fn run(session: &Session<'_>, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => session.table(Call::get(api("/nodes")), &args.page, COLUMNS),
        Command::Get(args) => session.show(&format!("/nodes/{}", segment(&args.node))),
    }
}
