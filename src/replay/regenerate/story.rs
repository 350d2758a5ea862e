//! What a journal tells: who came, what was asked, how much was used.

use std::collections::BTreeMap;
use std::sync::Arc;

use nimbus_core::autoscaler::Policy;
use nimbus_core::cluster::{Event, PodSpec, UsageTick};
use nimbus_core::ids::{OrgNo, PodNo, ServiceNo, TenantNo};
use nimbus_core::machine::{Message, Reply};
use nimbus_core::machines::Config;
use nimbus_core::plan::PlanCode;
use nimbus_core::store::{Row, tenant as rows};
use nimbus_core::time::{Span, Time};
use nimbus_core::units::Resources;
use nimbus_core::workload::{Actor, Deploy, Kind, Strategy};
use nimbus_core::{store, tenant, workload};

use crate::shell::group::{Group, Input};
use crate::shell::journal::Snapshot;

/// A tenant.
#[derive(Clone, Debug)]
pub(super) struct Who {
    pub(super) name: String,
    pub(super) org: Option<OrgNo>,
    pub(super) plan: PlanCode,
    pub(super) quota: Option<Resources>,
    pub(super) at: Span,
}

/// A service.
#[derive(Clone, Debug)]
pub(super) struct What {
    pub(super) tenant: TenantNo,
    pub(super) app: String,
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) image: Arc<str>,
    pub(super) spec: Arc<PodSpec>,
    pub(super) replicas: u32,
    pub(super) lifetime: Option<Span>,
    pub(super) strategy: Strategy,
    pub(super) autoscale: Option<Arc<Policy>>,
    pub(super) starts: bool,
    pub(super) at: Span,
    /// Shortest and longest time from bound to ready.
    pub(super) start: Option<(Span, Span)>,
}

/// Something that was asked later: its word, of what, and further keys.
#[derive(Clone, Debug)]
pub(super) struct Act {
    pub(super) at: Span,
    pub(super) word: &'static str,
    pub(super) on: On,
    pub(super) keys: toml::Table,
}

/// What it was about.
#[derive(Clone, Copy, Debug)]
pub(super) enum On {
    Tenant(TenantNo),
    Service(ServiceNo),
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Story {
    pub(super) start: Option<Time>,
    pub(super) end: Time,
    pub(super) config: Config,
    pub(super) orgs: BTreeMap<OrgNo, (String, PlanCode)>,
    pub(super) tenants: BTreeMap<TenantNo, Who>,
    pub(super) services: BTreeMap<ServiceNo, What>,
    pub(super) acts: Vec<Act>,
    /// Use by time of the sample.
    pub(super) used: BTreeMap<Time, BTreeMap<ServiceNo, u64>>,
    pub(super) lag: Span,
    pub(super) left_out: u64,
    bound: BTreeMap<PodNo, Time>,
}

impl Story {
    /// What was there before the first group.
    pub(super) fn begin(&mut self, snapshot: &Snapshot) {
        self.config = snapshot.config.clone();
        let apps: BTreeMap<_, _> = snapshot.rows.iter().filter_map(app).collect();
        let specs: BTreeMap<_, _> = snapshot.rows.iter().filter_map(current).collect();
        for row in &snapshot.rows {
            match row {
                Row::Tenant(rows::Row::Tenant(no, row)) => self.old_tenant(*no, row),
                Row::Tenant(rows::Row::Org(no, row)) if !row.implied => {
                    let name = row.slug.to_string();
                    self.orgs.insert(*no, (name, row.plan));
                }
                Row::Workload(store::workload::Row::Service(row)) if !row.gone => {
                    let template = specs.get(&(row.no, row.revision));
                    let (Some(app), Some(template)) = (apps.get(&row.app), template) else {
                        self.left_out += 1;
                        continue;
                    };
                    let what = What {
                        tenant: row.tenant,
                        app: app.to_string(),
                        name: row.slug.to_string(),
                        kind: row.kind,
                        image: Arc::clone(&template.template.image),
                        spec: Arc::clone(&template.template.spec),
                        replicas: row.suspended_replicas.unwrap_or(row.desired),
                        lifetime: None,
                        strategy: row.strategy,
                        autoscale: row.autoscale.clone(),
                        starts: template.template.starts,
                        at: Span::ZERO,
                        start: None,
                    };
                    self.services.insert(row.no, what);
                }
                _ => {}
            }
        }
    }

    fn old_tenant(&mut self, no: TenantNo, row: &rows::TenantRow) {
        if matches!(row.status, tenant::Status::Gone) {
            return;
        }
        let who = Who {
            name: row.slug.to_string(),
            org: Some(row.org),
            plan: PlanCode::Metered,
            quota: Some(row.quota),
            at: Span::ZERO,
        };
        self.tenants.insert(no, who);
    }

    /// What a group brought.
    pub(super) fn group(&mut self, group: &Group, replies: &BTreeMap<u32, Reply>) {
        let start = *self.start.get_or_insert(group.now);
        self.end = group.now;
        let at = group.now.since(start);
        for (root, input) in (0u32..).zip(&group.inputs) {
            match input {
                Input::Asked { message, .. } => match replies.get(&root) {
                    Some(reply) => self.asked(at, message, reply),
                    None => self.left_out += 1,
                },
                Input::Seen(event) => self.seen(group.now, event),
            }
        }
    }

    fn seen(&mut self, now: Time, event: &Event) {
        match event {
            Event::PodBound { pod, .. } => {
                self.bound.insert(*pod, now);
            }
            Event::PodReady { pod, service } => {
                let Some(bound) = self.bound.remove(pod) else {
                    return;
                };
                if let Some(what) = self.services.get_mut(service) {
                    let took = now.since(bound);
                    let (least, most) = what.start.unwrap_or((took, took));
                    what.start = Some((least.min(took), most.max(took)));
                }
            }
            Event::PodFinished { pod, .. } => {
                self.bound.remove(pod);
            }
            Event::Usage(tick) => self.usage(now, tick),
            _ => {}
        }
    }

    fn usage(&mut self, now: Time, tick: &UsageTick) {
        self.lag = now.since(tick.sampled_at);
        let used = tick.services.iter();
        let used = used.filter_map(|usage| Some((usage.service, usage.used_m?)));
        self.used.insert(tick.sampled_at, used.collect());
    }

    fn asked(&mut self, at: Span, message: &Message, reply: &Reply) {
        match (message, reply) {
            (Message::Tenant(input), Reply::Tenant(Ok(answer))) => {
                self.of_tenant(at, input, answer)
            }
            (Message::Workload(input), Reply::Workload(Ok(answer))) => {
                self.of_workload(at, input, answer);
            }
            (_, Reply::Tenant(Err(_)) | Reply::Workload(Err(_)) | Reply::Billing(_)) => {}
            _ => self.left_out += 1,
        }
    }

    fn of_tenant(&mut self, at: Span, input: &tenant::Input, answer: &tenant::Answer) {
        use tenant::{Answer, Input};
        match (input, answer) {
            (Input::Expect { then, .. }, answer) => self.of_tenant(at, then, answer),
            (Input::CreateOrg { slug, plan }, Answer::Org { no, .. }) => {
                self.orgs.insert(*no, (slug.to_string(), *plan));
            }
            (Input::Create(new), Answer::Tenant { no, .. }) => {
                let taken = self.tenants.values().any(|who| *who.name == *new.slug);
                let name = match taken {
                    true => format!("{}-{}", new.slug, no.0), // an earlier one of this name is gone
                    false => new.slug.to_string(),
                };
                let who = Who {
                    name,
                    org: new.org,
                    plan: new.plan,
                    quota: new.quota,
                    at,
                };
                self.tenants.insert(*no, who);
            }
            (Input::Suspend { tenant, .. }, _) => self.act(at, "suspend", On::Tenant(*tenant)),
            (Input::Resume { tenant }, _) => self.act(at, "resume_tenant", On::Tenant(*tenant)),
            (Input::Delete { tenant }, _) => self.act(at, "delete_tenant", On::Tenant(*tenant)),
            (
                Input::SetQuota {
                    tenant,
                    quota,
                    force,
                },
                _,
            ) => {
                let mut keys = toml::Table::new();
                keys.insert("quota".into(), super::write::quota(*quota));
                keys.insert("force".into(), (*force).into());
                self.act_with(at, "set_quota", On::Tenant(*tenant), keys);
            }
            _ => self.left_out += 1,
        }
    }

    fn of_workload(&mut self, at: Span, input: &workload::Input, answer: &workload::Answer) {
        use workload::Input;
        match input {
            Input::Expect { then, .. } => self.of_workload(at, then, answer),
            Input::Create(deploy) | Input::Deploy(deploy) => self.deploy(at, deploy, answer),
            Input::CreateApp(app) if app.quota.is_none() => {} // an app comes with its first service
            Input::SetAutoscale { service, policy } => match self.services.get_mut(service) {
                Some(what) => what.autoscale.clone_from(policy), // from the beginning on: a scenario has one
                None => self.left_out += 1,
            },
            Input::Scale {
                service,
                replicas,
                by: Actor::User,
            } => {
                let mut keys = toml::Table::new();
                keys.insert("replicas".into(), i64::from(*replicas).into());
                self.act_with(at, "scale", On::Service(*service), keys);
            }
            Input::Rollback {
                service, revision, ..
            } => {
                let mut keys = toml::Table::new();
                if let Some(revision) = revision {
                    keys.insert("revision".into(), i64::from(*revision).into());
                }
                self.act_with(at, "rollback", On::Service(*service), keys);
            }
            Input::Unpin { service } => self.act(at, "unpin", On::Service(*service)),
            Input::Restart { service } => self.act(at, "restart", On::Service(*service)),
            Input::PauseRollout { service } => self.act(at, "pause", On::Service(*service)),
            Input::ResumeRollout { service } => self.act(at, "resume", On::Service(*service)),
            Input::UndoRollout { service, .. } => self.act(at, "undo", On::Service(*service)),
            Input::Delete { service } => self.act(at, "delete_service", On::Service(*service)),
            Input::Run {
                service,
                lifetime,
                count,
            } => match self.services.get_mut(service) {
                Some(what) if what.replicas == 0 => {
                    (what.replicas, what.lifetime) = (*count, *lifetime);
                }
                _ => self.left_out += 1,
            },
            _ => self.left_out += 1,
        }
    }

    fn deploy(&mut self, at: Span, deploy: &Deploy, answer: &workload::Answer) {
        let workload::Answer::Deployed { no, .. } = answer else {
            self.left_out += 1;
            return;
        };
        if self.services.contains_key(no) {
            let keys = super::write::deployed(deploy);
            return self.act_with(at, "deploy", On::Service(*no), keys);
        }
        let mut same = self.services.values();
        let taken = same.any(|what| what.tenant == deploy.tenant && *what.name == *deploy.service);
        let name = match taken {
            true => format!("{}-{}", deploy.service, no.0),
            false => deploy.service.to_string(),
        };
        let usual = u32::from(deploy.kind == Kind::Service);
        let what = What {
            tenant: deploy.tenant,
            app: deploy.app.to_string(),
            name,
            kind: deploy.kind,
            image: Arc::clone(&deploy.image),
            spec: Arc::clone(&deploy.spec),
            replicas: deploy.replicas.unwrap_or(usual),
            lifetime: None,
            strategy: deploy.strategy,
            autoscale: deploy.autoscale.clone(),
            starts: deploy.starts,
            at,
            start: None,
        };
        self.services.insert(*no, what);
    }

    fn act(&mut self, at: Span, word: &'static str, on: On) {
        self.act_with(at, word, on, toml::Table::new());
    }

    fn act_with(&mut self, at: Span, word: &'static str, on: On, keys: toml::Table) {
        self.acts.push(Act { at, word, on, keys });
    }
}

fn app(row: &Row) -> Option<(nimbus_core::ids::AppNo, Arc<str>)> {
    match row {
        Row::Workload(store::workload::Row::App(app)) => Some((app.no, Arc::clone(&app.slug))),
        _ => None,
    }
}

fn current(row: &Row) -> Option<((ServiceNo, u32), &store::workload::Revision)> {
    match row {
        Row::Workload(store::workload::Row::Revision(revision)) => {
            Some(((revision.service, revision.number), revision))
        }
        _ => None,
    }
}
