//! All commands that ask a server, and the way from each to its file.

use super::client::{Remote, Session};
use super::exit::{Exit, Failure};
use super::output::Console;
use super::{
    app, apply, audit, billing, context, doctor, events, key, login, logs, node, operation, policy,
    revision, rollout, runs, service, tenant, why,
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Sign in, and keep the token in the current context.
    Login(login::Login),
    /// Forget the token of the current context, and end it on the server.
    Logout,
    /// Say who the server takes you for.
    Whoami,
    /// Make the first administrator, with the key that the first start printed.
    Bootstrap(login::Bootstrap),
    /// Make a context from a client file of another system.
    Configure(context::Configure),
    /// Keep addresses and users of servers under names.
    #[command(subcommand)]
    Context(context::Command),
    /// Tenants: who shares the platform, and how much of it they may use.
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// Apps: what a tenant's services belong to.
    #[command(subcommand)]
    App(app::Command),
    /// Services: what runs.
    #[command(subcommand)]
    Service(service::Command),
    /// Rollouts: how a new revision takes over.
    #[command(subcommand)]
    Rollout(rollout::Command),
    /// Revisions: what was deployed, each as it was.
    #[command(subcommand)]
    Revision(revision::Command),
    /// Bring back an earlier revision of a service.
    Rollback(revision::Rollback),
    /// List what was deployed of a service, newest first.
    Releases(revision::Releases),
    /// Show what the replicas of a service print.
    Logs(logs::Args),
    /// List what happened, or watch it happen.
    Events(events::Args),
    /// Explain a placement, a wait, a scale or a refusal.
    Why(why::Args),
    /// Usage, invoices, prices and plans.
    #[command(subcommand)]
    Billing(billing::Command),
    /// Policies: what decides, tried in the shadow before it does.
    #[command(subcommand)]
    Policy(policy::Command),
    /// API keys.
    #[command(subcommand)]
    Key(key::Command),
    /// Simulations on the server.
    #[command(subcommand)]
    Run(runs::Command),
    /// Who did what.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Slow work that was begun.
    #[command(subcommand)]
    Operation(operation::Command),
    /// Nodes of the cluster.
    #[command(subcommand)]
    Node(node::Command),
    /// Make what files describe, or change it to that.
    Apply(apply::Args),
    /// Show what `apply` would change.
    Diff(apply::Args),
    /// Delete what files describe.
    Delete(apply::Args),
    /// Find out what is wrong with this installation.
    Doctor(doctor::Args),
}

/// Runs a command that needs a server, or the contexts.
pub(super) fn run(console: &Console, remote: &Remote, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Login(args) => login::login(console, remote, args),
        Command::Logout => login::logout(console, remote),
        Command::Bootstrap(args) => login::bootstrap(console, remote, args),
        Command::Configure(args) => context::configure(console, remote, args),
        Command::Context(command) => context::run(console, remote, command),
        Command::Doctor(args) => doctor::run(console, remote, args),
        Command::Diff(args) => apply::diff(console, remote, args),
        command => ask(&Session::open(console, remote)?, command),
    }
}

fn ask(session: &Session<'_>, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Whoami => session.show("/whoami"),
        Command::Tenant(command) => tenant::run(session, command),
        Command::App(command) => app::run(session, command),
        Command::Service(command) => service::run(session, command),
        Command::Rollout(command) => rollout::run(session, command),
        Command::Revision(command) => revision::run(session, command),
        Command::Rollback(args) => revision::rollback(session, args),
        Command::Releases(args) => revision::releases(session, args),
        Command::Logs(args) => logs::run(session, args),
        Command::Events(args) => events::run(session, args),
        Command::Why(args) => why::run(session, args),
        Command::Billing(command) => billing::run(session, command),
        Command::Policy(command) => policy::run(session, command),
        Command::Key(command) => key::run(session, command),
        Command::Run(command) => runs::run(session, command),
        Command::Audit(command) => audit::run(session, command),
        Command::Operation(command) => operation::run(session, command),
        Command::Node(command) => node::run(session, command),
        Command::Apply(args) => apply::apply(session, args),
        Command::Delete(args) => apply::delete(session, args),
        other => unreachable!("{other:?} is run without a session"),
    }
}
