//! Apps: made by themselves or with their first service, with a quota over all their services (S1-20).

use std::sync::Arc;

use super::check::{check_details, invalid, refusal_of_app};
use super::input::{Answer, AppEdit, Input, NewApp, Refusal};
use super::machine::{Workloads, answer, release};
use super::pending::Pending;
use super::slug::check_slug;
use crate::explain::{Deny, Lack};
use crate::ids::{AppId, AppNo, TenantNo};
use crate::machine::Outbox;
use crate::store::workload::{App, Row, TenantState};
use crate::tenant;
use crate::time::Time;
use crate::units::Resources;

/// Records the row of an app, which makes the next version of it.
pub(super) fn record_app(app: &mut App, out: &mut Outbox) {
    app.version = app.version.saturating_add(1);
    out.record(Row::App(Box::new(app.clone())));
}

impl Workloads {
    /// The app, unless there is none or it is gone.
    pub(super) fn live_app(&self, app: AppNo) -> Result<&App, Refusal> {
        self.apps
            .get(app.index())
            .filter(|app| !app.gone)
            .ok_or(Refusal::NoApp(app))
    }

    pub(super) fn create_app(&mut self, new: Arc<NewApp>, out: &mut Outbox) {
        if let Err(refusal) = self.may_create_app(&new) {
            return answer(Err(refusal), out);
        }
        let tenant = new.tenant;
        let names = self.tenants.entry(tenant).or_default();
        match names.apps.get(&new.slug) {
            Some(Some(_)) => return answer(Err(Refusal::TakenApp(Arc::clone(&new.slug))), out),
            // It is being made at this instant: look again in the next round.
            Some(None) => return out.send(Input::CreateApp(new)),
            None => {}
        }
        names.apps.insert(Arc::clone(&new.slug), None);
        let ticket = self.tickets.put(Pending::App(new));
        out.send(tenant::Input::Reserve {
            tenant,
            ask: ONE_APP,
            ticket,
        });
    }

    fn may_create_app(&self, new: &NewApp) -> Result<(), Refusal> {
        check_slug("name", &new.slug)?;
        check_details(&new.details, &self.config)?;
        let apps = self.tenants.get(&new.tenant).map_or(0, |t| t.apps.len());
        if apps >= self.config.apps_max as usize {
            return Err(invalid(
                "name",
                "the tenant has as many apps as it may have",
            ));
        }
        Ok(())
    }

    pub(super) fn app_admitted(&mut self, new: &NewApp, out: &mut Outbox) {
        let id = AppId(out.draw());
        let no = self.add_app(new.tenant, &new.slug, id);
        let app = &mut self.apps[no.index()];
        app.details = Arc::clone(&new.details);
        app.quota = new.quota;
        app.explicit = true;
        record_app(app, out);
        answer(Ok(Answer::App { no, id }), out);
    }

    pub(super) fn app_refused(&mut self, new: &NewApp, lacks: Lack, out: &mut Outbox) {
        if let Some(names) = self.tenants.get_mut(&new.tenant) {
            names.apps.remove(&new.slug);
        }
        answer(Err(refusal_of_app(lacks)), out);
        self.forget(new.tenant, out);
    }

    /// A refused request may leave nothing behind: a tenant that was not known before, or the last child of
    /// one in deletion.
    pub(super) fn forget(&mut self, tenant: TenantNo, out: &mut Outbox) {
        let unknown = self.tenants.get(&tenant).is_some_and(|names| {
            let empty = names.names.is_empty() && names.apps.is_empty();
            empty && names.state == TenantState::Waiting
        });
        if unknown {
            self.tenants.remove(&tenant);
        }
        self.childless(tenant, out);
    }

    /// Adds an app without services; the caller records it.
    pub(super) fn add_app(&mut self, tenant: TenantNo, slug: &Arc<str>, id: AppId) -> AppNo {
        let no = AppNo::at(self.apps.len());
        self.apps.push(App {
            no,
            id,
            tenant,
            slug: Arc::clone(slug),
            version: 0,
            details: "".into(),
            quota: None,
            explicit: false,
            services: 0,
            deleting: false,
            gone: false,
        });
        self.used.push(Resources::ZERO);
        let names = self.tenants.entry(tenant).or_default();
        names.apps.insert(Arc::clone(slug), Some(no));
        no
    }

    pub(super) fn edit_app(&mut self, no: AppNo, edit: &AppEdit, out: &mut Outbox) {
        if let Err(refusal) = self.may_edit_app(no, edit) {
            return answer(Err(refusal), out);
        }
        let app = &mut self.apps[no.index()];
        let before = (Arc::clone(&app.details), app.quota);
        if let Some(details) = &edit.details {
            app.details = Arc::clone(details);
        }
        app.quota = edit.quota.unwrap_or(app.quota);
        if before != (Arc::clone(&app.details), app.quota) {
            record_app(app, out);
        }
        answer(Ok(Answer::Done), out);
    }

    fn may_edit_app(&self, no: AppNo, edit: &AppEdit) -> Result<(), Refusal> {
        let app = self.live_app(no)?;
        if app.deleting || self.tenant_state(app.tenant) == TenantState::Deleting {
            return Err(Refusal::AppState("it is being deleted".into()));
        }
        if let Some(details) = &edit.details {
            check_details(details, &self.config)?;
        }
        match edit.quota {
            Some(Some(quota)) if !edit.force => {
                let lack = Lack::first(quota, Resources::ZERO, self.used[no.index()]);
                lack.map_or(Ok(()), |lack| Err(Refusal::BelowUse(lack)))
            }
            _ => Ok(()),
        }
    }

    /// Deletes an app: its services, then itself. It waits for what is being made in its tenant.
    pub(super) fn delete_app(&mut self, now: Time, no: AppNo, out: &mut Outbox) {
        let tenant = match self.live_app(no) {
            Ok(app) => app.tenant,
            Err(refusal) => return answer(Err(refusal), out),
        };
        if self.is_reserving(tenant) {
            return out.send(Input::DeleteApp { app: no });
        }
        answer(Ok(Answer::Done), out);
        if self.apps[no.index()].deleting {
            return;
        }
        self.begin_delete_app(no, out);
        for service in self.services_of(tenant) {
            if self.services[service.index()].row.app == no {
                self.begin_delete(now, service, out);
            }
        }
    }

    /// All apps of a tenant that would stay without services go with them.
    pub(super) fn delete_apps(&mut self, tenant: TenantNo, out: &mut Outbox) {
        let names = self.tenants.get(&tenant);
        let apps = names.into_iter().flat_map(|names| names.apps.values());
        let mut apps: Vec<AppNo> = apps.copied().flatten().collect();
        apps.sort_unstable();
        for no in apps {
            let app = &self.apps[no.index()];
            if app.explicit && !app.deleting {
                self.begin_delete_app(no, out);
            }
        }
    }

    fn begin_delete_app(&mut self, no: AppNo, out: &mut Outbox) {
        let app = &mut self.apps[no.index()];
        app.deleting = true;
        if app.services == 0 {
            let tenant = app.tenant;
            self.bury_app(no, out);
            self.childless(tenant, out);
        } else {
            record_app(app, out);
        }
    }

    /// Nothing of an app is left: its row becomes a tombstone, its name is free again.
    pub(super) fn bury_app(&mut self, no: AppNo, out: &mut Outbox) {
        let app = &mut self.apps[no.index()];
        app.gone = true;
        record_app(app, out);
        let tenant = app.tenant;
        if let Some(names) = self.tenants.get_mut(&tenant) {
            names.apps.remove(&app.slug);
        }
        release(tenant, Resources::ZERO, 1, out);
    }

    /// Takes what is about to be reserved for an app out of the app's quota, all or nothing. While use
    /// stands above a quota that was lowered by force, nothing fits.
    pub(super) fn charge(
        &mut self,
        no: AppNo,
        asks: Resources,
        out: &mut Outbox,
    ) -> Result<(), Refusal> {
        let app = &self.apps[no.index()];
        let used = self.used[no.index()];
        if let Some(quota) = app.quota
            && asks != Resources::ZERO
            && let Some(lacks) = Lack::first(quota, used, asks)
        {
            let tenant = app.tenant;
            out.explain(Deny {
                tenant,
                asks,
                lacks,
            });
            return Err(Refusal::AppQuota(lacks));
        }
        self.used[no.index()] = used.checked_add(asks).unwrap_or(used);
        Ok(())
    }

    /// Gives back to an app's quota.
    pub(super) fn discharge(&mut self, no: AppNo, resources: Resources) {
        let used = &mut self.used[no.index()];
        debug_assert!(
            resources.fits(*used),
            "app {no} gives back more than it has"
        );
        *used = used.saturating_sub(resources);
    }
}

const ONE_APP: tenant::Ask = tenant::Ask {
    resources: Resources::ZERO,
    apps: 1,
};
