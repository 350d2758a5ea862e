//! What a run comes to: its report and its figures, from what was recorded.

mod answer;
mod expect;
mod money;
mod parts;

use nimbus_core::digest::hex;
use nimbus_core::ids::TenantNo;
use nimbus_core::time::Span;

use super::{Done, Figures, Running};
use crate::report::{self, Currency, Header, Report, Setting, Stamp, Tables};

/// Refusals that stand word for word in the notes.
const NOTED_REFUSALS: usize = 5;

/// Minor units of a price in micro-minor-units an hour, held for this many node-microseconds; half up.
fn cost_minor(price_per_hour: u64, node_us: u128) -> i64 {
    let whole = u128::from(price_per_hour).saturating_mul(node_us);
    let unit = 3_600_000_000u128 * 1_000_000;
    i64::try_from((whole + unit / 2) / unit).unwrap_or(i64::MAX)
}

/// A sum over the run, at the same rate for 30 days; half up.
fn for_30_days(minor: i64, run: Span) -> i64 {
    let month = i128::from(Span::from_secs(30 * 86_400).0);
    let scaled = i128::from(minor) * month;
    let run = i128::from(run.0.max(1));
    i64::try_from((scaled + run / 2) / run).unwrap_or(i64::MAX)
}

/// The report and the figures of a run at its end.
pub(super) fn done(running: &mut Running) -> Done {
    let trace = running.driver.trace.take();
    let view = View::of(running);
    let figures = view.figures();
    let report = view.report(&figures);
    Done {
        report,
        figures,
        trace,
    }
}

/// The figures of a run at its end.
pub(super) fn figures(running: &Running) -> Figures {
    View::of(running).figures()
}

/// A run at its end, and what is needed all over.
struct View<'a> {
    running: &'a Running,
    currency: Currency,
    invoices: Vec<report::Invoice>,
    invoiced: Vec<(nimbus_core::ids::OrgNo, i64)>,
    metered: Vec<nimbus_core::billing::Metered>,
    notes: Vec<String>,
}

impl<'a> View<'a> {
    fn of(running: &'a Running) -> View<'a> {
        let currency = running.prepared.currency();
        let mut view = View {
            running,
            currency,
            invoices: Vec::new(),
            invoiced: Vec::new(),
            metered: running.driver.machines.billing.metered(running.end),
            notes: Vec::new(),
        };
        view.bill();
        view.note();
        view
    }

    fn note(&mut self) {
        let feed = &self.running.driver.outside;
        let requests = self.running.driver.recorder.refused().0;
        let others = feed
            .refusals
            .iter()
            .filter(|(_, text)| !text.contains("quota"));
        for (at, text) in others.take(NOTED_REFUSALS) {
            self.notes.push(format!("at {at}: {text}"));
        }
        let lost = feed.lost();
        if lost > 0 {
            self.notes.push(format!(
                "{lost} pods never came: their service was not there"
            ));
        }
        if feed.refused > requests + NOTED_REFUSALS as u64 {
            self.notes
                .push(format!("{} requests were refused in all", feed.refused));
        }
    }

    fn report(&self, figures: &Figures) -> Report {
        Report {
            header: self.header(),
            answer: self.answer(figures),
            expectations: self.expectations(figures),
            capacity: self.capacity(),
            scheduling: self.scheduling(),
            autoscaling: self.autoscaling(),
            pools: self.pools(),
            tenants: self.tenants(),
            invoices: self.invoices.clone(),
            tables: self.tables(),
            notes: self.notes.clone(),
            run: None,
        }
    }

    fn header(&self) -> Header {
        let (running, scenario) = (self.running, &self.running.prepared.scenario);
        let set = running.prepared.set.iter();
        Header {
            scenario: scenario.head.name.to_string(),
            title: scenario.head.title.to_string(),
            scenario_hash: hex(&scenario.hash()),
            seed: running.options.seed.unwrap_or(scenario.head.seed),
            set: set
                .map(|set| Setting {
                    key: set.key.clone(),
                    value: set.value.clone(),
                })
                .collect(),
            score: scenario.scheduler.score,
            build: env!("CARGO_PKG_VERSION").to_owned(),
            start: Stamp(scenario.head.start),
            duration_ms: running.end.since(scenario.head.start).0 / 1_000,
            warm_up_ms: running.driver.recorder.from.since(scenario.head.start).0 / 1_000,
            events: running.driver.conductor.events(),
            event_hash: running.driver.hash().to_string(),
            currency: self.currency.clone(),
            partial: running.partial.clone(),
            ..Header::default()
        }
    }

    fn tables(&self) -> Tables {
        let recorder = &self.running.driver.recorder;
        Tables {
            usage_samples: recorder.samples,
            usage_intervals: recorder.bound,
            billed_windows: self.metered.iter().map(|metered| metered.windows).sum(),
            window_runs: self.metered.iter().map(|metered| metered.runs).sum(),
            decisions: recorder.decisions,
        }
    }

    fn figures(&self) -> Figures {
        let (driver, sampler) = (&self.running.driver, &self.running.sampler);
        let recorder = &driver.recorder;
        let (requests, over) = self.served();
        Figures {
            cost_minor: self.pool_costs().iter().sum(),
            violations_ppm: ppm(over, requests),
            pending_p99_ms: recorder.waited(99.0),
            pending_max_ms: recorder.waited(100.0),
            scale_actions: recorder.scaling.actions(),
            reversals: recorder.scaling.reversals(),
            peak_nodes: u64::from(sampler.busy_all.peak()),
            placed: recorder.placed,
            waiting: driver.world.phases().pending,
            refused: recorder.refused().0,
            invoiced_minor: self
                .invoices
                .iter()
                .map(|invoice| invoice.total.minor)
                .sum(),
            peak: sampler.peak,
        }
    }

    /// Requests of all services and those above capacity, in thousandths.
    fn served(&self) -> (u128, u128) {
        let world = &self.running.driver.world;
        let services = self.running.driver.recorder.scaling.services.keys();
        services
            .filter_map(|service| world.served(*service, self.running.end))
            .fold((0, 0), |sum, served| {
                (sum.0 + served.requests_milli, sum.1 + served.over_milli)
            })
    }

    fn pool_costs(&self) -> Vec<i64> {
        let pools = &self.running.prepared.scenario.pools;
        let totals = self.running.driver.world.totals(self.running.end);
        pools
            .iter()
            .zip(&totals.pools)
            .map(|(pool, total)| cost_minor(pool.price_per_hour, total.node_us))
            .collect()
    }

    /// Name of a tenant; its ordinal if it has none.
    fn tenant_name(&self, tenant: TenantNo) -> String {
        let found = self.running.driver.machines.tenants.tenant(tenant);
        found.map_or_else(|| tenant.to_string(), |tenant| tenant.slug.to_owned())
    }
}

/// `part` of a million of `whole`, rounded down; 0 of nothing.
fn ppm(part: u128, whole: u128) -> u64 {
    u64::try_from((part * 1_000_000).checked_div(whole).unwrap_or(0)).unwrap_or(u64::MAX)
}
