//! The figures of a run by key: what `--compare` puts side by side and `--limit` names.

use super::model::{Better, Figure, Report, Unit, Wide};
use super::view::share_ppm;

impl Report {
    /// Every figure, answer first. Keys are unique; `cost`, `peak_nodes`, `violations`, `pending_p99` and
    /// `actions` are those that limits usually name.
    #[must_use]
    pub fn figures(&self) -> Vec<Figure> {
        let mut list = List::default();
        self.nodes(&mut list);
        self.placements(&mut list);
        self.scaling(&mut list);
        self.money(&mut list);
        self.parts(&mut list);
        list.0
    }

    fn nodes(&self, list: &mut List) {
        let all = &self.answer.all;
        list.add(
            "peak_nodes",
            "peak nodes",
            Unit::Count,
            Better::Less,
            all.nodes_peak,
        );
        list.add(
            "p95_nodes",
            "nodes, 95 % of the time",
            Unit::Count,
            Better::Less,
            all.nodes_p95,
        );
        list.add(
            "p50_nodes",
            "nodes, half of the time",
            Unit::Count,
            Better::Less,
            all.nodes_p50,
        );
        let seconds = self.capacity.node_seconds.0;
        list.add(
            "node_hours",
            "node-hours",
            Unit::Hours,
            Better::Less,
            seconds,
        );
        list.add(
            "cost",
            "cost of nodes",
            Unit::Minor,
            Better::Less,
            all.cost.minor,
        );
    }

    fn placements(&self, list: &mut List) {
        let scheduling = &self.scheduling;
        let pending = &scheduling.pending;
        list.add(
            "placed",
            "pods placed",
            Unit::Count,
            Better::More,
            scheduling.placed,
        );
        list.add(
            "waited",
            "pods that waited",
            Unit::Count,
            Better::Less,
            scheduling.waited,
        );
        list.add(
            "waiting",
            "pods that wait at the end",
            Unit::Count,
            Better::Less,
            scheduling.waiting,
        );
        list.add(
            "refused",
            "requests refused",
            Unit::Count,
            Better::Less,
            scheduling.refused_requests,
        );
        list.add(
            "pending_p50",
            "wait, p50",
            Unit::Millis,
            Better::Less,
            pending.p50_ms,
        );
        list.add(
            "pending_p90",
            "wait, p90",
            Unit::Millis,
            Better::Less,
            pending.p90_ms,
        );
        list.add(
            "pending_p99",
            "wait, p99",
            Unit::Millis,
            Better::Less,
            pending.p99_ms,
        );
        list.add(
            "pending_max",
            "wait, longest",
            Unit::Millis,
            Better::Less,
            pending.max_ms,
        );
    }

    fn scaling(&self, list: &mut List) {
        if self.autoscaling.is_empty() {
            return;
        }
        let sum = |of: fn(&super::model::Scaling) -> u64| {
            self.autoscaling.iter().map(of).fold(0, u64::saturating_add)
        };
        let (requests, violating) = (sum(|s| s.requests), sum(|s| s.violating));
        let seconds = self.autoscaling.iter().map(|s| s.pod_seconds.0);
        let seconds = seconds.fold(0, i128::saturating_add);
        let share = share_ppm(violating, requests);
        let actions = sum(|s| s.up.saturating_add(s.down));
        let overload = sum(|s| s.overload_minutes);
        list.add(
            "requests",
            "requests",
            Unit::Count,
            Better::Neither,
            requests,
        );
        list.add(
            "violations",
            "requests above capacity",
            Unit::Ppm,
            Better::Less,
            share,
        );
        list.add(
            "actions",
            "autoscaling steps",
            Unit::Count,
            Better::Less,
            actions,
        );
        list.add(
            "overload_minutes",
            "minutes of overload",
            Unit::Count,
            Better::Less,
            overload,
        );
        list.add(
            "pod_hours",
            "pod-hours of scaled services",
            Unit::Hours,
            Better::Less,
            seconds,
        );
    }

    fn money(&self, list: &mut List) {
        if self.invoices.is_empty() {
            return;
        }
        let total = self
            .invoices
            .iter()
            .map(|invoice| i128::from(invoice.total.minor));
        let total: i128 = total.fold(0, i128::saturating_add);
        list.add("invoiced", "invoiced", Unit::Minor, Better::Neither, total);
    }

    fn parts(&self, list: &mut List) {
        for pool in self
            .answer
            .pools
            .iter()
            .filter(|_| self.answer.pools.len() > 1)
        {
            let name = &pool.pool;
            let key = format!("pool.{name}.peak_nodes");
            list.add(
                &key,
                &format!("{name}: peak nodes"),
                Unit::Count,
                Better::Less,
                pool.nodes_peak,
            );
            let key = format!("pool.{name}.cost");
            list.add(
                &key,
                &format!("{name}: cost"),
                Unit::Minor,
                Better::Less,
                pool.cost.minor,
            );
        }
        for scaling in self
            .autoscaling
            .iter()
            .filter(|_| self.autoscaling.len() > 1)
        {
            let name = &scaling.service;
            let share = scaling.violating_ppm;
            let key = format!("service.{name}.violations");
            list.add(
                &key,
                &format!("{name}: above capacity"),
                Unit::Ppm,
                Better::Less,
                share,
            );
            let actions = scaling.up.saturating_add(scaling.down);
            let key = format!("service.{name}.actions");
            list.add(
                &key,
                &format!("{name}: steps"),
                Unit::Count,
                Better::Less,
                actions,
            );
        }
    }
}

#[derive(Default)]
struct List(Vec<Figure>);

impl List {
    fn add(&mut self, key: &str, name: &str, unit: Unit, better: Better, value: impl Into<i128>) {
        self.0.push(Figure {
            key: key.to_owned(),
            name: name.to_owned(),
            unit,
            better,
            value: Wide(value.into()),
        });
    }
}
