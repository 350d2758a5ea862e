//! Options of every command that asks a server.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use nimbus_core::time::Span;

/// Which server, as whom, and how patiently.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Server options")]
pub(crate) struct Remote {
    /// File with contexts, instead of `config.toml` in the user's configuration folder.
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    pub(crate) config: Option<PathBuf>,
    /// Context to use, instead of the current one (`NIMBUS_CONTEXT`).
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    pub(crate) context: Option<String>,
    /// Address of the server (`NIMBUS_SERVER`), by default `http://127.0.0.1:8080`.
    #[arg(long, global = true, value_name = "URL", hide_short_help = true)]
    pub(crate) server: Option<String>,
    /// Token or API key; better in `NIMBUS_TOKEN`, where other users of the machine do not see it.
    #[arg(long, global = true, value_name = "TOKEN", hide_short_help = true)]
    pub(crate) token: Option<String>,
    /// Tenant that is meant where it is not clear, by id or slug (`NIMBUS_TENANT`).
    #[arg(long, global = true, value_name = "TENANT", hide_short_help = true)]
    pub(crate) tenant: Option<String>,
    /// Wait until what was begun has ended.
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) wait: bool,
    /// Return as soon as the server has accepted; the default.
    #[arg(long, global = true, overrides_with = "wait", hide_short_help = true)]
    pub(crate) no_wait: bool,
    /// How long `--wait` waits.
    #[arg(long, global = true, value_name = "DURATION", default_value = "5m", value_parser = duration, hide_short_help = true)]
    pub(crate) timeout: Duration,
    /// Let the server check a write without carrying it out.
    #[arg(
        long,
        global = true,
        value_name = "WHERE",
        default_value = "none",
        value_enum,
        hide_short_help = true
    )]
    pub(crate) dry_run: DryRun,
    /// Forecast what a write would do over this time, in a copy of the live state.
    #[arg(long, global = true, value_name = "DURATION", value_parser = horizon, conflicts_with = "dry_run", hide_short_help = true)]
    pub(crate) simulate: Option<String>,
    /// Key of this write: asked again under the same key, it is carried out once.
    #[arg(long, global = true, value_name = "KEY", value_parser = key, hide_short_help = true)]
    pub(crate) idempotency_key: Option<String>,
    /// Do not ask before something is deleted.
    #[arg(short, long, global = true, hide_short_help = true)]
    pub(crate) yes: bool,
}

/// Where a write is tried without being carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DryRun {
    /// Not at all: it is carried out.
    None,
    /// On the server: all its checks, nothing written.
    Server,
}

impl Remote {
    /// Whether a write is only tried.
    pub(crate) fn tries(&self) -> bool {
        self.dry_run == DryRun::Server || self.simulate.is_some()
    }
}

/// A span from one second to a day.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let span = Span::parse(text).map_err(|bad| bad.to_string())?;
    let seconds = u64::try_from(span.secs()).unwrap_or(0);
    let inside = (1..=86_400).contains(&seconds);
    inside
        .then(|| Duration::from_micros(u64::try_from(span.0).unwrap_or(0)))
        .ok_or_else(|| "expected 1s to 24h".to_owned())
}

/// How far a forecast looks: as it stands, if the server may understand it.
fn horizon(text: &str) -> Result<String, String> {
    let span = Span::parse(text).map_err(|bad| bad.to_string())?;
    let seconds = span.secs();
    (1..=30 * 86_400)
        .contains(&seconds)
        .then(|| text.to_owned())
        .ok_or_else(|| "expected 1s to 30d".to_owned())
}

/// 1 to 128 visible characters.
fn key(text: &str) -> Result<String, String> {
    let visible = text.bytes().all(|b| b.is_ascii_graphic());
    ((1..=128).contains(&text.len()) && visible)
        .then(|| text.to_owned())
        .ok_or_else(|| "expected 1 to 128 visible characters".to_owned())
}
