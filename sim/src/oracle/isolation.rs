//! I-7, R1: whose an input is, whose an effect is, and that they are the same.

use nimbus_core::cluster::Command;
use nimbus_core::explain::Decision;
use nimbus_core::ids::{ServiceNo, TenantNo};
use nimbus_core::machine::{Effect, Message};
use nimbus_core::store::{Key, Record, Row, billing as bill, scheduler as sched, tenant as ten};
use nimbus_core::{autoscaler, billing, scheduler, workload};

use super::books::Books;
use super::coverage::ISOLATION;
use super::violation::Finds;

/// The tenant of a message; `None` where it is about none, or about several.
pub(super) fn of_message(books: &Books, message: &Message) -> Option<TenantNo> {
    match message {
        Message::Tenant(input) => input.tenant(),
        Message::Workload(input) => of_workload(books, input),
        Message::Scheduler(input) => of_scheduler(books, input),
        Message::Autoscaler(input) => match input {
            autoscaler::Input::Watch { service, .. }
            | autoscaler::Input::Unwatch { service }
            | autoscaler::Input::Replicas { service, .. } => books.owner(*service),
            _ => None,
        },
        Message::Billing(input) => match input {
            billing::Input::TenantOpened { tenant, .. }
            | billing::Input::TenantClosed { tenant }
            | billing::Input::Bound { tenant, .. } => Some(*tenant),
            billing::Input::Finished { pod } => books.owner_of_pod(*pod),
            _ => None,
        },
        Message::Cluster(command) => of_command(books, command),
    }
}

fn of_workload(books: &Books, input: &workload::Input) -> Option<TenantNo> {
    use workload::Input as I;
    match input {
        I::Expect { then, .. } => of_workload(books, then),
        I::Deploy(deploy) | I::Create(deploy) => Some(deploy.tenant),
        I::CreateApp(new) => Some(new.tenant),
        I::PodFinished { tenant, .. }
        | I::TenantActive { tenant }
        | I::TenantSuspended { tenant }
        | I::TenantResumed { tenant }
        | I::TenantDeleting { tenant } => Some(*tenant),
        I::SetAutoscale { service, .. }
        | I::Scale { service, .. }
        | I::Rollback { service, .. }
        | I::Unpin { service }
        | I::Restart { service }
        | I::PauseRollout { service }
        | I::ResumeRollout { service }
        | I::UndoRollout { service, .. }
        | I::Delete { service }
        | I::Run { service, .. }
        | I::Deployment { service, .. }
        | I::DeploymentGone { service }
        | I::Deadline { service, .. } => books.owner(*service),
        _ => None,
    }
}

fn of_scheduler(books: &Books, input: &scheduler::Input) -> Option<TenantNo> {
    match input {
        scheduler::Input::PodsPending { tenant, .. } => Some(*tenant),
        scheduler::Input::PodBound { pod, .. } | scheduler::Input::PodFinished { pod } => {
            books.owner_of_pod(*pod)
        }
        _ => None,
    }
}

/// The tenant of a command.
pub(super) fn of_command(books: &Books, command: &Command) -> Option<TenantNo> {
    match command {
        Command::EnsureTenantSpace { tenant, .. }
        | Command::DeleteTenantSpace { tenant }
        | Command::RunPods { tenant, .. } => Some(*tenant),
        Command::ApplyDeployment { deployment, .. } => Some(deployment.tenant),
        Command::DeleteDeployment { service } | Command::StopPods { service } => {
            books.owner(*service)
        }
        Command::Bind { pod, .. } => books.owner_of_pod(*pod),
        Command::BootNodes { .. } | Command::RemoveNode { .. } => None,
    }
}

fn of_record(books: &Books, record: &Record) -> Option<TenantNo> {
    match record {
        Record::Put(row) => of_row(books, row),
        Record::Drop(Key::Scheduler(sched::Key::Bound(pod))) => books.owner_of_pod(*pod),
        Record::Drop(_) => None,
    }
}

fn of_row(books: &Books, row: &Row) -> Option<TenantNo> {
    match row {
        Row::Tenant(ten::Row::Tenant(tenant, _) | ten::Row::Used { tenant, .. }) => Some(*tenant),
        Row::Scheduler(sched::Row::Pending { tenant, .. }) => Some(*tenant),
        Row::Scheduler(sched::Row::Bound { pod, .. }) => books.owner_of_pod(*pod),
        Row::Billing(bill::Row::Interval(interval)) => Some(interval.tenant),
        Row::Billing(bill::Row::Window(window)) => Some(window.tenant),
        Row::Billing(bill::Row::Account(account)) => Some(account.tenant),
        _ => None,
    }
}

fn of_decision(books: &Books, decision: &Decision) -> Option<TenantNo> {
    match decision {
        Decision::Place(place) => Some(place.tenant),
        Decision::Scale(scale) => books.owner(scale.service),
        Decision::Deny(deny) => Some(deny.tenant),
        Decision::Wait(_) | Decision::Pool(_) => None,
    }
}

/// An effect of an input of `cause` is about nobody else.
pub(super) fn effect(books: &Books, finds: &mut Finds, cause: TenantNo, effect: &Effect) {
    let tenant = match effect {
        Effect::Send(message) | Effect::At(_, message) => of_message(books, message),
        Effect::Record(record) => of_record(books, record),
        Effect::Explain(decision) => of_decision(books, decision),
        Effect::Reply(_) => None,
    };
    if let Some(tenant) = tenant.filter(|tenant| *tenant != cause) {
        finds.add(
            ISOLATION,
            format!("an effect of an input of tenant {cause}"),
            format!("tenant {cause}"),
            format!("tenant {tenant}"),
        );
    }
}

/// A service has one owner for ever; the first one that names it is taken at its word.
pub(super) fn owns(books: &mut Books, finds: &mut Finds, service: ServiceNo, tenant: TenantNo) {
    let owner = *books.service(service).tenant.get_or_insert(tenant);
    if owner != tenant {
        finds.add(
            ISOLATION,
            format!("service {service}"),
            format!("tenant {owner}"),
            format!("tenant {tenant}"),
        );
    }
}
