//! Rates, plans, periods, invoices.

use std::sync::Arc;

use proptest::prelude::*;
use rand::RngExt;

use super::harness::Harness;
use crate::billing::bill::{Bill, Share};
use crate::billing::{
    Answer, Code, Config, ContentHash, Currency, Input, Invoice, InvoiceState, LineKind, Meter,
    OPEN_AFTER_END, Period, PeriodUse, PriceList, Refusal, Usage, quantity_text,
};
use crate::ids::{OrgNo, PodNo, TenantNo};
use crate::machine::Reply;
use crate::plan::PlanCode;
use crate::rng;
use crate::time::Time;

const DAY: i64 = 86_400;
/// 2026-11-01T00:00:00Z.
const NOVEMBER: i64 = 1_793_491_200;

fn amounts(invoice: &Invoice) -> Vec<(LineKind, i64)> {
    invoice
        .lines
        .iter()
        .map(|line| (line.kind, line.amount_minor))
        .collect()
}

#[test]
fn the_printed_example_comes_out_to_the_cent() {
    let mut harness = Harness::new(NOVEMBER, [PlanCode::Metered; 2]);
    harness.bound(1, 0, 0);
    harness.at(NOVEMBER + 1_679_616).finished(1);
    let draft = harness.billing.draft(OrgNo(0), harness.now).unwrap();
    let lines: Vec<(String, i64)> = draft
        .lines
        .iter()
        .map(|line| (line.quantity_text(), line.amount_minor))
        .collect();
    let expected = [
        ("1", 0),
        ("93.312", 378),
        ("116.64", 52),
        ("0", 0),
        ("0", 0),
    ];
    assert_eq!(
        lines,
        expected.map(|(text, amount)| (text.to_owned(), amount))
    );
    assert_eq!(draft.show(draft.total_minor), "4.30 USD");
    assert_eq!(draft.of_tenant(TenantNo(0)), 430);
    assert_eq!(
        draft.lines[1].windows.unwrap().first,
        Time::from_secs(NOVEMBER)
    );
}

#[test]
fn money_is_shown_with_the_digits_of_its_currency() {
    for (code, minor, text) in [
        ("USD", 378, "3.78 USD"),
        ("USD", -5, "-0.05 USD"),
        ("JPY", -12, "-12 JPY"),
        ("KWD", 5, "0.005 KWD"),
        ("USD", i64::MIN, "-92233720368547758.08 USD"),
    ] {
        assert_eq!(Currency::of(code).unwrap().show(minor), text);
    }
    for bad in ["", "usd", "US", "USDX", "U$D", "ÄÖ"] {
        assert!(Currency::of(bad).is_err(), "{bad}");
    }
    assert_eq!(Currency::USD.price(4_048_000), "0.0404800");
    assert_eq!(Currency::USD.price(4_900_000_000), "49.0000000");
    assert_eq!(Currency::of("JPY").unwrap().price(4_048_000), "4.048000");
    assert_eq!(quantity_text(1, 3), "0.333333");
    assert_eq!(quantity_text(i128::MAX, 3), format!("{}/3", i128::MAX));
    let code: Code = serde_json::from_str("\"EUR\"").unwrap();
    assert_eq!(serde_json::to_string(&code).unwrap(), "\"EUR\"");
}

#[test]
fn an_amount_beyond_its_width_is_an_error() {
    let prices = PriceList::default();
    assert_eq!(prices.amount(Meter::Cpu, i128::MAX), None);
    assert_eq!(prices.amount(Meter::Memory, i128::MAX / 444_500), None);
    assert_eq!(prices.amount(Meter::Cpu, -3_600_000), Some(-4));
    let mut harness = Harness::new(0, [PlanCode::Metered; 2]);
    harness.billing.accounts[0].as_mut().unwrap().overflow = true;
    let now = harness.now;
    assert_eq!(harness.billing.draft(OrgNo(0), now), Err(Refusal::Overflow));
    assert!(harness.billing.draft(OrgNo(1), now).is_ok());
    harness.at(40 * DAY);
    let orgs: Vec<OrgNo> = harness.billing.finals().iter().map(|f| f.org).collect();
    assert_eq!(
        orgs,
        [OrgNo(1)],
        "an invoice that cannot be computed takes no number"
    );
}

#[test]
fn plans_are_prorated_by_seconds_of_the_whole_period() {
    let mut harness = Harness::new(NOVEMBER + 10 * DAY, [PlanCode::Business; 2]);
    let plan = |harness: &Harness| {
        let draft = harness.billing.draft(OrgNo(0), harness.now).unwrap();
        let plans = draft
            .lines
            .iter()
            .filter(|line| line.kind == LineKind::Plan);
        plans
            .map(|line| (line.plan.unwrap(), line.amount_minor))
            .collect::<Vec<_>>()
    };
    assert_eq!(plan(&harness), [(PlanCode::Business, 3_267)]);
    let upgrade = Input::PlanChanged {
        org: OrgNo(0),
        plan: PlanCode::Enterprise,
    };
    harness.at(NOVEMBER + 25 * DAY).tell(upgrade.clone());
    assert_eq!(harness.tell(upgrade), [], "told again, nothing happens");
    let expected = [(PlanCode::Business, 2_450), (PlanCode::Enterprise, 8_317)];
    assert_eq!(plan(&harness), expected);
    harness.tell(Input::PlanChanged {
        org: OrgNo(0),
        plan: PlanCode::Business,
    });
    assert_eq!(
        plan(&harness),
        [(PlanCode::Business, 3_267)],
        "no second of the other"
    );
    harness.at(NOVEMBER + 40 * DAY);
    assert_eq!(
        plan(&harness),
        [(PlanCode::Business, 4_900)],
        "a full period costs the price"
    );
}

#[test]
fn use_under_a_plan_without_limit_costs_nothing() {
    let mut harness = Harness::new(NOVEMBER, [PlanCode::Free, PlanCode::Metered]);
    harness.bound(1, 1, 0);
    harness.at(NOVEMBER + 100 * 3_600 + 17);
    let free = harness.billing.draft(OrgNo(0), harness.now).unwrap();
    assert_eq!(free.total_minor, 0);
    assert_eq!(
        free.lines
            .iter()
            .filter(|line| line.kind == LineKind::Allowance)
            .count(),
        2
    );
    harness.tell(Input::PlanChanged {
        org: OrgNo(0),
        plan: PlanCode::Metered,
    });
    harness.at(NOVEMBER + 200 * 3_600 + 17);
    let draft = harness.billing.draft(OrgNo(0), harness.now).unwrap();
    // 200 h + 17 s of one core and one GiB, of which 100 h + 17 s were free: 404.80 + 44.45 cents.
    let usage = [810, 89];
    let expected = [0, 0, usage[0], usage[1], 0, 0, -405, -44];
    assert_eq!(
        amounts(&draft).iter().map(|a| a.1).collect::<Vec<_>>(),
        expected
    );
}

#[test]
fn an_allowance_is_shared_by_use() {
    let mut harness = Harness::new(NOVEMBER, [PlanCode::Business, PlanCode::Metered]);
    for pod in 0..4 {
        harness.bound(pod, 1, u32::from(pod == 3));
    }
    harness.at(NOVEMBER + 10 * DAY);
    let draft = harness.billing.draft(OrgNo(0), harness.now).unwrap();
    let included: Vec<(TenantNo, String)> = draft
        .lines
        .iter()
        .filter(|line| line.kind == LineKind::Allowance && line.meter == Some(Meter::Cpu))
        .map(|line| (line.tenant.unwrap(), line.quantity_text()))
        .collect();
    // 720 and 240 vCPU-hours are below the 1,000 of the plan.
    assert_eq!(
        included,
        [
            (TenantNo(0), "-720".to_owned()),
            (TenantNo(1), "-240".to_owned())
        ]
    );
    assert_eq!(draft.total_minor, 4_900);
    harness.at(NOVEMBER + 20 * DAY);
    let draft = harness.billing.draft(OrgNo(0), harness.now).unwrap();
    let sum: i128 = draft
        .lines
        .iter()
        .filter(|line| line.kind == LineKind::Allowance && line.meter == Some(Meter::Cpu))
        .map(|line| line.quantity)
        .sum();
    assert_eq!(
        sum,
        -1_000 * 3_600_000,
        "not a unit more than the plan includes"
    );
}

/// Sum of lines = total, and each line is the exact product rounded once: 10^5 invoices.
#[test]
fn the_total_of_an_invoice_is_the_sum_of_its_lines() {
    let mut random = rng::stream(28, "invoices", "g28");
    for case in 0..100_000u32 {
        let currency = Currency::of(["JPY", "USD", "KWD"][case as usize % 3]).unwrap();
        let prices = PriceList {
            cpu_vcpu_hour: random.random_range(0..10_000_000_000),
            memory_gib_hour: random.random_range(0..10_000_000_000),
        };
        let config = Config {
            currency,
            prices,
            start: Time::ZERO,
        };
        let period = Period::month_of(Time::from_secs(random.random_range(0..4_000_000_000)));
        let mut at_s = period.from.secs() + random.random_range(-40 * DAY..20 * DAY);
        let plans: Vec<(i64, PlanCode)> = (0..random.random_range(1..4))
            .map(|_| {
                at_s += random.random_range(1..10 * DAY);
                (at_s, PlanCode::ALL[random.random_range(0..4usize)])
            })
            .collect();
        let shares = (0..random.random_range(0..5))
            .map(|tenant| {
                let usage = Usage {
                    cpu_millicore_s: random.random_range(0..1 << 50),
                    memory_byte_s: random.random_range(0..1 << 78),
                };
                let unlimited = Usage {
                    cpu_millicore_s: usage.cpu_millicore_s / random.random_range(1..5),
                    memory_byte_s: usage.memory_byte_s / random.random_range(1..5),
                };
                let late = if random.random_range(0..4u32) == 0 {
                    -1_234_567
                } else {
                    0
                };
                let late = Usage {
                    cpu_millicore_s: late,
                    memory_byte_s: late,
                };
                let part = PeriodUse {
                    usage,
                    unlimited,
                    ..PeriodUse::new(period)
                };
                Share {
                    tenant: TenantNo(tenant),
                    part,
                    late,
                }
            })
            .collect();
        let org = OrgNo(case);
        let bill = Bill {
            config: &config,
            org,
            plans: &plans,
            period,
            through: period.to,
            shares,
        };
        let invoice = bill.draft().unwrap();
        check_invoice(&invoice);
        assert_eq!(invoice, bill.draft().unwrap());
    }
}

#[track_caller]
fn check_invoice(invoice: &Invoice) {
    let sum: i64 = invoice.lines.iter().map(|line| line.amount_minor).sum();
    assert_eq!((invoice.subtotal_minor, invoice.total_minor), (sum, sum));
    let mut owed = 0i128;
    for line in &invoice.lines {
        // |amount × units − quantity × price| ≤ units / 2, and a half goes away from zero.
        let units = line.per_unit * 1_000_000;
        let exact = line.quantity * line.price_micro_minor;
        let error = (i128::from(line.amount_minor) * units).abs() - exact.abs();
        assert!(2 * error <= units && -2 * error < units, "{line:?}");
        if line.kind == LineKind::Usage || line.kind == LineKind::Allowance {
            owed += line.quantity;
        }
    }
    assert!(owed >= 0, "no more is included than is used");
}

proptest! {
    #[test]
    fn a_full_period_costs_exactly_the_price(secs in 0i64..8_000_000_000, plan in 0usize..4) {
        let config = Config::default();
        let period = Period::month_of(Time::from_secs(secs));
        let plan = PlanCode::ALL[plan];
        let plans = [(period.from.secs() - 1, plan)];
        let bill = Bill { config: &config, org: OrgNo(0), plans: &plans, period, through: period.to, shares: vec![] };
        prop_assert_eq!(bill.draft().unwrap().total_minor, plan.plan().price_month_minor);
    }

    #[test]
    fn a_period_split_between_plans_costs_a_mean_of_both(cut in 1i64..30 * DAY) {
        let config = Config::default();
        let period = Period::month_of(Time::from_secs(NOVEMBER));
        let plans = [(0, PlanCode::Business), (NOVEMBER + cut, PlanCode::Metered), (NOVEMBER + cut + 1, PlanCode::Business)];
        let bill = Bill { config: &config, org: OrgNo(0), plans: &plans, period, through: period.to, shares: vec![] };
        let seconds: i128 = bill.draft().unwrap().lines.iter().map(|line| line.quantity).sum();
        prop_assert_eq!(seconds, i128::from(period.secs()));
    }
}

/// G29 for months: from each of 1,461 days on, 48 periods tile, and each day lies in its own.
#[test]
fn periods_tile() {
    for day in 0..1_461 {
        let start = Time::from_secs(NOVEMBER + day * DAY + day * 59);
        let mut period = Period::month_of(start);
        assert!(period.from <= start && start < period.to);
        for _ in 0..48 {
            assert_eq!(Period::month_of(Time(period.to.0 - 1)), period);
            assert_eq!(period.secs() % DAY, 0);
            assert!((28 * DAY..=31 * DAY).contains(&period.secs()));
            let next = period.next();
            assert_eq!(next.from, period.to);
            period = next;
        }
    }
    for edge in [
        i64::MIN,
        -62_135_596_801,
        221_845_391_999,
        221_845_392_000,
        i64::MAX,
    ] {
        let time = Time::from_secs(edge);
        let period = Period::month_of(time);
        assert!(
            period.from <= time && time <= period.to && period.from < period.to,
            "{edge}"
        );
    }
}

#[test]
fn invoices_become_final_a_day_after_the_period_and_never_change() {
    let mut harness = Harness::new(NOVEMBER, [PlanCode::Metered, PlanCode::Business]);
    harness.bound(1, 0, 0);
    harness.bound(2, 1, 3);
    let december = NOVEMBER + 30 * DAY;
    harness.at(december + DAY - 1);
    assert!(harness.billing.finals().is_empty());
    let drafts = harness.billing.invoices(harness.now).unwrap();
    assert_eq!(drafts.len(), 4, "two of November, two of December");
    harness.at(december + DAY);
    let finals: Vec<Arc<Invoice>> = harness.billing.finals().to_vec();
    assert_eq!(finals.len(), 2);
    for (index, (invoice, draft)) in finals.iter().zip(&drafts).enumerate() {
        assert_eq!(invoice.state, InvoiceState::Open);
        assert_eq!(
            invoice.lines, draft.lines,
            "the draft of an ended period is what becomes final"
        );
        assert_eq!(invoice.number, Some(index as u64 + 1));
        assert_eq!(invoice.document_hash, Some(invoice.expected_hash()));
        check_invoice(invoice);
    }
    for step in 0..10_000i64 {
        harness.at(december + DAY + step * 1_000);
        harness.tell(Input::Finished {
            pod: PodNo(u64::try_from(step).unwrap()),
        });
        let end = Time::from_secs(december);
        assert_eq!(
            harness.tell(Input::Finalize { end }),
            [],
            "told again, nothing happens"
        );
    }
    assert_eq!(harness.billing.finals()[..2], finals[..]);
    let all = harness.billing.finals();
    let mut prev = ContentHash::default();
    for (number, invoice) in (1..).zip(all) {
        assert_eq!(
            (invoice.number, invoice.prev_document_hash),
            (Some(number), Some(prev))
        );
        assert_eq!(invoice.document_hash, Some(invoice.expected_hash()));
        prev = invoice.document_hash.unwrap();
    }
    assert_eq!(all.len(), 2 * 4);
    for invoice in all {
        let json = serde_json::to_string(&**invoice).unwrap();
        assert_eq!(serde_json::from_str::<Invoice>(&json).unwrap(), **invoice);
    }
}

#[test]
fn usage_of_all_periods_adds_up_to_the_whole() {
    let mut harness = Harness::new(NOVEMBER + 12_345, [PlanCode::Metered; 2]);
    harness.bound(1, 2, 0);
    harness.at(NOVEMBER + 100 * DAY + 7).finished(1);
    let billed: i128 = harness
        .billing
        .invoices(harness.now)
        .unwrap()
        .iter()
        .flat_map(|invoice| &invoice.lines)
        .filter(|line| line.kind == LineKind::Usage && line.meter == Some(Meter::Memory))
        .map(|line| line.quantity)
        .sum();
    assert_eq!(billed, 12_345_678_901 * i128::from(100 * DAY + 7 - 12_345));
}

#[test]
fn late_news_of_a_final_period_adjusts_the_next_invoice() {
    let mut harness = Harness::new(NOVEMBER, [PlanCode::Metered; 2]);
    harness.bound(1, 1, 0);
    let december = NOVEMBER + 30 * DAY;
    harness.at(december + 2 * DAY);
    let before = harness.billing.finals().to_vec();
    // The pod was last seen ten days before November's end.
    let vanished: Arc<[PodNo]> = [PodNo(1)].into();
    harness.tell(Input::Outage {
        from: Time::from_secs(december - 10 * DAY),
        vanished,
    });
    assert_eq!(harness.billing.finals(), before);
    let draft = harness.billing.draft(OrgNo(0), harness.now).unwrap();
    let late: Vec<(i64, String)> = draft
        .lines
        .iter()
        .filter(|line| line.kind == LineKind::Adjustment)
        .map(|line| (line.amount_minor, line.quantity_text()))
        .collect();
    assert_eq!(late, [(-972, "-240".to_owned()), (-107, "-240".to_owned())]);
    let used: Vec<i128> = draft
        .lines
        .iter()
        .filter(|l| l.kind == LineKind::Usage)
        .map(|l| l.quantity)
        .collect();
    assert_eq!(used, [0, 0, 0, 0]);
    let end = Period::month_of(harness.now).to;
    harness.until(end + OPEN_AFTER_END);
    let last = harness
        .billing
        .finals()
        .iter()
        .rev()
        .find(|invoice| invoice.org == OrgNo(0))
        .unwrap();
    assert_eq!(last.total_minor, -1_079);
    let next = harness.billing.draft(OrgNo(0), harness.now).unwrap();
    assert!(
        next.lines
            .iter()
            .all(|line| line.kind != LineKind::Adjustment),
        "adjusted once"
    );
}

#[test]
fn a_draft_is_answered_and_writes_nothing() {
    let mut harness = Harness::new(0, [PlanCode::Metered; 2]);
    harness.bound(1, 0, 0);
    harness.at(1_000);
    let rows = harness.rows.clone();
    let first = harness.tell(Input::Draft { org: OrgNo(0) });
    for _ in 0..10 {
        assert_eq!(harness.tell(Input::Draft { org: OrgNo(0) }), first);
    }
    assert_eq!(harness.rows, rows);
    harness.tell(Input::Draft { org: OrgNo(7) });
    let Some(Reply::Billing(Ok(Answer::Draft(draft)))) = harness.replies.first() else {
        panic!("a draft");
    };
    assert_eq!(draft.through, Time::from_secs(1_000));
    assert_eq!(
        harness.replies.last(),
        Some(&Reply::Billing(Err(Refusal::NoOrg(OrgNo(7)))))
    );
}
