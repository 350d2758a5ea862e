//! `[expect]`: what the scenario says must hold in the end.

use super::View;
use super::answer::percent;
use crate::report::{Expectation, format};
use crate::run::Figures;

fn check(text: &str, expected: String, found: String, ok: bool) -> Expectation {
    Expectation {
        text: text.to_owned(),
        expected,
        found,
        ok,
    }
}

fn at_most(text: &str, limit: Option<u64>, found: u64) -> Option<Expectation> {
    limit.map(|limit| {
        check(
            text,
            format!("at most {}", format::count(i128::from(limit))),
            format::count(i128::from(found)),
            found <= limit,
        )
    })
}

fn at_least(text: &str, limit: Option<u64>, found: u64) -> Option<Expectation> {
    limit.map(|limit| {
        check(
            text,
            format!("at least {}", format::count(i128::from(limit))),
            format::count(i128::from(found)),
            found >= limit,
        )
    })
}

impl View<'_> {
    pub(super) fn expectations(&self, figures: &Figures) -> Vec<Expectation> {
        let expect = &self.running.prepared.scenario.expect;
        let share = |limit: u32, most: bool| {
            let (word, limit) = (if most { "at most" } else { "at least" }, u64::from(limit));
            let ok = if most {
                figures.violations_ppm <= limit
            } else {
                figures.violations_ppm >= limit
            };
            let expected = format!("{word} {}", percent(limit));
            check(
                "requests above capacity",
                expected,
                percent(figures.violations_ppm),
                ok,
            )
        };
        let pending = expect.pending_p99_max.map(|limit| {
            let ok = i64::try_from(figures.pending_p99_ms).is_ok_and(|ms| ms <= limit.0 / 1_000);
            {
                let (limit, found) = (
                    i128::from(limit.0 / 1_000),
                    i128::from(figures.pending_p99_ms),
                );
                check(
                    "pending p99",
                    format!("at most {}", format::duration(limit)),
                    format::duration(found),
                    ok,
                )
            }
        });
        let mut found: Vec<Expectation> = [
            at_most("peak nodes", expect.peak_nodes_max, figures.peak_nodes),
            at_least("peak nodes", expect.peak_nodes_min, figures.peak_nodes),
            expect.violations_max.map(|limit| share(limit, true)),
            expect.violations_min.map(|limit| share(limit, false)),
            at_least("refused requests", expect.refused_min, figures.refused),
            at_most("refused requests", expect.refused_max, figures.refused),
            at_least("pods placed", expect.placed_min, figures.placed),
            at_most("pods placed", expect.placed_max, figures.placed),
            at_most(
                "pods waiting at the end",
                expect.waiting_max,
                figures.waiting,
            ),
            at_least(
                "scale actions",
                expect.scale_actions_min,
                figures.scale_actions,
            ),
            at_most(
                "scale actions",
                expect.scale_actions_max,
                figures.scale_actions,
            ),
            pending,
        ]
        .into_iter()
        .flatten()
        .collect();
        found.extend(self.invoices_expected());
        if let Some(hash) = expect.event_hash {
            let (expected, run) = (
                format!("{hash:032x}"),
                self.running.driver.hash().to_string(),
            );
            let ok = expected == run;
            found.push(check("event hash", expected, run, ok));
        }
        found
    }

    fn invoices_expected(&self) -> Vec<Expectation> {
        let scenario = &self.running.prepared.scenario;
        let check_one = |(payer, minor): &(crate::scenario::Payer, i64)| {
            let org = self.running.driver.outside.payer(*payer);
            let billed = self
                .invoiced
                .iter()
                .filter(|(billed, _)| Some(*billed) == org);
            let found: i64 = billed.map(|(_, minor)| minor).sum();
            let name = match payer {
                crate::scenario::Payer::Org(index) => &scenario.orgs[*index].name,
                crate::scenario::Payer::Tenant(index) => &scenario.tenants[*index].name,
            };
            let show = |minor| self.currency.money(minor).decimal();
            check(
                &format!("invoices of {name}"),
                show(*minor),
                show(found),
                *minor == found,
            )
        };
        scenario.expect.invoices.iter().map(check_one).collect()
    }
}
