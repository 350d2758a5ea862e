//! Creating and changing services.

use std::sync::Arc;

use super::app::record_app;
use super::change::{Change, NewRevision, Says, Settings, add_rollout, say, set_policy};
use super::check::{check, invalid, replicas};
use super::input::{Deploy, Input, Kind, Refusal};
use super::machine::{Workloads, answer, release};
use super::pending::Pending;
use super::slug::deployment_name;
use super::state::Entry;
use crate::explain::Lack;
use crate::ids::{AppId, AppNo, RevisionId, ServiceId, ServiceNo};
use crate::machine::Outbox;
use crate::store::workload::{
    Cause, Fence, Held, Reason, Revision, Row, Service, Template, TenantState,
};
use crate::tenant;
use crate::time::Time;
use crate::units::Resources;

/// A service that waits for its reservation.
#[derive(Clone, Debug)]
pub(super) struct Create {
    deploy: Arc<Deploy>,
    /// Only if there is none of that name.
    new: bool,
    name: Arc<str>,
    /// Its app; `None` if it is made with it.
    app: Option<AppNo>,
    desired: u32,
    held: Held,
    /// What was reserved.
    ask: tenant::Ask,
}

impl Workloads {
    /// Creates a service or changes the one of that name; `new` only creates it.
    pub(super) fn deploy(&mut self, now: Time, deploy: Arc<Deploy>, new: bool, out: &mut Outbox) {
        if let Err(refusal) = check(&deploy, &self.config) {
            return answer(Err(refusal), out);
        }
        let name = deployment_name(&deploy.app, &deploy.service);
        let tenant = self.tenants.get(&deploy.tenant);
        let known = tenant.and_then(|tenant| tenant.names.get(&name).copied());
        let app = tenant.and_then(|tenant| tenant.apps.get(&deploy.app).copied());
        match (known, app) {
            (Some(Some(_)), _) if new => answer(Err(Refusal::Taken(name)), out),
            (Some(Some(no)), _) => self.redeploy(now, no, deploy, out),
            // The name or the app is being made at this instant: look again in the next round.
            (Some(None), _) | (None, Some(None)) => out.send(again(deploy, new)),
            (None, None) if new => {
                answer(Err(Refusal::AppState("it does not exist".into())), out);
            }
            (None, app) => self.create((deploy, new), name, app.flatten(), out),
        }
    }

    fn redeploy(&mut self, now: Time, no: ServiceNo, deploy: Arc<Deploy>, out: &mut Outbox) {
        let entry = &self.services[no.index()];
        if entry.busy || entry.runs > 0 {
            return out.send(Input::Deploy(deploy));
        }
        match self.changed(entry, &deploy) {
            Ok(Some(change)) => self.request(now, Box::new(change), out),
            Ok(None) => {
                let app = self.apps[entry.row.app.index()].id;
                if let Some(same) = say(entry, Says::Deployed, false, app) {
                    answer(Ok(same), out);
                }
            }
            Err(refusal) => answer(Err(refusal), out),
        }
    }

    /// What a request changes of a service; `None` if nothing.
    fn changed(&self, entry: &Entry, deploy: &Deploy) -> Result<Option<Change>, Refusal> {
        let row = &entry.row;
        if *self.apps[row.app.index()].slug != *deploy.app || *row.slug != *deploy.service {
            return Err(Refusal::Taken(Arc::clone(&row.name)));
        }
        self.check_open(entry)?;
        if row.kind != deploy.kind {
            return Err(invalid(
                "kind",
                "expected the present one: it cannot change",
            ));
        }
        let desired = replicas(deploy, Some(row.desired), &self.config)?;
        let template = Template::of(deploy);
        let spec_hash = template.hash();
        let revision = (spec_hash != entry.current.spec_hash).then_some(NewRevision {
            template,
            spec_hash,
            reason: Reason::Deploy,
            from: row.revision,
            by: Arc::clone(&deploy.by),
        });
        let settings = Settings {
            strategy: deploy.strategy,
            autoscale: deploy.autoscale.clone(),
        };
        let same_settings =
            settings.strategy == row.strategy && settings.autoscale == row.autoscale;
        if revision.is_none() && desired == row.desired && same_settings {
            return Ok(None);
        }
        Ok(Some(Change {
            settings: Some(settings),
            cause: revision.as_ref().map(|_| Cause::Deploy),
            revision,
            ..Change::replicas(row.no, desired, Says::Deployed)
        }))
    }

    /// A service takes changes unless it or its tenant is going away or its tenant is suspended.
    pub(super) fn check_open(&self, entry: &Entry) -> Result<(), Refusal> {
        let why = match self.tenant_state(entry.row.tenant) {
            _ if entry.row.deleting => "it is being deleted",
            TenantState::Deleting => "its tenant is being deleted",
            TenantState::Suspended => "its tenant is suspended",
            TenantState::Waiting | TenantState::Active => return Ok(()),
        };
        Err(Refusal::State {
            service: entry.row.no,
            why: why.into(),
        })
    }

    fn create(
        &mut self,
        (deploy, new): (Arc<Deploy>, bool),
        name: Arc<str>,
        app: Option<AppNo>,
        out: &mut Outbox,
    ) {
        let (desired, held) = match self.first(&deploy, app) {
            Ok(first) => first,
            Err(refusal) => return answer(Err(refusal), out),
        };
        let tenant = deploy.tenant;
        let resources = held.total().unwrap_or(Resources::ZERO);
        if let Some(app) = app
            && let Err(refusal) = self.charge(app, resources, out)
        {
            return answer(Err(refusal), out);
        }
        let names = self.tenants.entry(tenant).or_default();
        names.names.insert(Arc::clone(&name), None);
        if app.is_none() {
            names.apps.insert(Arc::clone(&deploy.app), None);
        }
        let ask = tenant::Ask {
            resources,
            apps: u32::from(app.is_none()),
        };
        let ticket = self.tickets.put(Pending::Create(Box::new(Create {
            deploy,
            new,
            name,
            app,
            desired,
            held,
            ask,
        })));
        out.send(tenant::Input::Reserve {
            tenant,
            ask,
            ticket,
        });
    }

    /// Replicas and holding of a new service.
    fn first(&self, deploy: &Deploy, app: Option<AppNo>) -> Result<(u32, Held), Refusal> {
        if app.is_some_and(|app| self.apps[app.index()].deleting) {
            return Err(Refusal::AppState("it is being deleted".into()));
        }
        let tenant = self.tenants.get(&deploy.tenant);
        let (services, apps) = tenant.map_or((0, 0), |t| (t.names.len(), t.apps.len()));
        if services >= self.config.services_max as usize {
            return Err(invalid("service", "the tenant has as many as it may have"));
        }
        if app.is_none() && apps >= self.config.apps_max as usize {
            return Err(invalid("app", "the tenant has as many as it may have"));
        }
        let desired = replicas(deploy, None, &self.config)?;
        let held = Held::default()
            .grown(desired, 0, deploy.spec.requests)
            .ok_or_else(|| invalid("replicas", "asks for more than can be counted"))?;
        Ok((desired, held))
    }

    pub(super) fn create_refused(&mut self, create: &Create, lacks: Lack, out: &mut Outbox) {
        let tenant = create.deploy.tenant;
        if let Some(names) = self.tenants.get_mut(&tenant) {
            names.names.remove(&create.name);
            if create.app.is_none() {
                names.apps.remove(&create.deploy.app);
            }
        }
        if let Some(app) = create.app {
            self.discharge(app, create.ask.resources);
        }
        answer(Err(Refusal::Quota(lacks)), out);
        self.forget(tenant, out);
    }

    pub(super) fn create_admitted(
        &mut self,
        now: Time,
        create: Create,
        active: bool,
        out: &mut Outbox,
    ) {
        let deploy = Arc::clone(&create.deploy);
        if active && self.tenant_state(deploy.tenant) == TenantState::Waiting {
            let tenant = deploy.tenant;
            self.lifecycle(now, tenant, Input::TenantActive { tenant }, out); // after this
        }
        let Some(app) = self.app_of(&create, out) else {
            // The app was deleted at this instant: its quota went with it.
            release(deploy.tenant, create.ask.resources, create.ask.apps, out);
            if let Some(app) = create.app {
                self.discharge(app, create.ask.resources);
            }
            return self.create_again(&create, out);
        };
        let no = ServiceNo::at(self.services.len());
        let row = first_row(&create, no, app, ServiceId(out.draw()));
        let revision = first_revision(&deploy, no, RevisionId(out.draw()), now);
        out.record(Row::Revision(Arc::clone(&revision)));
        out.record(Row::Held {
            service: no,
            held: create.held,
        });
        let mut entry = Entry::new(row, revision, create.held);
        match deploy.kind {
            Kind::Service => add_rollout(&mut entry, Cause::Deploy, None, false, now, out),
            Kind::Batch => entry.row.active = Some(1),
        }
        if deploy.autoscale.is_some() {
            set_policy(&mut entry, deploy.autoscale.clone(), out);
        }
        if let Some(names) = self.tenants.get_mut(&deploy.tenant) {
            names.names.insert(Arc::clone(&create.name), Some(no));
        }
        if let Some(done) = say(&entry, Says::Deployed, true, self.apps[app.index()].id) {
            answer(Ok(done), out);
        }
        self.services.push(entry);
        self.settle(now, no, true, out);
    }

    /// The app of a new service, made if it is not there, with one service more.
    fn app_of(&mut self, create: &Create, out: &mut Outbox) -> Option<AppNo> {
        let deploy = &create.deploy;
        let no = match create.app {
            Some(no) if self.apps[no.index()].gone => return None,
            Some(no) => no,
            None => {
                let no = self.add_app(deploy.tenant, &deploy.app, AppId(out.draw()));
                self.used[no.index()] = create.ask.resources;
                no
            }
        };
        let app = &mut self.apps[no.index()];
        app.services += 1;
        record_app(app, out);
        Some(no)
    }

    /// Asks again, with an app of its own.
    fn create_again(&mut self, create: &Create, out: &mut Outbox) {
        if let Some(names) = self.tenants.get_mut(&create.deploy.tenant) {
            names.names.remove(&create.name);
        }
        out.send(again(Arc::clone(&create.deploy), create.new));
    }
}

/// The same request once more.
fn again(deploy: Arc<Deploy>, new: bool) -> Input {
    if new {
        Input::Create(deploy)
    } else {
        Input::Deploy(deploy)
    }
}

fn first_row(create: &Create, no: ServiceNo, app: AppNo, id: ServiceId) -> Service {
    let deploy = &create.deploy;
    Service {
        no,
        id,
        version: 0,
        tenant: deploy.tenant,
        app,
        slug: Arc::clone(&deploy.service),
        name: Arc::clone(&create.name),
        kind: deploy.kind,
        strategy: deploy.strategy,
        autoscale: None,
        desired: create.desired,
        suspended_replicas: None,
        revision: 1,
        active: None,
        restart: 0,
        pinned: None,
        fence: match deploy.kind {
            Kind::Service => deploy.strategy.fence(create.desired),
            Kind::Batch => Fence::default(),
        },
        generation: 0,
        rollout: 0,
        rollouts_complete: 0,
        rollouts_failed: 0,
        rollouts_superseded: 0,
        scaling: false,
        deleting: false,
        gone: false,
    }
}

fn first_revision(deploy: &Deploy, service: ServiceNo, id: RevisionId, now: Time) -> Arc<Revision> {
    let template = Template::of(deploy);
    Arc::new(Revision {
        service,
        number: 1,
        id,
        spec_hash: template.hash(),
        template,
        reason: Reason::Deploy,
        from: None,
        by: Arc::clone(&deploy.by),
        created_at: now,
    })
}
