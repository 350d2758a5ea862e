//! Use by service, and invoices that are recomputed from what was recorded.

use proptest::prelude::*;

use super::harness::Harness;
use crate::billing::{Chains, ContentHash, Difference, Meter, Period, Usage, prove, used};
use crate::ids::{OrgNo, TenantNo};
use crate::plan::PlanCode;
use crate::time::Time;

const DAY: i64 = 86_400;

fn sum_of(harness: &Harness, tenant: u32, from_s: i64, to_s: i64) -> Usage {
    let rows: Vec<_> = harness.rows.values().cloned().collect();
    let all = used(&rows, from_s, to_s).unwrap();
    let own = all.iter().filter(|((of, _), _)| *of == TenantNo(tenant));
    own.fold(Usage::ZERO, |sum, (_, part)| {
        sum.checked_add(*part).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn use_by_service_adds_up_to_what_is_billed(
        steps in proptest::collection::vec((0i64..400_000, 0u64..20, 0u32..3, 0u32..4), 1..80),
    ) {
        let mut harness = Harness::new(20 * DAY, [PlanCode::Metered; 2]);
        for (wait, pod, spec, tenant) in steps {
            let now = harness.now.secs() + wait;
            harness.at(now);
            if wait % 3 == 0 {
                harness.finished(pod);
            } else {
                harness.bound(pod, spec, tenant);
            }
        }
        let now = harness.now;
        let period = Period::month_of(now);
        for tenant in 0..4 {
            let metered = harness.billing.metered(now);
            let all = metered[usize::try_from(tenant).unwrap()].usage;
            prop_assert_eq!(sum_of(&harness, tenant, 0, now.secs()), all);
            let present = sum_of(&harness, tenant, period.from.secs(), now.secs());
            let draft = harness.billing.draft(OrgNo(tenant / 2), now).unwrap();
            for meter in Meter::ALL {
                let mut lines = draft.lines.iter();
                let line = lines.find(|line| line.tenant == Some(TenantNo(tenant)) && line.meter == Some(meter));
                prop_assert_eq!(line.map_or(0, |line| line.quantity), meter.of(present));
            }
        }
    }
}

#[test]
fn use_is_cut_where_it_was_asked_for() {
    let mut harness = Harness::new(0, [PlanCode::Metered; 2]);
    harness.at(100).bound(1, 0, 0);
    harness.at(200).bound(2, 1, 0);
    harness.at(300).finished(1);
    let cpu = |from_s: i64, to_s: i64| sum_of(&harness, 0, from_s, to_s).cpu_millicore_s;
    assert_eq!(cpu(0, 100), 0);
    assert_eq!(cpu(0, 150), 50 * 200);
    assert_eq!(cpu(150, 250), 100 * 200 + 50 * 1_000);
    assert_eq!(cpu(300, 400), 100 * 1_000);
    assert_eq!(cpu(400, 300), 0);
}

/// Two months with use in both, and the invoices of the first.
fn two_months() -> Harness {
    let mut harness = Harness::new(0, [PlanCode::Business, PlanCode::Metered]);
    harness.at(1_000).bound(1, 1, 0);
    harness.at(5_000).bound(2, 0, 1);
    harness.at(9_000).bound(3, 2, 2);
    harness.at(12 * DAY).finished(2);
    harness.at(33 * DAY);
    harness
}

fn chains(harness: &Harness) -> Chains {
    (0..4).map(|no| (TenantNo(no), harness.chain(no))).collect()
}

#[test]
fn a_final_invoice_follows_from_its_windows() {
    let harness = two_months();
    let chains = chains(&harness);
    let finals = harness.billing.finals();
    assert_eq!(finals.len(), 2);
    let mut before = ContentHash::default();
    for invoice in finals {
        assert!(prove(invoice, &chains, before).unwrap() > 0);
        before = invoice.document_hash.unwrap();
    }
    let draft = harness.billing.draft(OrgNo(0), harness.now).unwrap();
    assert!(prove(&draft, &chains, ContentHash::default()).is_ok());
}

#[test]
fn whatever_is_changed_is_named() {
    let harness = two_months();
    let chains = chains(&harness);
    let invoice = (*harness.billing.finals()[0]).clone();
    let first = ContentHash::default();
    let check = |invoice: &crate::billing::Invoice, chains: &Chains, want| {
        assert_eq!(prove(invoice, chains, first), Err(want));
    };
    let (tenant, meter) = (TenantNo(0), Meter::Cpu);
    let mut other = chains.clone();
    other.get_mut(&tenant).unwrap()[1].run.usage.cpu_millicore_s += 1;
    check(&invoice, &other, Difference::Link { tenant, link: 1 });
    let mut other = chains.clone();
    other.get_mut(&tenant).unwrap().remove(0);
    check(&invoice, &other, Difference::Link { tenant, link: 0 });
    let mut other = chains.clone();
    other.get_mut(&tenant).unwrap().truncate(1);
    check(&invoice, &other, Difference::Root { tenant });
    let mut changed = invoice.clone();
    changed.lines[1].quantity += 1;
    check(&changed, &chains, Difference::Quantity { tenant, meter });
    let mut changed = invoice.clone();
    changed.lines[1].amount_minor += 1;
    check(&changed, &chains, Difference::Total);
    let mut changed = invoice.clone();
    changed.usage_root_hash = ContentHash([1; 32]);
    check(&changed, &chains, Difference::UsageRoot);
    let mut changed = invoice.clone();
    changed.through = Time(changed.through.0 + 1);
    check(&changed, &chains, Difference::Document);
    assert_eq!(
        prove(&invoice, &chains, ContentHash([2; 32])),
        Err(Difference::Previous)
    );
}

#[test]
fn the_tail_continues_the_recorded_chain() {
    let harness = two_months();
    for tenant in 0..4 {
        let mut chain = harness.chain(tenant);
        chain.extend(harness.billing.tail(TenantNo(tenant), harness.now));
        let (head, _) = crate::billing::verify(TenantNo(tenant), &chain).unwrap();
        let metered = harness.billing.metered(harness.now);
        assert_eq!(metered[usize::try_from(tenant).unwrap()].head, head);
    }
}
