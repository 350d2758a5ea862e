//! The oracle: hands what the driver tells it to the files that check.

use std::sync::Arc;

use nimbus_core::billing::Billing;
use nimbus_core::cluster::{Command, Event, Finish};
use nimbus_core::explain::Decision;
use nimbus_core::ids::{NodeNo, PodNo, ServiceNo, SpecNo, TenantNo};
use nimbus_core::machine::{Effect, Message};
use nimbus_core::store::{Key, Record, Row, billing, tenant as ten, workload as work};
use nimbus_core::tenant::{self, Status};
use nimbus_core::time::Time;
use nimbus_core::{autoscaler, units};

use super::books::{Books, Pod, plus};
use super::bounds::Bounds;
use super::coverage::{DELETION, INVOICES};
use super::ledger::Ledger;
use super::metering::Metering;
use super::monotone::Uids;
use super::violation::{Finds, Violation};
use super::{
    bounded, capacity, deletion, identity, isolation, ledger, monotone, owner, quota, rest,
};
use crate::world::World;

/// How much is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Nothing.
    Off,
    /// What each event touches; everything now and then and at the end.
    #[default]
    Touched,
    /// Everything at every instant that rests.
    Full,
}

impl Mode {
    /// The mode of a word of `--oracles`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Mode> {
        match word {
            "off" => Some(Mode::Off),
            "touched" => Some(Mode::Touched),
            "full" => Some(Mode::Full),
            _ => None,
        }
    }
}

/// What a checkpoint looks at beside the books.
#[derive(Clone, Copy, Debug)]
pub struct Views<'a> {
    /// The cluster.
    pub world: &'a World,
    /// The billing machine, if it runs.
    pub billing: Option<&'a Billing>,
    /// Messages that wait.
    pub queue: usize,
    /// Timers that are armed.
    pub timers: usize,
}

/// Events between two recounts in `touched`, beside four for each pod.
const RECOUNT_EVERY: u64 = 100_000;

/// The oracle of one run.
#[derive(Clone, Debug, Default)]
pub struct Oracle {
    mode: Mode,
    pub(super) books: Books,
    finds: Finds,
    bounds: Bounds,
    metering: Metering,
    ledger: Ledger,
    uids: Uids,
    /// Whose input is being handled.
    cause: Option<TenantNo>,
    /// It sets a quota without force.
    unforced: bool,
    /// Events since the last recount.
    since: u64,
    /// Commands have left whose consequences have not been heard: the instant does not rest.
    restless: bool,
}

impl Oracle {
    /// An oracle of a run that begins now.
    #[must_use]
    pub fn new(mode: Mode, start: Time) -> Oracle {
        let books = Books {
            now: start,
            offered_at: start,
            last_command: start,
            last_event: start,
            ..Books::default()
        };
        Oracle {
            mode,
            books,
            ..Oracle::default()
        }
    }

    /// What was found, the first hundred.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.finds.kept
    }

    /// How many were found.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.finds.count
    }

    /// Bindings and ends that it has seen: the load under which nothing was found.
    #[must_use]
    pub fn load(&self) -> (u64, u64) {
        (self.books.placed, self.books.ended)
    }

    /// Whether the driver should make a checkpoint after this group, if no event waits for its delivery. Not
    /// while commands of the group may still have consequences at this instant; then after the next group.
    #[must_use]
    pub fn due(&self) -> bool {
        match self.mode {
            Mode::Off => false,
            _ if self.restless => false,
            Mode::Touched => self.since > RECOUNT_EVERY + 4 * self.books.pods.len() as u64,
            Mode::Full => true,
        }
    }

    /// A command leaves for the cluster.
    pub fn command(&mut self, now: Time, command: &Command) {
        if self.mode == Mode::Off {
            return;
        }
        let (books, finds) = (&mut self.books, &mut self.finds);
        monotone::time(books, finds, now);
        books.last_command = now;
        self.restless = true;
        match command {
            Command::Bind { pod, node } => capacity::bind(books, finds, *pod, *node),
            Command::EnsureTenantSpace { tenant, space } => {
                deletion::made(books, finds, *tenant, "a space");
                books.tenant(*tenant).backstop = Some(space.quota);
            }
            Command::ApplyDeployment {
                service,
                deployment,
            } => {
                isolation::owns(books, finds, *service, deployment.tenant);
                deletion::made(books, finds, deployment.tenant, "a Deployment");
                identity::revision(books, finds, *service, deployment.revision);
                self.bounds.applied(books, finds, *service, deployment);
                let known = books.service(*service);
                let last = known.deployment.replace(Arc::clone(deployment));
                let deleted = std::mem::take(&mut known.deleted);
                if last.is_none() || deleted {
                    books.tenant(deployment.tenant).deployments += 1;
                }
                monotone::generation(last.as_deref(), deleted, finds, *service, deployment);
            }
            Command::RunPods {
                tenant,
                service,
                revision,
                ..
            } => {
                isolation::owns(books, finds, *service, *tenant);
                deletion::made(books, finds, *tenant, "pods");
                identity::revision(books, finds, *service, *revision);
            }
            Command::DeleteTenantSpace { .. }
            | Command::DeleteDeployment { .. }
            | Command::StopPods { .. }
            | Command::BootNodes { .. }
            | Command::RemoveNode { .. } => {}
        }
    }

    /// The cluster reports something.
    pub fn event(&mut self, now: Time, event: &Event) {
        if self.mode == Mode::Off {
            return;
        }
        self.since += 1;
        self.restless = false;
        let (books, finds) = (&mut self.books, &mut self.finds);
        monotone::time(books, finds, now);
        if !matches!(event, Event::Usage(_)) {
            books.last_event = now;
        }
        match event {
            Event::SpecSeen { spec, pod } => monotone::spec(books, finds, *spec, pod),
            Event::NodeSeen { node, spec, state } => {
                monotone::node(books, finds, *node, spec, *state)
            }
            Event::NodeChanged { node, state } => books.set_state(*node, *state),
            Event::NodeGone { node } => capacity::gone(books, finds, *node),
            Event::PodsPending {
                first,
                count,
                spec,
                tenant,
                service,
                ..
            } => self.made((*first, *count), *spec, *tenant, *service),
            Event::PodBound {
                pod,
                node,
                tenant,
                service,
                ..
            } => self.bound(*pod, *node, *tenant, *service),
            Event::PodFinished {
                pod,
                tenant,
                service,
                why,
                ..
            } => self.ended(*pod, *tenant, *service, *why),
            Event::Deployment { service, status } => {
                let known = books.service(*service);
                identity::status(known.deployment.as_deref(), finds, *service, status);
                let generation = status.generation;
                monotone::grows(finds, "status", *service, &mut known.seen, generation);
            }
            Event::DeploymentGone { service } => {
                let known = books.service(*service);
                let was =
                    known.deployment.is_some() && !std::mem::replace(&mut known.deleted, true);
                if let Some(tenant) = known.tenant.filter(|_| was) {
                    let tenant = books.tenant(tenant);
                    tenant.deployments = tenant.deployments.saturating_sub(1);
                }
            }
            Event::SpaceReady { tenant, uid } => self.uids.space(books, finds, *tenant, *uid),
            Event::SpaceGone { tenant } => {
                let tenant = books.tenant(*tenant);
                tenant.backstop = None;
                tenant.uid = None;
            }
            Event::SpaceFailed { .. } | Event::PodReady { .. } | Event::Usage(_) => {}
        }
    }

    fn made(
        &mut self,
        (first, count): (PodNo, u32),
        spec: SpecNo,
        no: TenantNo,
        service: ServiceNo,
    ) {
        let (books, finds) = (&mut self.books, &mut self.finds);
        monotone::pods(books, finds, first, count);
        identity::made(books, finds, service, count);
        isolation::owns(books, finds, service, no);
        deletion::made(books, finds, no, "pods");
        let asks = books.asks(spec);
        quota::made(books, finds, no, asks, count);
        books.pending += u64::from(count);
        let pod = Pod {
            service,
            spec,
            asked: None,
            node: None,
            bound: Time::ZERO,
            ended: None,
            metered: false,
        };
        for no in first.0..first.0.saturating_add(u64::from(count)) {
            books.pods.insert(no, pod);
        }
    }

    fn bound(&mut self, no: PodNo, node: NodeNo, tenant: TenantNo, service: ServiceNo) {
        let (books, finds) = (&mut self.books, &mut self.finds);
        isolation::owns(books, finds, service, tenant);
        if !capacity::bound(books, finds, no, node) {
            return;
        }
        books.pending = books.pending.saturating_sub(1);
        books.placed += 1;
        self.metering.bound();
        let asks = books
            .pods
            .get(no.0)
            .map_or(units::Resources::ZERO, |pod| books.asks(pod.spec));
        let now = books.now;
        let tenant = books.tenant(tenant);
        tenant.count(now);
        tenant.bound = plus(tenant.bound, asks);
    }

    fn ended(&mut self, no: PodNo, tenant: TenantNo, service: ServiceNo, why: Finish) {
        let (books, finds) = (&mut self.books, &mut self.finds);
        let Some(pod) = books.pod(no).copied() else {
            // What admission refused never was; its end is all that is heard of it.
            if why != Finish::Failed {
                finds.add(DELETION, format!("pod {no}"), "a pod that lives", "an end");
            }
            return;
        };
        books.ended += 1;
        let owner = books.owner(pod.service);
        identity::ended(books, finds, (pod.service, owner), (service, tenant));
        let asks = books.asks(pod.spec);
        capacity::ended(books, pod.node, pod.asked, asks);
        quota::ended(books, tenant, asks);
        if pod.node.is_none() {
            books.pending = books.pending.saturating_sub(1);
            books.pods.remove(no.0);
            return;
        }
        let now = books.now;
        let owner = books.tenant(tenant);
        owner.count(now);
        owner.bound = owner.bound.saturating_sub(asks);
        if !self.metering.on {
            books.pods.remove(no.0);
            return;
        }
        self.metering.ended();
        if let Some(pod) = books.pods.get_mut(no.0) {
            pod.ended = Some(now);
        }
    }

    /// A message is delivered; its effects follow.
    pub fn message(&mut self, now: Time, message: &Message) {
        if self.mode == Mode::Off {
            return;
        }
        monotone::time(&mut self.books, &mut self.finds, now);
        self.cause = isolation::of_message(&self.books, message);
        self.unforced = false;
        self.restless = false;
        match message {
            Message::Tenant(tenant::Input::SetQuota { force, .. }) => self.unforced = !force,
            Message::Autoscaler(autoscaler::Input::Watch {
                service,
                policy,
                desired,
            }) => self.bounds.watch(now, *service, policy, *desired),
            Message::Autoscaler(autoscaler::Input::Replicas {
                service, desired, ..
            }) => self.bounds.replicas(now, *service, *desired),
            Message::Autoscaler(autoscaler::Input::Unwatch { service }) => {
                self.bounds.unwatch(*service)
            }
            _ => {}
        }
    }

    /// An effect of the message that was delivered last.
    pub fn effect(&mut self, now: Time, effect: &Effect) {
        if self.mode == Mode::Off {
            return;
        }
        let (books, finds) = (&mut self.books, &mut self.finds);
        monotone::time(books, finds, now);
        match effect {
            Effect::Record(Record::Put(row)) => self.recorded(now, row),
            Effect::Record(Record::Drop(Key::Billing(key))) => {
                if matches!(key, billing::Key::Invoice(_) | billing::Key::Window(..)) {
                    finds.add(INVOICES, format!("{key:?}"), "kept for ever", "dropped");
                }
            }
            Effect::Explain(Decision::Scale(scale)) => self.bounds.decided(finds, scale),
            _ => {}
        }
        if let Some(cause) = self.cause {
            isolation::effect(&self.books, &mut self.finds, cause, effect);
        }
    }

    fn recorded(&mut self, now: Time, row: &Row) {
        let (books, finds) = (&mut self.books, &mut self.finds);
        match row {
            Row::Tenant(ten::Row::Org(no, row)) => quota::org(books, *no, row),
            Row::Tenant(ten::Row::Tenant(no, row)) => {
                owner::recorded(books, finds, *no, row.org);
                quota::recorded(books, finds, *no, row, self.unforced);
                let known = books.tenant(*no);
                known.status = Some(row.status);
                if row.status != Status::Active {
                    known.stopped = Some(now);
                }
                if row.status == Status::Gone {
                    deletion::gone(books, finds, *no);
                }
            }
            Row::Tenant(ten::Row::Used { tenant, used, apps }) => {
                quota::reserved(books, finds, *tenant, *used, *apps);
            }
            Row::Workload(row) => service(books, finds, row),
            Row::Billing(row) => {
                self.metering.on = true;
                match row {
                    billing::Row::Interval(row) => self.metering.interval(books, finds, row),
                    billing::Row::Window(window) => {
                        self.metering.window(finds, window, self.mode == Mode::Full);
                    }
                    billing::Row::Invoice(invoice) => self.ledger.invoice(finds, invoice),
                    _ => {}
                }
            }
            Row::Scheduler(_) | Row::Autoscaler(_) => {}
        }
    }

    /// Counts everything again, if the instant rests: no event waits for its delivery, and the world has
    /// nothing more to do at `now`.
    pub fn checkpoint(&mut self, now: Time, views: &Views<'_>) {
        if self.mode == Mode::Off || views.world.next().is_some_and(|next| next <= now) {
            return;
        }
        self.since = 0;
        let (books, finds) = (&mut self.books, &mut self.finds);
        monotone::time(books, finds, now);
        capacity::recount(books, finds);
        quota::recount(books, finds);
        owner::recount(books, finds);
        self.metering.rest(finds);
        ledger::conserved(books, finds, views.world);
        if let Some(billing) = views.billing {
            ledger::metered(books, finds, &mut self.metering, billing);
        }
        deletion::recount(books, finds, views.world);
        rest::liveness(books, finds);
        bounded::rest(books, finds, views.queue, views.timers);
    }

    /// The run is over.
    pub fn finish(&mut self, now: Time, views: &Views<'_>) {
        if self.mode == Mode::Off {
            return;
        }
        self.checkpoint(now, views);
        rest::converged(&self.books, &mut self.finds, views.world);
    }
}

/// A row of the workload machine.
fn service(books: &mut Books, finds: &mut Finds, row: &work::Row) {
    match row {
        work::Row::Service(row) => {
            isolation::owns(books, finds, row.no, row.tenant);
        }
        work::Row::Revision(revision) => {
            let last = &mut books.service(revision.service).revision;
            monotone::grows(finds, "revision", revision.service, last, revision.number);
        }
        work::Row::Rollout(rollout) => {
            let last = &mut books.service(rollout.service).rollout;
            monotone::grows(finds, "rollout", rollout.service, last, rollout.number);
        }
        _ => {}
    }
}
