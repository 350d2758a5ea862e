//! The sections in the order in which they refer to each other, then what only all of them together show.

use std::collections::{BTreeMap, BTreeSet};

use nimbus_core::time::Span;

use super::ctx::{Ctx, nearest};
use super::keys::{self, SECTIONS};
use super::limits;
use super::model::{Scenario, Tenant, Workload};
use super::problem::Problem;
use super::reader::Reader;
use super::sections::{action, cluster, expect, head, load, rules, tenancy, workload};
use super::source::{Load, Source};
use super::tree::{self, Item, Place, Table, Value};
use super::{Override, overrides};

/// Text → scenario.
pub(super) fn resolve(text: &str, file: &str, sets: &[Override]) -> Result<Scenario, Vec<Problem>> {
    let mut root = tree::read(text, file).map_err(|problem| vec![problem])?;
    let mut ctx = Ctx::new(file, sets);
    overrides::apply(&mut root, &mut ctx);
    newer(&root, &mut ctx);
    if ctx.count() > 0 {
        return Err(ctx.finish());
    }
    let scenario = Sections {
        ctx: &mut ctx,
        root,
    }
    .read();
    match scenario {
        Some(scenario) if ctx.count() == 0 => Ok(scenario),
        _ => Err(ctx.finish()),
    }
}

/// A scenario of a newer version is refused before anything else in it is judged.
fn newer(root: &Table, ctx: &mut Ctx<'_>) {
    let Some(Item {
        value: Value::Table(table),
        ..
    }) = root.get("scenario")
    else {
        return;
    };
    let Some(Item {
        place,
        value: Value::Integer(text),
    }) = table.get("version")
    else {
        return;
    };
    if text
        .parse::<i128>()
        .is_ok_and(|version| version > i128::from(limits::VERSION))
    {
        let message = format!(
            "{text} is newer than this program reads: expected {}, or a newer program",
            limits::VERSION
        );
        ctx.problem(*place, "scenario.version", message);
    }
}

struct Sections<'c, 'f> {
    ctx: &'c mut Ctx<'f>,
    root: Table,
}

impl<'f> Sections<'_, 'f> {
    /// The reader of a section that is there at most once.
    fn one(&mut self, name: &'static str) -> Reader<'_, 'f> {
        let section =
            keys::section(name).expect("every section that is read stands in the table of keys");
        let (table, place) = match self.root.remove(name) {
            Some(Item {
                place,
                value: Value::Table(table),
            }) => (table, place),
            Some(Item { place, .. }) => {
                self.ctx
                    .problem(place, name, format!("expected one section [{name}]"));
                (Table::new(), place)
            }
            None => (Table::new(), Place::Preset),
        };
        Reader::new(self.ctx, section, table, place)
    }

    /// The tables of a section that may be there several times.
    fn many(&mut self, name: &'static str, max: usize) -> Vec<(Table, Place)> {
        let Some(item) = self.root.remove(name) else {
            return Vec::new();
        };
        let Value::List(items) = item.value else {
            self.ctx.problem(
                item.place,
                name,
                format!("expected [[{name}]] with two brackets on each side"),
            );
            return Vec::new();
        };
        if items.len() > max {
            self.ctx.problem(
                item.place,
                name,
                format!("{} of them: expected at most {max}", items.len()),
            );
            return Vec::new();
        }
        let mut tables = Vec::new();
        for item in items {
            match item.value {
                Value::Table(table) => tables.push((table, item.place)),
                _ => self.ctx.problem(
                    item.place,
                    name,
                    format!("expected [[{name}]] with keys below it"),
                ),
            }
        }
        tables
    }

    /// Reads each table of a section.
    fn each<T>(
        &mut self,
        name: &'static str,
        max: usize,
        mut read: impl FnMut(Reader<'_, 'f>) -> T,
    ) -> Vec<(T, Place)> {
        let section =
            keys::section(name).expect("every section that is read stands in the table of keys");
        let mut all = Vec::new();
        for (table, place) in self.many(name, max) {
            all.push((read(Reader::new(self.ctx, section, table, place)), place));
        }
        all
    }

    /// Names of a section must differ.
    fn unique<'n>(&mut self, name: &str, names: impl Iterator<Item = (&'n str, Place)>) {
        let mut seen = BTreeSet::new();
        for (word, place) in names {
            if !word.is_empty() && !seen.insert(word) {
                self.ctx.problem(
                    place,
                    format!("{name}.name"),
                    format!("{word:?} is there twice: expected a name of its own"),
                );
            }
        }
    }

    fn unknown(&mut self) {
        for (name, item) in std::mem::take(&mut self.root) {
            let names = || SECTIONS.iter().map(|section| section.name);
            let hint = match nearest(&name, names()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("expected one of {}", names().collect::<Vec<_>>().join(", ")),
            };
            self.ctx
                .problem(item.place, name, format!("unknown section: {hint}"));
        }
    }

    fn read(mut self) -> Option<Scenario> {
        let head = head::read(self.one("scenario"));
        let billing = rules::billing(self.one("billing"));
        let exponent = u32::from(billing.currency.exponent);
        let pools = self.each("node_pool", limits::POOLS_MAX, |r| {
            cluster::read(r, exponent)
        });
        self.unique(
            "node_pool",
            pools.iter().map(|(pool, place)| (&*pool.name, *place)),
        );
        let orgs = self.each("org", limits::TENANTS_MAX, tenancy::org);
        self.unique("org", orgs.iter().map(|(org, place)| (&*org.name, *place)));
        let orgs: Vec<_> = orgs.into_iter().map(|(org, _)| org).collect();
        let tenants = self.tenants(&orgs);
        let scalers = self.each("autoscaler", limits::WORKLOADS_MAX, rules::autoscaler);
        self.unique(
            "autoscaler",
            scalers
                .iter()
                .map(|(scaler, place)| (&*scaler.name, *place)),
        );
        let autoscalers: Vec<_> = scalers.into_iter().map(|(scaler, _)| scaler).collect();
        let workloads = self.workloads(&tenants, &autoscalers);
        let known = load::Known::of(&tenants, &workloads);
        let loads = self.loads(&known);
        let world = action::World {
            known: &known,
            orgs: &orgs,
            tenants: &tenants,
            workloads: &workloads,
        };
        let drafts = self.each("action", limits::ACTIONS_MAX, |r| action::read(r, &world));
        let drafts: Vec<_> = drafts.into_iter().filter_map(|(draft, _)| draft).collect();
        for draft in drafts.iter().filter(|draft| draft.at() > head.duration) {
            self.late(draft.place, "action.at", draft.at(), head.duration);
        }
        let actions = action::order(drafts, &workloads);
        let scenario = Scenario {
            scheduler: rules::scheduler(self.one("scheduler")),
            slo: rules::slo(self.one("slo")),
            api: rules::api(self.one("api")),
            expect: expect::read(self.one("expect"), &orgs, &tenants, exponent),
            sweep: rules::sweep(self.one("sweep")),
            pools: pools.into_iter().map(|(pool, _)| pool).collect(),
            head,
            orgs,
            loads,
            autoscalers,
            billing,
            actions,
            tenants,
            workloads,
        };
        self.unknown();
        self.sizes(&scenario);
        Some(scenario)
    }

    fn tenants(&mut self, orgs: &[super::model::Org]) -> Vec<Tenant> {
        let section = keys::section("tenant").expect("the table of keys has tenants");
        let mut tenants = Vec::new();
        let mut places = Vec::new();
        for (table, place) in self.many("tenant", limits::TENANTS_MAX) {
            tenancy::tenant(
                Reader::new(self.ctx, section, table, place),
                orgs,
                &mut tenants,
            );
            places.resize(tenants.len(), place);
        }
        let mut seen = BTreeSet::new();
        let groups = tenants
            .iter()
            .filter(|tenant| tenant.numbered)
            .map(|tenant| tenant.group.clone());
        let groups: BTreeSet<_> = groups.collect();
        for (tenant, place) in tenants.iter().zip(places) {
            if !seen.insert(tenant.name.clone())
                || (!tenant.numbered && groups.contains(&tenant.name))
            {
                self.ctx.problem(
                    place,
                    "tenant.name",
                    format!(
                        "{:?} is there twice: expected a name of its own",
                        tenant.name
                    ),
                );
            }
        }
        tenants
    }

    fn workloads(
        &mut self,
        tenants: &[Tenant],
        autoscalers: &[super::model::Autoscaler],
    ) -> Vec<Workload> {
        let directory = tenancy::Directory::of(tenants);
        let mut section = 0;
        let read = self.each("workload", limits::WORKLOADS_MAX, |r| {
            section += 1;
            workload::read(r, section - 1, autoscalers)
        });
        let mut expansion = workload::Expansion::new();
        let mut places = Vec::new();
        for (template, place) in read {
            places.push(place);
            let Some(template) = template else { continue };
            if let Err(message) = expansion.add(&template, &directory) {
                self.ctx.problem(place, "workload.tenant", message);
            }
        }
        let workloads = expansion.finish();
        let mut names = BTreeSet::new();
        for workload in &workloads {
            let place = usize::try_from(workload.section)
                .ok()
                .and_then(|i| places.get(i).copied());
            let place = place.unwrap_or(Place::Preset);
            let tenant = &tenants[workload.tenant].name;
            if !names.insert((workload.tenant, false, workload.name.to_string())) {
                self.ctx.problem(
                    place,
                    "workload.name",
                    format!("{:?} is there twice in tenant {tenant:?}", workload.name),
                );
            } else if !names.insert((workload.tenant, true, deployment(workload))) {
                let name = deployment(workload);
                self.ctx.problem(
                    place,
                    "workload.name",
                    format!("{name:?}, of app and name, is there twice in tenant {tenant:?}"),
                );
            }
        }
        workloads
    }

    fn loads(&mut self, known: &load::Known<'_>) -> Vec<Load> {
        let section = keys::section("load").expect("the table of keys has loads");
        let mut loads: Vec<Load> = Vec::new();
        let mut names = BTreeSet::new();
        let mut numbers = BTreeMap::new();
        let (mut reach, mut traces) = (0, 0);
        for (table, place) in self.many("load", limits::LOADS_MAX) {
            let has_trace = table.contains_key("path");
            traces += usize::from(has_trace);
            if has_trace && traces > limits::TRACES_MAX {
                let message = format!("more than {} loads with a trace", limits::TRACES_MAX);
                self.ctx.problem(place, "load.path", message);
                break;
            }
            let reader = Reader::new(self.ctx, section, table, place);
            let Some(mut load) = load::read(reader, known) else {
                continue;
            };
            reach += reach_of(&load.source);
            if reach > limits::REACH_MAX {
                let message = format!(
                    "all loads together reach more than {} workloads and tenants",
                    limits::REACH_MAX
                );
                self.ctx.problem(place, "load", message);
                break;
            }
            let base = load.name.clone();
            let n: &mut u32 = numbers.entry(base.clone()).or_insert(1);
            while !names.insert(load.name.clone()) {
                *n += 1;
                load.name = format!("{base}-{n}").into();
            }
            loads.push(load);
        }
        loads
    }

    fn late(&mut self, place: Place, key: &str, at: Span, duration: Span) {
        self.ctx.problem(
            place,
            key,
            format!("{at} is after the end: expected at most the duration, {duration}"),
        );
    }

    /// Limits and times over all sections.
    fn sizes(&mut self, scenario: &Scenario) {
        let nodes: u64 = scenario.pools.iter().map(|pool| u64::from(pool.max)).sum();
        if nodes > limits::NODES_MAX {
            self.ctx.problem(
                Place::Preset,
                "node_pool.max",
                format!(
                    "{nodes} nodes in all: expected at most {}",
                    limits::NODES_MAX
                ),
            );
        }
        let mut pods: u64 = scenario
            .workloads
            .iter()
            .map(|workload| u64::from(workload.replicas))
            .sum();
        for load in &scenario.loads {
            if let Source::Churn(churn) = &load.source {
                pods = pods.saturating_add(churn.initial);
            }
        }
        if pods > limits::PODS_MAX {
            self.ctx.problem(
                Place::Preset,
                "workload.replicas",
                format!("{pods} pods in all: expected at most {}", limits::PODS_MAX),
            );
        }
        let end = scenario.head.duration;
        if let Some(tenant) = scenario.tenants.iter().find(|tenant| tenant.at > end) {
            self.late(Place::Preset, "tenant.at", tenant.at, end);
        }
        if let Some(workload) = scenario.workloads.iter().find(|workload| workload.at > end) {
            self.late(Place::Preset, "workload.at", workload.at, end);
        }
    }
}

/// Workloads or tenants that a load is kept with.
fn reach_of(source: &Source) -> usize {
    match source {
        Source::Requests { workloads, .. } => workloads.len(),
        Source::AzureVm(vm) => vm.tenants.len(),
        Source::Churn(churn) => churn.tenants.len(),
        Source::Api { .. } => 1,
    }
}

/// Name of the Deployment (`domain.md` 2).
#[must_use]
pub fn deployment(workload: &Workload) -> String {
    if workload.app == workload.name {
        workload.name.to_string()
    } else {
        format!("{}-{}", workload.app, workload.name)
    }
}
