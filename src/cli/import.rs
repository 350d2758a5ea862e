//! `nimbus scenario import`: makes a scenario from recorded load.

use std::path::{Path, PathBuf};

use super::exit::{Code, Exit, Failure};
use super::output::Console;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Virtual machines of a public cloud: arrivals, sizes and lifetimes.
    AzureVm(AzureVm),
    /// A column of request rates.
    Csv(Csv),
}

/// Options of `scenario import azure-vm`.
#[derive(Debug, clap::Args)]
pub(super) struct AzureVm {
    /// The trace, CSV or gzipped CSV.
    trace: PathBuf,
    /// Scenario to write; the trace is named relative to it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Spread the machines over so many tenants.
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    tenants: u32,
    /// Nodes of the cluster.
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    nodes: u32,
}

/// Options of `scenario import csv`.
#[derive(Debug, clap::Args)]
pub(super) struct Csv {
    /// The table, CSV or gzipped CSV.
    trace: PathBuf,
    /// Scenario to write; the table is named relative to it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Column that holds the requests.
    #[arg(long, value_name = "NAME")]
    column: String,
    /// Time that one row covers.
    #[arg(long, default_value = "1m", value_name = "TIME")]
    period: String,
}

pub(super) fn run(console: &Console, command: &Command) -> Result<Exit, Failure> {
    let (trace, out): (&Path, &Path) = match command {
        Command::AzureVm(args) => (&args.trace, &args.out),
        Command::Csv(args) => (&args.trace, &args.out),
    };
    let _ = (console, trace, out);
    Err(Failure::new(Code::Fault, "imports are not connected"))
}
